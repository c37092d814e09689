"""Where assigned values come from: the body, the parameters, or a fact of the request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from cloudsync_chassis import ids
from cloudsync_chassis.aggregate.spec import Assignment
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record

_LATER = re.compile(r"now\.plus\.(\d{1,9})(ms|[smhd])")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

FACTS: dict[str, Callable[[Context], Any]] = {
    "now": lambda ctx: ctx.now,
    "principalId": lambda ctx: ctx.principal.subject,
    "subject": lambda ctx: ctx.principal.subject,
    "organizationId": lambda ctx: ctx.tenant,
    "newId": lambda ctx: ids.uuid7(),
    "newObjectId": lambda ctx: ids.object_id(),
    "newToken": lambda ctx: ids.token(),
}
"""`context.<name>`; besides these `context.now.plus.30d` (ms, s, m, h, d) is a time ahead."""


_PASSING = ("context.now", "context.new")


def passes(assignment: Assignment) -> bool:
    """Whether the assignment has another value each time."""
    return assignment.source is not None and assignment.source.startswith(_PASSING)


def assign(
    ctx: Context,
    record: Record,
    assignments: Iterable[Assignment],
    body: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> None:
    """Carry out a command's assignments on a record.

    Raises:
        ValueError: a source that does not exist (the generator's rules report it first).
    """
    for each in assignments:
        value = each.value
        if each.source is not None:
            value = _value(ctx, each.source, {"body": body, "parameter": parameters})
        if value is None:
            record.pop(each.field, None)
        else:
            record[each.field] = value


def _value(ctx: Context, source: str, inputs: Mapping[str, Mapping[str, Any]]) -> Any:
    kind, _, path = source.partition(".")
    if kind == "context":
        return _fact(ctx, path)
    value: Any = inputs.get(kind)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _fact(ctx: Context, name: str) -> Any:
    later = _LATER.fullmatch(name)
    if later is not None:
        return ctx.now + timedelta(**{_UNITS[later[2]]: int(later[1])})
    if name not in FACTS:
        raise ValueError(f"unknown source context.{name}")
    return FACTS[name](ctx)
