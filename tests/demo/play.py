"""The whole story, told as it goes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from demo import story, traces
from demo.story import Person, Saga
from demo.system import TRACES, Running, UnhappyError

T = TypeVar("T")
Say = Callable[[str], None]

CHAIN = (
    "CreateOrder",
    "ReserveInventory",
    "ProcessPayment",
    "UpdateAnalytics",
    "SendNotification",
)
"""The steps of which each follows from the one before, and without which no run is complete."""

PATH = ("CreateOrder", "ReserveInventory", "ProcessPayment", "CommitSeats", "ActivateSubscription")
"""Steps without which nothing is in force."""

TAKEN_BACK = {
    "CreateOrder": "PaymentFailed, which closes the order",
    "ReserveInventory": "ReleaseInventory",
    "Note the seats on the order": "CancelOrder",
    "ProcessPayment": "RefundUser, who had not been charged",
    "SendNotification": "NotifyCustomer",
}
"""What is done where a payment fails, in the order of the model."""


def tenant(found: Running, name: str, say: Say) -> Person:
    """A new organisation and its first person, who is signed in afterwards."""
    organization, desk = story.organisation(found, f"{name}-{secrets.token_hex(4)}")
    say(f"organisation {organization} is open")
    person = story.sign_up(found, organization, desk, name)
    say(f"{person.email} followed the letter, chose a password and signed in")
    return person


def write(found: Running, say: Say) -> tuple[str, str]:
    """A document that can be found, and the file that is attached to it."""
    file = story.upload(found, "lamp.txt", b"It turns once in ten seconds.")
    made = story.document(found, file)
    hit = story.search(found, "lighthouse", made)
    say(f"document {made} was written, and found as “{hit['heading']}”; file {file} hangs on it")
    return made, file


def buy(found: Running, person: Person, say: Say) -> list[Saga]:
    """An order that is paid and fulfilled: its saga at each step, and at last with the receipt, for
    which no run waits.
    """
    story.billing_address(found)
    placed = story.order(found, story.card(found))
    say(f"order {placed} was placed")
    told = _followed(found, person, "completed", say)
    found.until("the order", lambda: story.order_state(found, placed) == "fulfilled")

    def receipt() -> Saga | None:
        run = story.saga(found, person.organization)
        return run if {*CHAIN, *PATH, "IssueReceipt"} <= {*run.of("done")} else None

    run = found.until("the receipt", receipt)
    say(f"the order is fulfilled; done: {', '.join(run.of('done'))}")
    say(f"{person.email} was told: {', '.join(story.mails(found, person.email))}")
    return [*told, run]


def fail(found: Running, person: Person, say: Say) -> list[Saga]:
    """An order whose payment fails, taken back step by step: its saga at each of them."""
    placed = story.order(found, story.card(found, "declined"))
    say(f"order {placed} was placed with a card that will be declined")
    went = _followed(found, person, "undone", say)
    found.until("the cancellation", lambda: story.order_state(found, placed) == "cancelled")

    def all_of_it() -> Saga | None:
        run = story.saga(found, person.organization)
        return run if {*TAKEN_BACK} <= {*run.of("undone")} else None

    run = found.until("the compensations", all_of_it)
    for step in run.of("undone"):
        if step in TAKEN_BACK:
            say(f"  {step} was taken back by {TAKEN_BACK[step]}")
    told = found.until("the mail to the customer", lambda: _undone_mail(found, person))
    say(f"the order is cancelled; {person.email} was told: {told}")
    return [*went, run]


def _undone_mail(found: Running, person: Person) -> str:
    mails = story.mails(found, person.email)
    return next((each for each in mails if "came to nothing" in each), "")


def _followed(found: Running, person: Person, end: str, say: Say) -> list[Saga]:
    """The run as it was after each change until its end; every change of a step is told."""
    seen: list[Saga] = []

    def look() -> bool:
        run, before = story.saga(found, person.organization), seen[-1].steps if seen else {}
        for name, state in run.steps.items():
            if before.get(name) != state:
                say(f"  saga: {name} {state}")
        if not seen or run != seen[-1]:
            seen.append(run)
        return run.state in ("completed", "undone", "stuck")

    found.until("the end of the saga", look)
    if seen[-1].state != end:
        raise UnhappyError(f"the saga is {seen[-1].state}, not {end}: {dict(seen[-1].steps)}")
    return seen


def look_around(
    found: Running, person: Person, document: str, attached: str, say: Say
) -> list[traces.Node]:
    """What a document's page asks at the gateway, as one trace: its author, the document, where to
    fetch what is attached, and a copy of it.
    """
    trace = secrets.token_hex(16)
    found.parent = f"00-{trace}-{secrets.token_hex(8)}-01"
    copy = {"title": f"Copy {uuid4().hex[:6]}", "documentType": "page"}
    place = f"/documents/{document}"
    try:
        author = found.ask("GET", "api-gateway", f"/users/{person.id}/overview")
        found.ask("GET", "api-gateway", place)
        address = f"{place}/attachments/{attached}/downloads"
        found.ask("POST", "api-gateway", address, {"disposition": "attachment"}, expect=201)
        made = found.ask("POST", "api-gateway", "/documents", copy, expect=201)
    finally:
        found.parent = ""
    if author["degraded"]:
        raise UnhappyError(f"of the author these did not come: {author['degraded']}")
    say(f"a page was asked for, and document {made['id']} made, in trace {trace}")
    top = _whole(found, trace)
    for line in (*traces.outline(traces.shape(top)), "in detail:", *traces.drawn(top)):
        say(line)
    return top


_DATABASE: traces.Shape = {"database": {}}

PAGE: traces.Shape = {
    "api-gateway": {
        "user-service": {
            **_DATABASE,
            "auth-service": _DATABASE,
            "org-service": _DATABASE,
            "profile-service": _DATABASE,
        },
        "document-service": {
            **_DATABASE,
            "search-service": _DATABASE,
            "file-service": {**_DATABASE, "object-storage": {}},
        },
    }
}
"""Who asks whom for a page; the membership comes from org-service, as the domain has it."""


def _whole(found: Running, trace: str) -> list[traces.Node]:
    """The trace, once the spans of all that was asked have come. Until the span above it has come,
    one stands at the top.

    Raises:
        UnhappyError: it has another shape.
    """
    seen: list[list[traces.Node]] = []

    def came() -> bool:
        seen.append(traces.forest(traces.spans(found.state / TRACES, trace)))
        return traces.shape(seen[-1]) == PAGE

    try:
        found.until("the trace", came)
    except UnhappyError as error:
        shown = "\n".join(traces.outline(traces.shape(seen[-1])))
        raise UnhappyError(f"{error}, but this:\n{shown}") from error
    return seen[-1]


def flat(top: list[traces.Node]) -> list[traces.Node]:
    """All spans of trees."""
    return [each for node in top for each in (node, *flat(node.below))]


def play(found: Running, say: Say) -> None:
    """All of it."""
    say("— Ada —")
    ada = tenant(found, "ada", say)
    document, attached = write(found, say)
    buy(found, ada, say)
    look_around(found, ada, document, attached, say)
    say("— Bob, whose card is declined —")
    bob = tenant(found, "bob", say)
    fail(found, bob, say)


def kept(found: Running, file: Path) -> None:
    """Every span of the story as a file of OTLP JSON, a line for each batch."""
    file.write_bytes((found.state / TRACES).read_bytes())
