"""Writing what no single command of the model says: several entities, or one event of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_chassis import ids
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.aggregate.rules import Invariants
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record, from_record, to_record
from cloudsync_chassis.problem import VERSION_CONFLICT
from cloudsync_chassis.store.repository import E


async def insert(ctx: Context, aggregate: Aggregate[E], fields: Mapping[str, Any]) -> E:
    """A new entity with the schema's defaults and these fields; it is not announced.

    Its id is new unless `fields` gives one.

    Raises:
        Problem: `invariant-broken`.
        UniqueViolationError: a unique value is taken.
    """
    envelope = {
        "id": fields.get("id") or ids.uuid7(),
        "organizationId": ctx.tenant,
        "createdAt": ctx.now,
        "updatedAt": ctx.now,
        "version": 1,
    }
    given = {name: each for name, each in fields.items() if each is not None}
    entity = from_record(aggregate.spec.model, {**aggregate.spec.defaults, **given, **envelope})
    Invariants(aggregate.spec.invariants).check(to_record(entity))
    await aggregate.repository.insert(ctx, entity)
    return entity


async def rewrite(ctx: Context, aggregate: Aggregate[E], entity: E, fields: Mapping[str, Any]) -> E:
    """The entity with these fields (None removes one), without life cycle and events.

    Raises:
        Problem: `invariant-broken`, `version-conflict`.
    """
    before = to_record(entity)
    after = {name: each for name, each in {**before, **fields}.items() if each is not None}
    after = to_record(from_record(aggregate.spec.model, after))
    if after == before:
        return entity
    after["updatedAt"], after["version"] = ctx.now, before["version"] + 1
    Invariants(aggregate.spec.invariants).check(after)
    changed = from_record(aggregate.spec.model, after)
    if not await aggregate.repository.replace(ctx, changed, before["version"]):
        raise VERSION_CONFLICT()
    return changed


async def announce(
    ctx: Context,
    aggregate: Aggregate[Any],
    command: str,
    event: str,
    after: Record,
    before: Record | None = None,
) -> None:
    """Announce one event (`member-joined`) out of those of a command."""
    emits = aggregate.spec.commands[command].emits
    wanted = tuple(each for each in emits if f".{event}.v" in each.type)
    await aggregate.emit(ctx, wanted, Change(aggregate.spec.name, after, before or {}))
