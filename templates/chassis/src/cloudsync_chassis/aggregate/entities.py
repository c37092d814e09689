"""The entities of an aggregate as its own service sees them: nobody's rights are asked here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from copy import copy, deepcopy
from datetime import datetime
from typing import Any, Generic, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from cloudsync_chassis import ids
from cloudsync_chassis.aggregate import payload
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.aggregate.rules import Invariants
from cloudsync_chassis.aggregate.spec import AggregateSpec, Emission
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Actor, Event
from cloudsync_chassis.events.outbox import Outbox
from cloudsync_chassis.events.store import Fact, Journal
from cloudsync_chassis.model import Record, from_record, to_record
from cloudsync_chassis.problem import VERSION_CONFLICT
from cloudsync_chassis.store.query import ListQuery, PageRequest
from cloudsync_chassis.store.repository import E, Repository

_MANY = 200


class Entities(Generic[E]):
    """For handlers: looking up, writing and announcing what no single command of the model says.

    Neither roles, relations, life cycle nor requirements are asked; invariants hold all the same.
    """

    def __init__(
        self,
        spec: AggregateSpec[E],
        repository: Repository[E],
        outbox: Outbox,
        source: str,
        journal: Journal | None = None,
    ) -> None:
        self.spec = spec
        self.repository = repository
        self._outbox = outbox
        self._source = source
        self._journal = journal
        self._invariants = Invariants(spec.invariants)
        self._told: frozenset[str] | None = None

    async def find(self, ctx: Context, /, **values: Any) -> E | None:
        """The entity with these values, by JSON names."""
        return await self.repository.find(ctx, values)

    async def each(
        self, ctx: Context, due: Mapping[str, datetime] | None = None, /, **filters: Any
    ) -> AsyncIterator[E]:
        """Every entity that passes (a tuple: has one of its values), oldest first, page by page.

        `due`: date-time fields and the moment by which they must have come. What is changed on
        the way is seen as it was.
        """
        page = PageRequest(limit=_MANY, sort="createdAt")
        while True:
            found = await self.repository.select(ctx, ListQuery(page, filters, due=due or {}))
            for entity in found.items:
                yield entity
            if found.following is None:
                return
            page = PageRequest(limit=_MANY, after=found.following)

    async def count(self, ctx: Context, /, **filters: Any) -> int:
        """How many pass."""
        return await self.repository.count(ctx, filters)

    async def insert(self, ctx: Context, fields: Mapping[str, Any]) -> E:
        """A new entity of the schema's defaults and these fields, by JSON names; None is none.

        It is not announced. Of the envelope only `id` may be chosen.

        Raises:
            Problem: `invariant-broken`.
            UniqueViolationError: a unique value is taken.
        """
        given = {name: each for name, each in fields.items() if each is not None}
        envelope = {
            "id": given.get("id") or ids.uuid7(),
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        entity = from_record(self.spec.model, {**self._defaults(), **given, **envelope})
        self._invariants.check(to_record(entity))
        await self.repository.insert(ctx, entity)
        return entity

    async def rewrite(self, ctx: Context, entity: E, fields: Mapping[str, Any]) -> E:
        """The entity with these fields, each replaced whole; None removes one. It is not announced.

        Itself where nothing differs.

        Raises:
            Problem: `invariant-broken`, `version-conflict`.
            UniqueViolationError: a unique value is taken.
        """
        before = to_record(entity)
        after = {name: each for name, each in {**before, **fields}.items() if each is not None}
        after = to_record(from_record(self.spec.model, after))
        if after == before:
            return entity
        after["updatedAt"], after["version"] = ctx.now, before["version"] + 1
        self._invariants.check(after)
        changed = from_record(self.spec.model, after)
        if not await self.repository.replace(ctx, changed, before["version"]):
            raise VERSION_CONFLICT()
        return changed

    async def remove(self, ctx: Context, entity: E) -> None:
        """Delete the entity. It is not announced.

        Raises:
            Problem: `version-conflict`.
        """
        record = to_record(entity)
        if not await self.repository.remove(ctx, record["id"], record["version"]):
            raise VERSION_CONFLICT()

    async def announce(
        self,
        ctx: Context,
        event: str,
        after: E | Mapping[str, Any],
        before: E | Mapping[str, Any] | None = None,
        /,
        **data: Any,
    ) -> None:
        """Announce one event (`member-joined`) of the aggregate's commands.

        `data`, by JSON names, is what the entity does not say of itself.

        Raises:
            ValueError: no command of the aggregate announces such an event.
        """
        change = Change(self.spec.name, _record(after), _record(before or {}), data)
        await self.emit(ctx, (self._emission(event),), change)

    def telling(self, *events: str) -> Self:
        """The same aggregate, whose commands announce only these of their events; or none at all.

        Raises:
            ValueError: no command of the aggregate announces such an event.
        """
        for each in events:
            self._emission(each)
        found = copy(self)
        found._told = frozenset(events)
        return found

    async def emit(self, ctx: Context, emissions: tuple[Emission, ...], change: Change) -> None:
        """Announce what a command did, in the same transaction."""
        for each in emissions:
            if self._told is not None and each.name not in self._told:
                continue
            known = {"id": change.after.get("id"), **change.inputs, **change.after}
            subject = known.get(each.key, known["id"])
            data = payload.derive(change, each.fields, self.spec.state_field)
            named = each.key_field or each.key
            if named in each.fields:
                data[named] = subject
            event = Event(
                id=ids.uuid7(),
                type=each.type,
                source=self._source,
                topic=each.topic,
                subject=str(subject),
                time=ctx.now,
                organization_id=ctx.tenant,
                traceparent=ctx.trace.header,
                actor=Actor.of(ctx.principal),
                data=data,
            )
            await self._outbox.append(ctx, _series(event), event)
            if self._journal is not None:
                entity = {"id": subject, **change.after}
                await self._journal.record(ctx, entity, Fact(event.type, event.data))

    def _emission(self, event: str) -> Emission:
        for command in self.spec.commands.values():
            for each in command.emits:
                if each.name == event:
                    return each
        raise ValueError(f"no command of {self.spec.name} announces {event}")

    def _defaults(self) -> Record:
        return deepcopy(dict(self.spec.defaults))


def _record(entity: Any) -> Record:
    return dict(entity) if isinstance(entity, Mapping) else to_record(entity)


def _series(event: Event) -> UUID:
    """What the event is numbered within: its subject, by a name of its own where that is no UUID
    (RFC 9562, version 5).
    """
    try:
        return UUID(event.subject)
    except ValueError:
        return uuid5(event.organization_id or NAMESPACE_URL, f"{event.topic}/{event.subject}")
