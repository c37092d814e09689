"""The clock cannot call a command as its schedule says.

What it does: a scheduled command takes input, not events, and needs none of it; runs at least a
second apart; per entity, something ends what is due (`where` or `since`); per tenant or service, no
path of an operation asks for an id. `since` is a date-time property, `after` comes with it, each
value in `where` is one that the property can have, and per service neither stands.

Why: what the clock has to say is the entity that is due. A command that needs more is refused every
time, and one for which everything is always due never ends.

Example: `schedule: {every: 1h}` for a command that expires what is too old.

Use instead: `schedule: {every: 1h, where: {status: [active]}, since: expiresAt}`; a job that the
service's handlers add by themselves, where what is due is more than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import operations_of
from cloudsync_gen.model.layers.application import Aggregate, Command, Schedule
from cloudsync_gen.model.schema_view import members, properties, required, resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer

_IN_PATH = re.compile(r"\{[^}]+\}")
_SECOND = 1000

Faults = Iterator[tuple[Pointer, str, str]]


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        schedule = command.schedule
        if schedule is None:
            continue
        faults = (
            *_of_call(model, command, schedule),
            *_of_form(schedule),
            *_of_values(model, command, schedule),
        )
        for pointer, message, hint in faults:
            yield RULE.at(
                model.ref(command.id, "schedule", *pointer),
                message,
                hint,
                element=command.id,
            )


def _of_call(model: Model, command: Command, schedule: Schedule) -> Faults:
    """What the command asks for besides the entity."""
    if command.takes == "event":
        yield (), "the clock has no event for a command that takes one", "let it take input"
    needed = sorted(required(model, command.input)) if command.input else []
    if needed:
        hint = "make a second command that needs no input, and schedule that one"
        yield (), f"the clock does not know `{needed[0]}`, which the input requires", hint
    ids = 1 if schedule.per == "entity" else 0
    for each in operations_of(model, command.id):
        if len(_IN_PATH.findall(each.path)) > ids:
            hint = "schedule it per entity, or make a second command for the clock"
            yield ("per",), f"the path of `{each.id}` asks for more than the clock knows", hint


def _of_form(schedule: Schedule) -> Faults:
    if milliseconds(schedule.every) < _SECOND:
        yield ("every",), "rounds are at least a second apart", "say `1s` or more"
    if schedule.after is not None and schedule.since is None:
        hint = "name in `since` the property that it is counted from"
        yield ("after",), "`after` does not say after what", hint
    restricted = bool(schedule.where) or schedule.since is not None
    if schedule.per == "entity" and not restricted:
        hint = "say in `where` or `since` which ones"
        yield (), "every entity is due at every round", hint
    if schedule.per == "service" and restricted:
        hint = "leave `where` and `since` out, or run it per tenant"
        yield ("per",), "what runs once for the service asks for no entities", hint


def _of_values(model: Model, command: Command, schedule: Schedule) -> Faults:
    """What `where` and `since` say of the entity, as far as it has such properties."""
    aggregate = model.get(Aggregate, command.aggregate)
    if aggregate is None:
        return
    fields = properties(model, aggregate.schema)
    for name, values in schedule.where.items():
        known = members(model, aggregate.schema, fields.get(name))
        for index, value in enumerate(values):
            if known and value not in known:
                hint = f"it is one of: {', '.join(known)}"
                yield ("where", name, index), f"`{name}` is never `{value}`", hint
        if not values:
            yield ("where", name), f"no value of `{name}` is due", "name at least one"
    if schedule.since is not None and schedule.since in fields:
        _, found = resolved(model, aggregate.schema, fields[schedule.since])
        if found.get("format") != "date-time":
            hint = "name the property that holds the moment"
            yield ("since",), f"`{schedule.since}` is no date-time", hint


RULE = Rule(code="DDD026", name="schedule-form", family="domain-driven design", check=check)
