"""Data of events, derived from the entity before and after the command and from its input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudsync_chassis.model import Record


@dataclass(frozen=True, slots=True)
class Change:
    """What a command did to an entity; `before` is empty for a new one."""

    aggregate: str
    after: Record
    before: Record = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Any]:
        """What the caller said: the body's fields and the parameters."""
        return {**self.body, **self.parameters}

    @property
    def changed_fields(self) -> list[str]:
        """Names of the fields whose values differ, without the envelope's."""
        names = (self.before.keys() | self.after.keys()) - {"updatedAt", "version"}
        return sorted(each for each in names if self.before.get(each) != self.after.get(each))


def derive(change: Change, fields: Iterable[str], state_field: str | None) -> dict[str, Any]:
    """The fields of an event's data that can be told; others are left to a handler's override.

    A field is, in this order: `changedFields`; a field of the entity; `<aggregate>Id`, its id;
    `from`/`to`, the state before and after; a parameter; a body field; `fromX`/`toX`, field x
    before and after.
    """
    found = {name: _field(change, name, state_field) for name in fields}
    return {name: value for name, value in found.items() if value is not None}


def _field(change: Change, name: str, state_field: str | None) -> Any:
    if name == "changedFields":
        return change.changed_fields
    if name in change.after:
        return change.after[name]
    if name == _lower_first(change.aggregate) + "Id":
        return change.after.get("id")
    sides = {"from": change.before, "to": change.after}
    if name in sides:
        return sides[name].get(state_field or "")
    for said in (change.parameters, change.body):
        if said.get(name) is not None:
            return said[name]
    for prefix, record in sides.items():
        rest = name.removeprefix(prefix)
        if rest != name and rest[:1].isupper() and _lower_first(rest) in record:
            return record[_lower_first(rest)]
    return None


def _lower_first(text: str) -> str:
    words = text.split("-")
    joined = words[0] + "".join(each[:1].upper() + each[1:] for each in words[1:])
    return joined[:1].lower() + joined[1:]
