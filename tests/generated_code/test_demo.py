"""The demo is a test: services of CloudSync that run together, and its story played on them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import groupby, pairwise

import pytest

from demo import accounts, pages, play, storm, story, traces
from demo.story import Person, Saga
from demo.system import Running, running, say
from support.effort import Effort


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, effort: Effort) -> Iterator[Running]:
    """All thirty with the full figures, those that the story needs without."""
    only = () if effort.full else story.SERVICES
    with running(tmp_path_factory.mktemp("demo"), only) as found:
        yield found


def silent(line: str) -> None:
    """Nobody listens."""


def test_what_is_bought_is_in_force(system: Running) -> None:
    ada = play.tenant(system, "ada", silent)
    document, attached = play.write(system, silent)
    went = play.buy(system, ada, silent)
    _complete_with_its_last_step(went)
    _each_after_the_one_before(system, ada)
    assert {*play.PATH, "IssueReceipt"} <= {*went[-1].of("done")}
    assert accounts.settled(system, ada.organization) == []
    top = play.look_around(system, ada, document, attached, silent)
    assert traces.shape(top) == play.PAGE
    for each in play.flat(top):
        assert each.start <= each.end
        assert not each.failed, "\n".join(traces.drawn(top))


def _complete_with_its_last_step(went: list[Saga]) -> None:
    """The run is under way until all of the chain is done, and nothing of it is taken back."""
    states = [each.state for each in went]
    end = states.index("completed")
    assert states == ["running"] * end + ["completed"] * (len(states) - end)
    assert {*play.CHAIN} <= {*went[end].of("done")}
    for before, after in pairwise(went):
        assert {*before.of("done")} <= {*after.of("done")}
    assert went[-1].of("undone") == []


def _each_after_the_one_before(system: Running, person: Person) -> None:
    """As each participant tells of its own step, and all of them that the run is complete."""
    own = story.own_steps(system, person.organization)
    assert {own[name][0] for name in play.CHAIN} == {"done"}
    times = [own[name][1] for name in play.CHAIN]
    assert times == sorted(set(times)), own
    for service in {service for _, service in system.steps("order")}:
        system.until(
            f"the end, heard by {service}",
            partial(_heard, system, person, service, "completed"),
        )


def _heard(system: Running, person: Person, service: str, state: str) -> bool:
    return story.saga(system, person.organization, service).state == state


def test_what_cannot_be_paid_is_taken_back(system: Running) -> None:
    bob = play.tenant(system, "bob", silent)
    *went, run = play.fail(system, bob, silent)
    states = [state for state, _ in groupby(each.state for each in went)]
    assert states == [each for each in ("running", "failing", "undone") if each in states]
    assert all(each.of("undone") == [] for each in went if each.state == "running")
    assert run.state == "undone"
    own = story.own_steps(system, bob.organization)
    assert {state for state, _ in own.values()} <= {"undone", "recalled", "failed"}, own
    back = [each for each in run.of("undone") if each in play.TAKEN_BACK]
    assert {*back} == {*play.TAKEN_BACK}
    # the order's own note of its seats goes by an event, which the log may overtake
    back.remove("Note the seats on the order")
    assert back == ["CreateOrder", "ReserveInventory", "ProcessPayment", "SendNotification"]
    assert run.of("done") == []
    assert accounts.settled(system, bob.organization) == []
    assert story.mails(system, bob.email).count("Your order came to nothing") == 1


STEPS = {
    "CreateOrder": "subscription-service",
    "ReserveInventory": "usage-service",
    "Note the seats on the order": "subscription-service",
    "ProcessPayment": "payment-service",
    "Settle the order": "subscription-service",
    "CommitSeats": "usage-service",
    "IssueReceipt": "invoice-service",
    "ActivateSubscription": "subscription-service",
}
"""Who does each step that a customer waits for."""


def test_a_participant_that_is_killed_goes_on(system: Running, effort: Effort) -> None:
    """At each step in turn its service is killed when the step is about to begin or just has."""
    for at, step in enumerate(STEPS if effort.full else ["ProcessPayment"]):
        person = play.tenant(system, f"eve{at}", silent)
        assert _killed_at(system, step, person) == [], step


def _killed_at(system: Running, step: str, person: Person) -> list[str]:
    """What does not fit together once the order has been fulfilled all the same."""
    names = list(STEPS)
    before = names[max(0, names.index(step) - 1)]
    story.billing_address(system)
    placed = story.order(system, story.card(system))
    system.until(before, lambda: before in story.saga(system, person.organization).steps)
    system.supervisor.kill(STEPS[step])
    time.sleep(0.3)
    system.again(STEPS[step])

    def ended() -> bool:
        run = story.saga(system, person.organization)
        return run.state == "completed" and {*play.PATH, "IssueReceipt"} <= {*run.of("done")}

    system.until(f"the end after {step}", ended, 180)
    system.until("the order", lambda: story.order_state(system, placed) == "fulfilled")
    return accounts.settled(system, person.organization)


def test_services_are_renewed_and_no_request_fails(system: Running, effort: Effort) -> None:
    """One after the other while a page is asked for at the gateway, whatever a page needs."""
    play.tenant(system, "max", silent)
    document, _ = play.write(system, silent)
    reader = pages.Reader(system, document)
    names = story.SERVICES if effort.full else ("document-service",)
    before = {name: system.supervisor.all[name].pid for name in names}
    with reader.steady():
        for name in names:
            system.supervisor.renew(system.supervisor.all[name].member)
        system.until("the renewal", lambda: not system.supervisor.renews, 60 * len(names))
    assert [name for name in names if system.supervisor.all[name].pid == before[name]] == []
    assert reader.failed == []
    assert min(reader.answered.values()) >= len(names), reader.answered


async def test_a_storm_leaves_everything_in_order(system: Running, effort: Effort) -> None:
    """Killed, paused, and with a bus that is slow, loses, doubles and reorders: no order without
    seats, no charge without an order, and every chain of the audit trail intact.
    """
    customers = []
    for at in range(effort.count(small=1, full=6)):
        person = play.tenant(system, f"zoe{at}", silent)
        customers.append(storm.customer(system, person))
    seconds = effort.count(small=8, full=300)
    counted = storm.weather(system, customers, seed=20, seconds=seconds)
    assert counted["placed"] >= len(customers)
    assert counted["placed"] == counted["fulfilled"] + counted["cancelled"], counted
    assert len([kind for kind in storm.KINDS if counted[kind] > seconds // 50]) >= effort.count(
        small=4, full=len(storm.KINDS)
    ), counted
    for kind in storm.BUS if effort.full else ():
        assert counted[f"{kind} messages"] > 0, counted
    rows = 0
    for each in customers:
        assert accounts.settled(system, each.person.organization) == [], counted
        rows += await accounts.trails(system, each.person.organization)
    assert rows > 10 * len(customers)
    say(f"{dict(sorted(counted.items()))}, {rows} rows in intact trails")
