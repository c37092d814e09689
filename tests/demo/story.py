"""The story in steps; each returns what the next ones go on with."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import SMTP
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer

from demo.system import Running, UnhappyError, letters

SERVICES = (
    "api-gateway",
    "auth-service",
    "document-service",
    "email-service",
    "file-service",
    "invoice-service",
    "metrics-service",
    "org-service",
    "payment-service",
    "profile-service",
    "search-service",
    "secret-service",
    "subscription-service",
    "usage-service",
    "user-service",
    "version-service",
)
"""Those without which the story cannot be played."""

PASSWORD = "seven lamps over the harbour"
DEVICE = "5e" * 32
TITLE = "Plan of the lighthouse"


@dataclass(frozen=True)
class Saga:
    """A run: its state and, in the order of the last change, the states of its steps by name."""

    state: str
    steps: Mapping[str, str]

    def of(self, state: str) -> list[str]:
        """The steps that are in a state."""
        return [name for name, each in self.steps.items() if each == state]


@dataclass
class Person:
    """Somebody who has signed up."""

    id: str
    email: str
    organization: str


def desk(found: Running, service: str, role: str, subject: str, organization: str = "") -> str:
    """A development token for one service, as its command line gives one to who runs the platform:
    the first person of a new organisation has nobody else to be let in by.
    """
    issuer = TokenIssuer(KeyRing(found.state / "keys").ensure(), found.issuer)
    owner = UUID(organization) if organization else None
    return issuer.issue(Principal(subject, "user", owner, frozenset({role})), [service])


def organisation(found: Running, slug: str) -> tuple[str, str]:
    """An organisation that the sign-up desk founds and that has opened: its id, and the desk's."""
    founder = str(uuid4())
    found.token = desk(found, "org-service", "guest", founder)
    body = {
        "legalName": f"{slug.title()} Ltd",
        "slug": slug,
        "countryCode": "GB",
        "dataResidency": "usEast1",
        "billingEmail": f"billing@{slug}.example.org",
    }
    made = found.ask("POST", "org-service", "/organizations", body, expect=201)
    found.token = desk(found, "org-service", "org-owner", founder, made["id"])

    def open_() -> bool:
        seen = found.ask("GET", "org-service", f"/organizations/{made['id']}")
        return bool(seen["status"] == "active")

    found.until("the opening of the organisation", open_)
    return made["id"], founder


def sign_up(found: Running, organization: str, founder: str, name: str) -> Person:
    """Somebody whom the desk invites as the owner, and who follows the letter."""
    email = f"{name}@{organization}.example.org"
    found.token = desk(found, "user-service", "org-owner", founder, organization)
    body = {
        "primaryEmail": email,
        "displayName": name.title(),
        "username": name,
        "kind": "employee",
    }
    user = found.ask("POST", "user-service", "/users", body, expect=201)
    found.token = desk(found, "org-service", "org-owner", founder, organization)
    member = {"userId": user["id"], "role": "orgOwner"}
    path = f"/organizations/{organization}/members"
    found.ask("POST", "org-service", path, member, expect=201)
    person = Person(user["id"], email, organization)
    sign_in(found, person, invitation(found, person))
    body = {"userId": person.id, "type": "password", "secret": PASSWORD}
    body["invitationToken"] = invitation(found, person)
    found.ask("POST", "auth-service", "/credentials", body, expect=201)
    found.ask("POST", "user-service", f"/users/{person.id}/activate")
    sign_in(found, person)
    return person


def invitation(found: Running, person: Person) -> str:
    """What the letter of auth-service holds."""

    def arrived() -> str:
        post = letters(found, "auth-service", "letters", "invitation")
        return next((each["content"] for each in post if each["userId"] == person.id), "")

    return found.until("the letter with the invitation", arrived)


def sign_in(found: Running, person: Person, answer: str = PASSWORD) -> None:
    """From now on requests are the person's, once the role of the membership has come through."""
    body = {
        "identifier": person.email,
        "method": "password",
        "channel": "browser",
        "deviceFingerprint": DEVICE,
    }

    def tokens() -> str:
        found.token = ""
        asked = found.ask("POST", "auth-service", "/sessions", body, expect=201)
        path = f"/sessions/{asked['sessionId']}/challenge"
        given = {"method": "password", "answer": answer}
        try:
            token = str(found.ask("POST", "auth-service", path, given)["accessToken"])
        except UnhappyError:
            token = ""  # the address has not come through either
        if token and _roles(token):
            return token
        time.sleep(0.5)  # auth-service bears twenty questions in five minutes
        return ""

    found.token = found.until("the sign-in", tokens)


def _roles(token: str) -> list[str]:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return list(claims["roles"])


def upload(found: Running, name: str, content: bytes) -> str:
    """A file that has been stored, and found harmless: its id."""
    digest = hashlib.sha256(content).hexdigest()
    body = {"fileName": name, "sizeBytes": len(content), "mediaType": "text/plain"}
    file = str(found.ask("POST", "file-service", "/uploads", body, expect=201)["id"])
    asked = {"firstPart": 1, "count": 1}
    signed = found.ask("POST", "file-service", f"/uploads/{file}/parts", asked)
    tag = store(found, signed["parts"][0]["address"], content)
    part = {"number": 1, "sha256": digest, "etag": tag}
    whole = {"contentSha256": digest, "parts": [part]}
    found.ask("POST", "file-service", f"/uploads/{file}/complete", whole)

    def judged() -> bool:
        seen = found.ask("GET", "file-service", f"/files/{file}")
        return bool(seen["status"] == "available")

    found.until("the scanner", judged)
    return file


def store(found: Running, address: str, content: bytes) -> str:
    """What the object store of this machine does with a part that is put to an address: its tag."""
    folder = found.state / "file-service" / "objects"
    place = folder / urlsplit(address).path.removeprefix("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return hashlib.sha256(content).hexdigest()[:32]


def document(found: Running, attached: str) -> str:
    """A document with a paragraph and a file: its id."""
    body = {"title": TITLE, "documentType": "page"}
    made = found.ask("POST", "document-service", "/documents", body, expect=201)
    operations = [
        {"kind": "insert", "blockId": "b1", "text": "The lamp stands in the attic."},
        {"kind": "insert", "blockId": "b2", "blockKind": "attachment", "fileId": attached},
    ]
    change = {"baseSequence": 0, "clientId": "demo", "operations": operations}
    path = f"/documents/{made['id']}/operations"
    found.ask("POST", "document-service", path, change)
    return str(made["id"])


def search(found: Running, text: str, wanted: str) -> dict[str, Any]:
    """The hit of a document, once it can be found."""

    def hit() -> dict[str, Any] | None:
        page = found.ask("GET", "search-service", f"/search?q={text}")
        hits = page["items"] if "items" in page else page["hits"]
        return next((each for each in hits if wanted in str(each)), None)

    return found.until("the document in search", hit)


def card(found: Running, kind: str = "good") -> str:
    """A means of payment; of the sandbox's kinds, for instance `declined`."""
    token = f"tok-{kind}-{uuid4().hex[:8]}-{uuid4().hex[:6]}"
    body = {"kind": "card", "oneTimeToken": token, "holderName": "Ada L", "makeDefault": True}
    body["challengeAnswer"] = worked(token)
    made = found.ask("POST", "payment-service", "/payment-methods", body, expect=201)
    return str(made["id"])


def worked(token: str, bits: int = 18) -> str:
    """The proof of work that payment-service asks of those who have never paid."""
    for number in count():
        answer = f"{number:016x}"
        found = int.from_bytes(hashlib.sha256(f"{token}{answer}".encode()).digest())
        if found >> (256 - bits) == 0:
            return answer
    raise AssertionError


def order(found: Running, method: str, seats: int = 3) -> str:
    """An order that was placed: its id."""
    body = {
        "planCode": "team-2026",
        "billingInterval": "month",
        "currency": "usd",
        "seatQuantity": seats,
        "paymentMethodId": method,
    }
    made = found.ask("POST", "subscription-service", "/orders", body, expect=202)
    return str(made["id"])


def billing_address(found: Running) -> None:
    """Where invoices and receipts are made out to."""
    address = {"line1": "1 Harbour Road", "city": "Leith", "postalCode": "EH6 6AA", "country": "GB"}
    party = {"legalName": "Lanterns Ltd", "address": address}
    found.ask("POST", "invoice-service", "/billing-profiles", {"party": party}, expect=201)


def order_state(found: Running, order_id: str) -> str:
    """Where an order is, as its customer sees it."""
    return str(found.ask("GET", "subscription-service", f"/orders/{order_id}")["status"])


def saga(found: Running, organization: str, service: str = "subscription-service") -> Saga:
    """The one run of the order saga of an organisation, as a service's log has it by now."""
    owner = organization.replace("-", "")
    runs = "select id, state from saga_runs where saga = 'order' and organization_id = ?"
    row = next(iter(found.rows(service, runs, owner)), None)
    if row is None:
        return Saga("", {})
    statement = "select step, state from saga_steps where run_id = ? order by changed_at, step"
    steps = found.rows(service, statement, row[0])
    names = [name for name, _ in found.steps("order")]
    return Saga(row[1], {names[at]: state for at, state in steps})


def own_steps(found: Running, organization: str) -> dict[str, tuple[str, str]]:
    """Step → its state and when it changed last, as the service tells that takes it."""
    statement = (
        "select saga_steps.state, changed_at from saga_steps join saga_runs on id = run_id"
        " where saga = 'order' and organization_id = ? and step = ?"
    )
    owner, told = organization.replace("-", ""), dict[str, tuple[str, str]]()
    for at, (name, service) in enumerate(found.steps("order")):
        for state, changed in found.rows(service, statement, owner, at):
            told[name] = (state, changed)
    return told


def mails(found: Running, address: str) -> list[str]:
    """Subjects of what the mail provider of this machine has taken for somebody."""
    read = [
        BytesParser(policy=SMTP).parsebytes(each.read_bytes())
        for each in sorted(found.state.glob("mail/**/*.eml"), key=lambda p: p.stat().st_mtime_ns)
    ]
    return [str(each["subject"]) for each in read if address in str(each["to"])]
