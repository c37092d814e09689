"""Whether what a caller stands in a relation to lets them carry an operation out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, Protocol

from cloudsync_chassis.aggregate import relations
from cloudsync_chassis.aggregate.relations import default_rule
from cloudsync_chassis.aggregate.spec import AggregateSpec, Relation
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record, field_names, to_record
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest
from cloudsync_chassis.store.repository import E, Repository

_MANY = 500
_ONE = PageRequest(limit=1)


class Known(Protocol):
    """An aggregate of the same service, as its relations are asked for."""

    @property
    def spec(self) -> AggregateSpec[Any]:
        """What it is."""
        ...

    @property
    def repository(self) -> Repository[Any]:
        """Where its entities lie."""
        ...

    @property
    def grants(self) -> Grants[Any]:
        """How callers stand to them."""
        ...


class Grants(Generic[E]):
    """Relations of callers to the entities of one aggregate; `registry` knows all by name."""

    def __init__(
        self, spec: AggregateSpec[E], repository: Repository[E], registry: Mapping[str, Known]
    ) -> None:
        self._spec = spec
        self._repository = repository
        self._registry = registry
        self._fields = field_names(spec.model)

    async def require(self, ctx: Context, record: Record) -> None:
        """Grant the operation on an entity, unless a role has; no policy may stand against it.

        Raises:
            Problem: `forbidden`.
        """
        await self.obey(ctx, record)
        if ctx.grant.given:
            return
        names = frozenset(ctx.operation.relations)
        if not await self.stands(ctx, names, record):
            raise _refused(ctx)
        ctx.grant.given = True

    async def require_new(self, ctx: Context, record: Record) -> None:
        """As `require`, but a part is judged by its parent: what it says of itself proves nothing.

        Raises:
            Problem: `forbidden`.
        """
        if ctx.grant.given or self._spec.part_of is None:
            return await self.require(ctx, record)
        await self.obey(ctx, record)
        names = frozenset(ctx.operation.relations)
        if not await self._stands_to_parent(ctx, names, record):
            raise _refused(ctx)
        ctx.grant.given = True
        return None

    async def obey(self, ctx: Context, record: Record) -> None:
        """Refuse what a policy forbids, or does not permit, on this entity.

        Raises:
            Problem: `forbidden`, naming the policy.
        """
        if ctx.guard is not None:
            await ctx.guard.require(ctx, self._spec.name, record)

    async def shown(self, ctx: Context, page: Page[E]) -> Page[E]:
        """The page without what a policy hides from the caller; it may be shorter than asked."""
        if ctx.guard is None:
            return page
        places = await ctx.guard.visible(ctx, self._spec.name, page.items)
        items = tuple(each for place, each in enumerate(page.items) if place in places)
        return replace(page, items=items)

    async def stands(self, ctx: Context, names: frozenset[str], record: Record) -> bool:
        """Whether the caller has one of the relations to the entity or to the one it is part of."""
        if await relations.stands(ctx, names, record, self._spec.relations, self._exists):
            return True
        return await self._stands_to_parent(ctx, names, record)

    async def reach(self, ctx: Context, wanted: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """What restricts a list to the caller's own things; nothing for who may see all.

        Raises:
            Problem: `forbidden`.
        """
        names = frozenset(ctx.operation.relations)
        if ctx.grant.given:
            return ()
        if await self._stands_to_parent(ctx, names, dict(wanted)):
            ctx.grant.given = True
            return ()
        found = await self.ways(ctx, names)
        if not found:
            raise FORBIDDEN(f"{ctx.operation.id} needs a role that may list everything")
        ctx.grant.given = True
        return found

    async def ways(
        self, ctx: Context, names: frozenset[str], below: frozenset[str] = frozenset()
    ) -> tuple[tuple[str, Any], ...]:
        """Fields and what they hold, any of which, where the caller has one of the relations.

        `below` names the aggregates whose parents have been asked on the way here.
        """
        known = self._spec.relations
        rules = [known.get(name) or default_rule(name) for name in sorted(names)]
        found: list[tuple[str, Any]] = [
            (name, ctx.principal.subject)
            for rule in rules
            for name in rule.fields
            if name in self._fields
        ]
        found += [(rule.value_field, rule.values) for rule in rules if relations.is_open(rule)]
        for rule in rules:
            through = self._registry.get(rule.through or "")
            if through is not None:
                found.append(("id", await self._linked(ctx, "id", through, rule)))
        part_of = self._spec.part_of
        parent = self._registry.get(part_of.aggregate) if part_of else None
        if part_of is not None and parent is not None and parent.spec.name not in below:
            ways = await parent.grants.ways(ctx, names, below | {self._spec.name})
            if ways:
                key = parent.spec.key
                keys = await self._values(ctx, part_of.field, parent.repository, key, {}, ways)
                found.append((part_of.field, keys))
        return tuple(found)

    async def _linked(self, ctx: Context, field: str, through: Known, rule: Relation) -> Any:
        """The ids of our entities that those of another aggregate relate the caller to."""
        filters = relations.to_caller(ctx, rule)
        return await self._values(ctx, field, through.repository, rule.parent, filters)

    async def _values(
        self,
        ctx: Context,
        ours: str,
        repository: Repository[Any],
        field: str,
        filters: Mapping[str, Any],
        related: tuple[tuple[str, Any], ...] = (),
    ) -> Any:
        """What `field` holds in all entities of a repository that pass, as our field `ours` is
        compared with: for the database to look up, or where it cannot each value once.
        """
        kind = repository.kind_of(field)
        if kind is not None and kind == self._repository.kind_of(ours):
            return repository.selection(ctx, field, filters, related)
        found: list[Any] = []
        page = PageRequest(limit=_MANY)
        while True:
            rows = await repository.select(ctx, ListQuery(page, filters, related))
            found += [to_record(each).get(field) for each in rows.items]
            if rows.following is None:
                return tuple(dict.fromkeys(each for each in found if each is not None))
            page = PageRequest(limit=_MANY, after=rows.following)

    async def _stands_to_parent(self, ctx: Context, names: frozenset[str], record: Record) -> bool:
        part_of = self._spec.part_of
        parent = self._registry.get(part_of.aggregate) if part_of else None
        key = record.get(part_of.field) if part_of else None
        if parent is None or key is None:
            return False
        found = await parent.repository.find(ctx, {parent.spec.key: key})
        return found is not None and await parent.grants.stands(ctx, names, to_record(found))

    async def _exists(self, ctx: Context, aggregate: str, filters: Mapping[str, Any]) -> bool:
        """Whether another aggregate has an entity that passes; not where it is not ours."""
        known = self._registry.get(aggregate)
        if known is None:
            return False
        return bool((await known.repository.select(ctx, ListQuery(_ONE, filters))).items)


def _refused(ctx: Context) -> Exception:
    names = ", ".join(sorted(ctx.operation.relations))
    return FORBIDDEN(f"{ctx.operation.id} needs a role or one of: {names}")
