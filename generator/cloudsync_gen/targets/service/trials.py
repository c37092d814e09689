"""What proves a service's rules: entities that break one invariant each, and requests that would;
requests that take every step of a life cycle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cloudsync_gen.model.artefacts import Problem, Trials, Unsolved
from cloudsync_gen.targets.service.aggregate_views import AggregateView
from cloudsync_gen.targets.service.candidates import ABSENT, Candidates
from cloudsync_gen.targets.service.cases import table_of
from cloudsync_gen.targets.service.facts import WORKLOAD
from cloudsync_gen.targets.service.trial_requests import Request, asked_of
from cloudsync_gen.targets.service.trial_subjects import Subject
from cloudsync_gen.targets.service.views import ServiceView

_UNREACHABLE = "unreachable"
"""Invariants that no request breaks, each with a reason: `no-operation` makes or changes the
entity, its `own-handlers` alone do, what it speaks of is `written-by-no-command`, a check of its
table says the like (`kept-by-the-store`), or it is `kept-by-other-rules`: schemas, requirements,
the life cycle, other invariants.
"""

_MOVING = ("create", "put", "update", "transition", "custom")


def trials_of(view: ServiceView) -> Trials:
    """The table of the contract tests, and what is to be found for it."""
    known = Candidates(view.models["$defs"])
    workloads = sorted({view.name, *(name for m in view.methods for name in m.callers)})
    checks = {each.variable: [said for _, said in each.checks] for each in view.tables}
    subjects = [
        Subject(known, each, workloads, checks.get(each.table, ())) for each in view.aggregates
    ]
    examples = {each.view.name: each.example for each in subjects if each.example}
    table = table_of(view.cases, examples)
    for each in subjects:
        each.example = table["entities"].get(each.view.name, {})
    problems = [problem for each in subjects for problem in (*each.sound(), *each.broken())]
    unsolved: list[Unsolved] = []
    for each in subjects:
        requests = _requests(view, known, each)
        asked = list(_asked(requests))
        problems += asked
        unsolved += _unreachable(each, requests, {problem.group for problem in asked})
    return Trials(
        table={**table, _UNREACHABLE: {}} if unsolved else table,
        problems=tuple(problems),
        unsolved=tuple(unsolved),
        absent=ABSENT,
        whole=("body",),
    )


def _requests(view: ServiceView, known: Candidates, subject: Subject) -> list[Request]:
    """Operations whose commands make or change an entity, those first whose behaviour follows from
    the model.
    """
    bodies = {
        method.command: field.type.removeprefix("models.").partition(" ")[0]
        for method in view.methods
        for field in method.fields
        if field.name == "body"
    }
    callers = {method.command: method.callers for method in view.methods}
    commands = {each.command: each for each in subject.view.commands}
    found = []
    for place, case in sorted(enumerate(view.cases), key=lambda each: each[1].custom):
        command = commands.get(case.performs)
        if command is not None and command.effect in _MOVING:
            body = known.schema(bodies.get(case.performs, ""))
            known_callers = (*callers.get(case.performs, ()), view.name)
            asker = _asker(subject.view, case.performs, known_callers[0])
            found.append(Request(subject, known, place, case, command, body, asker))
    return found


def _asked(requests: list[Request]) -> Iterator[Problem]:
    """What operations are asked: every step, then what would break an invariant of a sound entity,
    what would leave one broken, and what only a handler could break.
    """
    plain = [each for each in requests if not each.case.custom]
    for each in requests:
        yield from each.moves()
    for each in plain:
        yield from each.breaks()
    for each in plain:
        yield from each.unmended()
    for each in requests:
        if each.case.custom:
            yield from each.breaks()


def _unreachable(
    subject: Subject, requests: list[Request], tried: Collection[str]
) -> Iterator[Unsolved]:
    """Why no request breaks an invariant, if none is found that does; `tried`: groups of problems
    that were posed.
    """
    plain = any(not each.case.custom for each in requests)
    for name, *_ in subject.view.invariants:
        group = asked_of(subject.view.name, name)
        reason = "kept-by-other-rules" if group in tried else "written-by-no-command"
        if group not in tried and not subject.stored(name):
            reason = "kept-by-the-store"
        if not plain:
            reason = "own-handlers" if requests else "no-operation"
        yield Unsolved(group, (_UNREACHABLE, reason), name)


def _asker(view: AggregateView, command: str, caller: str) -> str:
    """The workload that asks where the life cycle takes the command of workloads alone."""
    rows = [each for each in view.transitions if each.command == command]
    alone = bool(rows) and all(each.roles == (WORKLOAD,) and not each.relations for each in rows)
    return caller if alone else ""
