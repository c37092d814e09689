"""What all topics share: the index in memory, what was remembered, writing entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis import clock, traced
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest
from pydantic import BaseModel

from . import memory
from .bm25 import Index
from .generated import models, port
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .world import BodyFolder, TextFolder, Texts

B = TypeVar("B", bound=BaseModel)

_TENANTS = 16
"""Organisations whose index is held in memory at a time."""

_OVERLAP = timedelta(seconds=60)
"""How long a transaction may last whose entry must not be overlooked."""

_PAGE = 500


@dataclass(slots=True)
class Held:
    """The index of an organisation, and up to when it has read the store."""

    index: Index = field(default_factory=Index)
    entries: dict[UUID, models.SearchEntry] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    seen: datetime | None = None


class Base(Defaults):
    """Ports are attributes; PORTS.md says what takes their place in production."""

    bodies: Texts
    extracts: Texts

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        settings = runtime.settings
        self.bodies = traced.calls(
            BodyFolder(settings.state_path("buckets", "bodies")), "object-storage"
        )
        self.extracts = traced.calls(
            TextFolder(settings.state_path("file-service", "objects", "files")), "object-storage"
        )
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.belongings = runtime.aggregate(memory.BELONGINGS)
        self.file_facts = runtime.aggregate(memory.FILE_FACTS)
        self.body_places = runtime.aggregate(memory.BODY_PLACES)
        self.asked = runtime.aggregate(memory.ASKED)
        self.opens = runtime.aggregate(memory.OPENS)
        self.tries = runtime.aggregate(memory.TRIES)
        self._held: OrderedDict[UUID, Held] = OrderedDict()

    @property
    def settings(self) -> ServiceSettings:
        """The settings of this service."""
        found = self.runtime.settings
        assert isinstance(found, ServiceSettings)
        return found

    async def held(self, ctx: Context) -> Held:
        """The index of the tenant, with all that the store has by now."""
        held = self._held.setdefault(ctx.tenant, Held())
        self._held.move_to_end(ctx.tenant)
        while len(self._held) > _TENANTS:
            self._held.popitem(last=False)
        await self._read_on(ctx, held)
        if len(held.versions) != await self.search_entry.count(ctx):
            held = self._held[ctx.tenant] = Held()
            await self._read_on(ctx, held)
        return held

    async def _read_on(self, ctx: Context, held: Held) -> None:
        """Take in what has changed since it was last read."""
        position = None
        if held.seen is not None:
            position = Position("updatedAt", held.seen - _OVERLAP, UUID(int=0))
        page = PageRequest(limit=_PAGE, sort="updatedAt", after=position)
        while True:
            found = await self.search_entry.repository.select(ctx, ListQuery(page))
            for entry in found.items:
                self.take_in(held, entry)
            if found.following is None:
                return
            page = PageRequest(limit=_PAGE, after=found.following)

    def take_in(self, held: Held, entry: models.SearchEntry) -> None:
        """Put an entry into an index, or take it out where it is not to be found."""
        held.seen = max(held.seen or entry.updated_at, entry.updated_at)
        if held.versions.get(entry.id) == entry.version:
            return
        held.versions[entry.id] = entry.version
        if entry.status != models.EntryStatus.indexed:
            held.index.drop(entry.id)
            held.entries.pop(entry.id, None)
            return
        held.entries[entry.id] = entry
        keywords = " ".join(each.root for each in entry.keywords or ())
        fields = {"heading": entry.heading, "content": entry.content, "keywords": keywords}
        held.index.put(entry.id, str(entry.analyzer_language), fields)

    async def newest(self, ctx: Context, about: str, at: datetime, holds: bool = True) -> bool:
        """Whether nothing later has been told about it; remembers it if so."""
        known = await self.standings.find(ctx, about=about)
        told = {"about": about, "at": at, "holds": holds}
        if known is None:
            await self.standings.insert(ctx, told)
            return True
        if known.at > at:
            return False
        await self.standings.rewrite(ctx, known, told)
        return True

    async def entry_of(self, ctx: Context, kind: str, source_id: UUID) -> Any:
        """The entry of a source, None where it has none."""
        return await self.search_entry.find(ctx, sourceKind=kind, sourceId=source_id)

    async def write_entry(
        self, ctx: Context, kind: str, source_id: UUID, fields: Mapping[str, Any]
    ) -> None:
        """Queue an entry, new or changed by these fields (None removes one), and have it written.

        What would have no reader is not made, and is buried where it is there.
        """
        known = await self.entry_of(ctx, kind, source_id)
        if known is not None and known.status == models.EntryStatus.queued:
            await self.commit(ctx, known)
            known = await self.entry_of(ctx, kind, source_id)
        body = {name: each for name, each in _kept(known).items() if each is not None}
        body |= fields
        body = {name: each for name, each in body.items() if each is not None}
        if body.get("redactionLevel", "none") != "none":
            body.pop("content", None)
        if not body.get("readerPrincipals"):
            await self.bury(ctx, kind, source_id)
            return
        draft = from_record(models.IndexEntryRequest, body)
        made = await self.search_entry.put(
            ctx, "index-entry", draft, sourceKind=models.SourceKind(kind), sourceId=source_id
        )
        await self.commit(ctx, made)

    async def commit(self, ctx: Context, entry: models.SearchEntry) -> None:
        """The bulk write of one entry; what is hidden waits for better times."""
        hidden = entry.redaction_level == models.RedactionLevel.hidden
        if entry.status == models.EntryStatus.queued and not hidden:
            await self.search_entry.transition(
                ctx, "commit-entry", entry.source_id, None, sourceKind=entry.source_kind
            )
            lag = (ctx.now - entry.updated_at).total_seconds()
            self.metrics.search_index_lag_seconds(lag, source_kind=str(entry.source_kind))

    async def bury(self, ctx: Context, kind: str, source_id: UUID) -> None:
        """Leave nothing of an entry but its tombstone."""
        known = await self.entry_of(ctx, kind, source_id)
        if known is not None and known.status != models.EntryStatus.tombstoned:
            await self.search_entry.transition(
                ctx, "tombstone-entry", source_id, None, sourceKind=models.SourceKind(kind)
            )

    async def remove(self, ctx: Context, entry: models.SearchEntry) -> None:
        """Delete an entry for good."""
        await self.search_entry.remove(ctx, entry)
        if ctx.tenant in self._held:
            ctx.unit.after_commit(lambda: self.forget(ctx.tenant))

    async def drop_all(self, ctx: Context, aggregate: Aggregate[B]) -> None:
        """Remove all that a tenant has of an aggregate."""
        async for each in aggregate.each(ctx):
            await aggregate.remove(ctx, each)

    def forget(self, organization: UUID) -> None:
        """Have the index of an organisation made anew of its entries."""
        self._held.pop(organization, None)

    async def commit_queued(self, ctx: Context) -> None:
        """Write what waits for the bulk write."""
        async for entry in self.search_entry.each(ctx, status="queued"):
            await self.commit(ctx, entry)

    async def try_commit(self, ctx: Context, source_id: UUID) -> None:
        """Write an entry that is waiting still, or give it up after as many tries as may be."""
        entry = await self.search_entry.find(ctx, sourceId=source_id, status="queued")
        if entry is None or entry.redaction_level == models.RedactionLevel.hidden:
            return
        key = entry.id
        tries = await self.tries.find(ctx, entryId=key)
        if tries is None:
            tries = await self.tries.insert(ctx, {"entryId": key, "count": 0})
        elif tries.updated_at < entry.updated_at:
            # it was written meanwhile and is queued anew
            tries = await self.tries.rewrite(ctx, tries, {"count": 0})
        if tries.count >= self.settings.index_attempts:
            await self.tries.remove(ctx, tries)
            refused = {"failureCode": "write-failed"}
            await self.search_entry.transition(
                ctx, "reject-entry", entry.source_id, refused, sourceKind=entry.source_kind
            )
            return
        await self.tries.rewrite(ctx, tries, {"count": tries.count + 1})

        async def write(inside: Context) -> None:
            waiting = await self.search_entry.find(inside, id=key, status="queued")
            if waiting is not None:
                await self.commit(inside, waiting)
            known = await self.tries.find(inside, entryId=key)
            if known is not None:
                await self.tries.remove(inside, known)

        # in a transaction of its own: the try counts though what it did is undone
        self.runtime.work.soon(ctx, "commit-one", write)

    async def renew_stale(self, ctx: Context) -> None:
        """Queue what grew stale; the entries hold all that they are written anew from."""
        async for entry in self.search_entry.each(ctx, status="stale"):
            stale = port.RequeueEntry(source_kind=entry.source_kind, source_id=entry.source_id)
            await self.requeue_entry(ctx, stale)

    async def each_tenant(
        self,
        ctx: Context,
        aggregate: Aggregate[Any],
        after: UUID | None = None,
        /,
        **filters: Any,
    ) -> AsyncIterator[Context]:
        """The same operation in each tenant that has one of these, by their ids from `after` on."""
        page = PageRequest(limit=_PAGE)
        while True:
            query = ListQuery(page, filters)
            found = await aggregate.repository.tenants(ctx, query, after)
            for tenant in found:
                yield ctx.within(tenant)
            if len(found) < _PAGE:
                return
            after = found[-1]

    async def index_entry(self, ctx: Context, request: port.IndexEntry) -> models.SearchEntry:
        made = await super().index_entry(ctx, request)
        self.runtime.work.soon(ctx, "commit-queued", self.commit_queued)
        return made

    async def requeue_entry(self, ctx: Context, request: port.RequeueEntry) -> None:
        await super().requeue_entry(ctx, request)
        self.runtime.work.soon(ctx, "commit-queued", self.commit_queued)


def _kept(entry: models.SearchEntry | None) -> Mapping[str, Any]:
    """What an entry says, as a draft; of a buried one its readers and where it comes from."""
    if entry is None:
        return {"contentChangedAt": clock.now(), "sourceVersion": 0}
    record = entry.model_dump(mode="python", by_alias=True, exclude_none=True)
    names = {each.alias or name for name, each in models.IndexEntryRequest.model_fields.items()}
    found = {name: each for name, each in record.items() if name in names}
    if entry.status == models.EntryStatus.tombstoned:
        for name in ("heading", "content"):
            found.pop(name, None)
    return found
