"""Writing what no transition of the model covers, and announcing one event of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.aggregate.merge import merge
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.aggregate.spec import AggregateSpec, Emission
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.problem import VERSION_CONFLICT
from cloudsync_chassis.security.principal import workload
from pydantic import BaseModel

E = TypeVar("E", bound=BaseModel)


def quiet(spec: AggregateSpec[E], *commands: str) -> AggregateSpec[E]:
    """The aggregate without the events of these commands, whose handlers decide which apply."""
    known = {
        name: replace(each, emits=()) if name in commands else each
        for name, each in spec.commands.items()
    }
    return replace(spec, commands=known)


def emission(spec: AggregateSpec[Any], command: str, name: str) -> Emission:
    """What the model says of the event `name` (`order-cancelled`) of a command.

    Raises:
        StopIteration: the command announces no such event.
    """
    return next(each for each in spec.commands[command].emits if f".{name}." in each.type)


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


async def stored(ctx: Context, aggregate: Aggregate[E], entity: E, changes: Mapping[str, Any]) -> E:
    """The entity with a merge patch written over it; itself where nothing differs.

    Raises:
        Problem: `version-conflict`.
    """
    before = to_record(entity)
    record = to_record(from_record(aggregate.spec.model, merge(before, changes)))
    if record == before:
        return entity
    record["updatedAt"], record["version"] = ctx.now, before["version"] + 1
    after = from_record(aggregate.spec.model, record)
    if not await aggregate.repository.replace(ctx, after, before["version"]):
        raise VERSION_CONFLICT()
    return after


async def announce(
    ctx: Context,
    aggregate: Aggregate[E],
    told: Emission,
    after: E,
    before: E | None = None,
    **data: Any,
) -> None:
    """Announce one event; `data` is what the entity does not say."""
    earlier = to_record(before) if before is not None else {}
    change = Change(aggregate.spec.name, to_record(after), earlier, data)
    await aggregate.emit(ctx, (told,), change)
