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

PATH = ("CreateOrder", "ReserveInventory", "ProcessPayment", "CommitSeats", "ActivateSubscription")
"""Steps without which nothing is in force."""

BESIDE = ("UpdateAnalytics", "SendNotification", "IssueReceipt")
"""Steps that follow the payment and that no customer waits for."""

TAKEN_BACK = {
    "CreateOrder": "PaymentFailed, which closes the order",
    "ReserveInventory": "ReleaseInventory",
    "Note the seats on the order": "CancelOrder",
    "ProcessPayment": "RefundUser, who had not been charged",
    "SendNotification": "NotifyCustomer",
}
"""What is done where a payment fails, in the order of the model."""

ANALYSED = frozenset({"UpdateAnalytics", "SendNotification"})
"""Those of them that need metrics-service's handler."""


def tenant(found: Running, name: str, say: Say) -> Person:
    """A new organisation and its first person, who is signed in afterwards."""
    organization, desk = story.organisation(found, f"{name}-{secrets.token_hex(4)}")
    say(f"organisation {organization} is open")
    person = story.sign_up(found, organization, desk, name)
    say(f"{person.email} followed the letter, chose a password and signed in")
    return person


def write(found: Running, say: Say) -> str:
    """A document that can be found."""
    made = story.document(found)
    hit = story.search(found, "lighthouse", made)
    say(f"document {made} was written, and found as “{hit['heading']}”")
    return made


def buy(found: Running, person: Person, say: Say) -> Saga:
    """An order that is paid and fulfilled, with each step of its saga."""
    story.billing_address(found)
    placed = story.order(found, story.card(found))
    say(f"order {placed} was placed")
    _followed(found, person, "completed", say)
    found.until("the order", lambda: story.order_state(found, placed) == "fulfilled")

    def beside() -> Saga | None:
        run = story.saga(found, person.organization)
        wanted = {*PATH, *BESIDE}
        if story.unwritten(found, "metrics-service", "payment-processed"):
            wanted -= ANALYSED
        # what comes after the end of a run is a fact like any other, and no step of it
        late = {"SendNotification"} if run.state == "completed" and _told(found, person) else set()
        return run if wanted - late <= {*run.of("done")} else None

    run = found.until("the steps beside the payment", beside)
    say(f"the order is fulfilled; done: {', '.join(run.of('done'))}")
    say(f"{person.email} was told: {', '.join(story.mails(found, person.email))}")
    return run


def fail(found: Running, person: Person, say: Say) -> Saga:
    """An order whose payment fails, taken back step by step."""
    placed = story.order(found, story.card(found, "declined"))
    say(f"order {placed} was placed with a card that will be declined")
    _followed(found, person, "undone", say)
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
    return run


def _told(found: Running, person: Person) -> bool:
    return any(each.startswith("Receipt for") for each in story.mails(found, person.email))


def _undone_mail(found: Running, person: Person) -> str:
    mails = story.mails(found, person.email)
    return next((each for each in mails if "came to nothing" in each), "")


def _followed(found: Running, person: Person, end: str, say: Say) -> Saga:
    """The run at its end; every change of a step is told."""
    seen: dict[str, str] = {}

    def look() -> Saga | None:
        run = story.saga(found, person.organization)
        for name, state in run.steps.items():
            if seen.get(name) != state:
                seen[name] = state
                say(f"  saga: {name} {state}")
        return run if run.state in ("completed", "undone", "stuck") else None

    run = found.until("the end of the saga", look)
    if run.state != end:
        raise UnhappyError(f"the saga is {run.state}, not {end}: {dict(run.steps)}")
    return run


def look_around(found: Running, person: Person, document: str, say: Say) -> list[traces.Node]:
    """What a document's page asks at the gateway, as one trace."""
    trace = secrets.token_hex(16)
    found.parent = f"00-{trace}-{secrets.token_hex(8)}-01"
    try:
        found.ask("GET", "api-gateway", f"/users/{person.id}/overview")
        found.ask("GET", "api-gateway", f"/documents/{document}")
        found.ask("GET", "api-gateway", "/search?q=lighthouse")
        made = found.ask(
            "POST",
            "api-gateway",
            "/documents",
            {"title": f"Copy {uuid4().hex[:6]}", "documentType": "page"},
            expect=201,
        )
    finally:
        found.parent = ""
    say(f"a page was asked for, and document {made['id']} made, in trace {trace}")
    top = found.until("the trace", lambda: _whole(found, trace))
    for line in traces.drawn(top):
        say(line)
    return top


PAGE = frozenset(
    {
        ("api-gateway", "user-service"),
        ("api-gateway", "document-service"),
        ("api-gateway", "search-service"),
        ("user-service", "profile-service"),
        ("user-service", "org-service"),
        ("document-service", "search-service"),
    }
)
"""Who calls whom for a page."""


def _whole(found: Running, trace: str) -> list[traces.Node] | None:
    """The trace, once the spans of all that was called have come."""
    top = traces.forest(traces.spans(found.state / TRACES, trace))
    told = {each.name for each in flat(top)}
    return top if traces.edges(top) >= PAGE and "search-service index" in told else None


def flat(top: list[traces.Node]) -> list[traces.Node]:
    """All spans of trees."""
    return [each for node in top for each in (node, *flat(node.below))]


def play(found: Running, say: Say) -> None:
    """All of it."""
    say("— Ada —")
    ada = tenant(found, "ada", say)
    document = write(found, say)
    buy(found, ada, say)
    look_around(found, ada, document, say)
    say("— Bob, whose card is declined —")
    bob = tenant(found, "bob", say)
    fail(found, bob, say)


def kept(found: Running, file: Path) -> None:
    """Every span of the story as a file of OTLP JSON, a line for each batch."""
    file.write_bytes((found.state / TRACES).read_bytes())
