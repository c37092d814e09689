"""Commands by the clock -> the jobs that call them."""

from __future__ import annotations

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Schedule
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service.view_jobs import JobView, Plain


def jobs_of(facts: ServiceFacts) -> tuple[JobView, ...]:
    """One for each command that has a schedule, by id."""
    return tuple(
        _job(facts, each, each.schedule)
        for each in facts.performed
        if isinstance(each, Command) and each.schedule is not None
    )


def _job(facts: ServiceFacts, command: Command, schedule: Schedule) -> JobView:
    request = request_of(facts, command)
    method = facts.methods[command.id]
    return JobView(
        method=method,
        constant=method.upper(),
        request=facts.requests[command.id],
        key=request.names.get(request.key, "") if schedule.per == "entity" else "",
        body=facts.class_of(command.input) if request.body and command.input else "",
        every=milliseconds(schedule.every) / 1000,
        per=schedule.per,
        aggregate=name_of(command.aggregate),
        where={name: _plain(values) for name, values in sorted(schedule.where.items())},
        since=schedule.since or "",
        after=milliseconds(schedule.after) / 1000 if schedule.after else 0.0,
    )


def _plain(values: tuple[Plain, ...]) -> Plain | tuple[Plain, ...]:
    """One value as it is, several as the tuple of which a filter takes any."""
    return values[0] if len(values) == 1 else values
