"""Every saga of the model, played with the tables that its services are generated with.

Whatever fails, the declared compensations run, in order, once, and all come to the same end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.sagas.spec import Saga, Step, steps_of

from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.exchanges import participants
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.layers.application import Saga as Declared
from cloudsync_gen.targets.service.flow_views import SagaView, StepView
from cloudsync_gen.targets.service.units import units
from cloudsync_gen.targets.service.views import ServiceView
from support import shared
from support.effort import Effort
from support.saga_players import SILENT, Play, begin, ends, players

ROOT = Path(__file__).parents[2]


class Told:
    """The sagas of a model as each service is told of them, and who announces which event."""

    def __init__(self) -> None:
        checked = shared.checked(ROOT)
        assert checked.model is not None
        model = checked.model
        contracts = compile_contracts(model).value
        self.by_service = {
            unit.name: unit.view.flows.sagas
            for unit in units(model, contracts)
            if isinstance(unit.view, ServiceView)
        }
        self.announcers = {
            event_type(model, each): name_of(each.service) for each in model.all(Event)
        }
        self.takers = {
            name_of(each.id): {name_of(name) for name in participants(model, each)}
            for each in model.all(Declared)
        }

    def tables(self, name: str) -> dict[str, Saga]:
        """Service → what it knows of the saga."""
        return {
            service: _saga(view)
            for service, views in self.by_service.items()
            for view in views
            if view.name == name
        }


def _saga(view: SagaView) -> Saga:
    return Saga(
        name=view.name,
        topic=view.topic,
        trigger=view.trigger,
        completes_on=view.completes_on,
        fails_on=view.fails_on,
        deadline=view.deadline,
        awaited=view.awaited,
        decided_by=view.decided_by,
        steps=steps_of(*(_step(each) if each.mine else each.row for each in view.steps)),
    )


def _step(view: StepView) -> Step:
    return Step(
        name=view.name,
        service=view.service,
        command=view.command,
        on=view.on,
        outcomes=view.outcomes,
        compensation=view.compensation,
        undone_on=view.undone_on,
        timeout=view.timeout,
        optional=view.optional,
        repeatable=view.repeatable,
        key=view.key,
    )


@pytest.fixture(scope="module")
def told() -> Told:
    return Told()


def steps(tables: Mapping[str, Saga]) -> list[Step]:
    """All steps with what only their own services know."""
    one = next(iter(tables.values()))
    return [tables[each.service].steps[at] for at, each in enumerate(one.steps)]


def changed(tables: Mapping[str, Saga], name: str, **how: Any) -> dict[str, Saga]:
    """With one step otherwise."""
    return {
        service: replace(
            saga,
            steps=tuple(replace(each, **how) if each.name == name else each for each in saga.steps),
        )
        for service, saga in tables.items()
    }


def leading_past(tables: Mapping[str, Saga]) -> set[str]:
    """Steps that can be undone and whose outcomes start one that cannot."""
    pivot, known = next(iter(tables.values())).pivot, steps(tables)
    past = {each.on for each in known[pivot + 1 :]}
    return {each.name for each in known[: pivot + 1] if past & {*each.outcomes}}


def after_past(tables: Mapping[str, Saga]) -> set[str]:
    """Steps that could be undone, if they did not start when what cannot be undone starts too."""
    leading, known = leading_past(tables), steps(tables)
    found: set[str] = set()
    events = {kind for each in known if each.name in leading for kind in each.outcomes}
    while True:
        more = {each.name for each in known if each.on in events} - found
        if not more:
            return found
        found |= more
        events |= {kind for each in known if each.name in more for kind in each.outcomes}


def plays(tables: Mapping[str, Saga], announcers: Mapping[str, str]) -> list[tuple[str, str]]:
    """(what goes wrong, the step or event with which it does)."""
    saga, found = next(iter(tables.values())), [("nothing", "")]
    leading, late = leading_past(tables), after_past(tables)
    beside = {each.on for each in steps(tables) if each.name in leading} - {""}
    for at, step in enumerate(steps(tables)):
        if at <= saga.pivot and step.on in beside and step.name not in leading:
            # what starts beside it leads to what cannot be undone, so it has to come through
            found.append(("fails for a while", step.name))
        if at > saga.pivot or step.name in late:
            found += [("fails for a while", step.name)] if step.on else []
        elif not step.on:
            found += [("never comes", step.name)] if at else []
        else:
            found.append(("fails", step.name))
            found += [("is silent", step.name)] if step.outcomes and not step.optional else []
    return found + [("announces", each) for each in saga.fails_on if each in announcers]


MANY = 8
"""Services that take part, from which on a play is long."""


def chosen(
    tables: Mapping[str, Saga], announcers: Mapping[str, str], effort: Effort
) -> list[tuple[str, str]]:
    """The last step or event of two kinds, or of one, or all: what fails late has most to take
    back.
    """
    all_of_them = plays(tables, announcers)
    if effort.full:
        return all_of_them
    last = dict(all_of_them)
    kinds = [each for each in ("announces", "fails for a while") if each in last]
    return [(each, last[each]) for each in kinds[: 1 if len(tables) > MANY else None]]


SAGAS = ("file-upload", "order", "organisation-off-boarding", "recorded-meeting")


def test_all_sagas_of_the_model_are_played(told: Told) -> None:
    assert tuple(sorted(told.takers)) == SAGAS
    for name, services in told.takers.items():
        assert set(told.tables(name)) == services


@pytest.mark.parametrize("name", SAGAS)
async def test_a_saga_ends_well_whatever_fails(
    told: Told, effort: Effort, name: str, tmp_path: Path
) -> None:
    tables = told.tables(name)
    for number, (kind, what) in enumerate(chosen(tables, told.announcers, effort)):
        said = await _play(told, tables, kind, what, tmp_path / str(number))
        assert said == [], f"{name}: {what} {kind}"


async def test_figures_that_fail_at_once_undo_no_paid_order(told: Told, tmp_path: Path) -> None:
    """Nor do letters. Both could be undone, and stand past the payment, which decides."""
    tables = told.tables("order")
    order = next(iter(tables.values()))
    assert order.steps[order.pivot].name == "ProcessPayment"
    for each in ("UpdateAnalytics", "SendNotification"):
        assert await _play(told, tables, "fails for a while", each, tmp_path / each) == []


async def _play(
    told: Told, tables: dict[str, Saga], kind: str, what: str, state: Path
) -> list[str]:
    troubles, used = _trouble(tables, kind, what)
    play = Play(used, troubles)
    trigger = told.announcers[play.saga.trigger]
    async with players(play, state) as cast:
        setting_off = asyncio.create_task(begin(play, cast, trigger))
        if kind == "announces":
            await _all_before_the_pivot(play, tables)
            await cast[told.announcers[what]].announce(what)
        ends_well = kind in ("nothing", "fails for a while")
        await ends(cast, "completed" if ends_well else "undone")
        await setting_off
        await _settled(play, tables, kind)
        announcer = told.announcers.get(what, "")
        return _complaints(play, tables, announcer, ends_well)


def _trouble(
    tables: dict[str, Saga], kind: str, what: str
) -> tuple[dict[str, int], dict[str, Saga]]:
    saga = next(iter(tables.values()))
    # the first word on the end of a run counts, so what would complete it beside the trouble waits,
    # and so does what nobody can undo
    all_steps = steps(tables)
    early = what in [each.name for each in all_steps[: saga.pivot + 1]]
    waiting = leading_past(tables) - {what} if early else set()
    closing = [
        each.name
        for each in all_steps
        if saga.completes_on in each.outcomes or each.name in waiting
    ]
    if kind == "fails":
        return {**dict.fromkeys(closing, SILENT), what: 99}, _obliged(tables, closing)
    if kind == "fails for a while":
        return {what: 2}, tables
    if kind == "is silent":
        tables = changed(_obliged(tables, closing), what, timeout=0.5)
        return dict.fromkeys([*closing, what], SILENT), tables
    if kind == "never comes":
        return {what: SILENT}, {name: replace(each, deadline=2) for name, each in tables.items()}
    if kind == "announces":
        last = [each.name for at, each in enumerate(steps(tables)) if at > saga.pivot]
        return dict.fromkeys([*last, *closing], SILENT), _obliged(tables, [*last, *closing])
    return {}, tables


def _obliged(tables: dict[str, Saga], names: list[str]) -> dict[str, Saga]:
    """With steps that are not done before they say so."""
    for each in names:
        tables = changed(tables, each, optional=False)
    return tables


async def _all_before_the_pivot(play: Play, tables: Mapping[str, Saga]) -> None:
    wanted = {each.name for each in steps(tables)[: play.saga.pivot + 1]}
    for _ in range(400):
        if wanted <= set(play.done):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{wanted - set(play.done)} never came")


async def _settled(play: Play, tables: Mapping[str, Saga], kind: str) -> None:
    """What runs beside the step that ends a saga comes to its end too; nothing comes after it."""
    if kind in ("nothing", "fails for a while"):
        for _ in range(200):
            if len(play.done) >= len(play.saga.steps):
                break
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)


def _complaints(
    play: Play, tables: Mapping[str, Saga], announcer: str, ends_well: bool
) -> list[str]:
    """What was done was undone, in order, once. A step under way in the service that announces the
    failure is the one that has failed.
    """
    twice = [f"{each} twice" for each in set(play.done) if play.done.count(each) > 1]
    failed = {
        each.name
        for each in steps(tables)
        if each.service == announcer and play.troubles.get(each.name) == SILENT
    }
    compensable = [each.name for each in steps(tables) if each.compensation]
    wanted = [each for each in compensable if each in play.done and each not in failed]
    missing = {each.name for each in play.saga.steps} - set(play.done)
    if ends_well:
        return twice + [f"{each} never" for each in missing] + play.undone
    return twice if play.undone == wanted else [*twice, f"undone {play.undone}, not {wanted}"]
