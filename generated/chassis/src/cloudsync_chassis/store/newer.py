"""What a newer version of the service has added to the entities that are stored.

While a service is renewed, copies of two versions work on one store. The older one leaves out what
it does not know, and puts it back where it writes, so that nobody's fields are lost. What stands in
the items of a list is left out and not put back, since items have no names.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record, from_record

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]

_UNKNOWN = "extra_forbidden"
"""pydantic's word for a property that a closed schema does not have."""


def entity(ctx: Context, store: Hashable, model: type[M], record: Record) -> M:
    """The typed entity, without what it has no fields for; that is remembered for `restored`.

    Raises:
        pydantic.ValidationError: the record does not satisfy the schema otherwise.
    """
    try:
        return from_record(model, record)
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        places: list[Path] = [each["loc"] for each in told if each["type"] == _UNKNOWN]
        try:
            known, added = _parted(record, places)
        except (LookupError, TypeError):  # a place within one of several alternatives
            raise error from None
        if not places:
            raise
        found = from_record(model, known)
    ctx.unit.seen[_key(store, record["id"], record["version"])] = added
    return found


def restored(ctx: Context, store: Hashable, record: Record, expected: int) -> Record:
    """The record, which replaces the entity's version `expected`, with what `entity` left out."""
    added: Mapping[Path, Any] = ctx.unit.seen.get(_key(store, record["id"], expected)) or {}
    if added:
        ctx.unit.seen[_key(store, record["id"], record["version"])] = added
    for path, value in added.items():
        record = _with(record, path, value)
    return record


def _key(store: Hashable, entity_id: Any, version: int) -> tuple[Hashable, ...]:
    return ("added by a newer version", store, str(entity_id), version)


def _parted(record: Record, places: list[Path]) -> tuple[Record, dict[Path, Any]]:
    """The record without what is at these places, and what can be put back there by names alone."""
    added: dict[Path, Any] = {}
    for path in places:
        record, value = _without(record, path)
        if all(isinstance(each, str) for each in path):
            added[path] = value
    return record, added


def _without(value: Any, path: Path) -> tuple[Any, Any]:
    """A copy without what is at the path, and what was there."""
    step, *rest = path
    copy: Any = dict(value) if isinstance(value, Mapping) else list(value)
    if not rest:
        return copy, copy.pop(step)
    copy[step], gone = _without(copy[step], tuple(rest))
    return copy, gone


def _with(value: Any, path: Path, held: Any) -> Any:
    """A copy with something at a path, unless what it belongs to is there no more."""
    step, *rest = path
    if not isinstance(value, Mapping) or (rest and step not in value):
        return value
    return {**value, step: _with(value[step], tuple(rest), held) if rest else held}
