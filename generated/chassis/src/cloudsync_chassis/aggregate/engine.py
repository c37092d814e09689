"""The default behaviour of commands and queries on one aggregate."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any, Generic
from uuid import UUID

from pydantic import BaseModel, ValidationError

from cloudsync_chassis import ids
from cloudsync_chassis.aggregate import payload, relations, sources
from cloudsync_chassis.aggregate.lifecycle import Lifecycle
from cloudsync_chassis.aggregate.merge import merge
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.aggregate.relations import default_rule
from cloudsync_chassis.aggregate.rules import Invariants
from cloudsync_chassis.aggregate.spec import AggregateSpec, Command, Emission, Relation
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.outbox import Outbox
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import Record, field_names, from_record, given, to_record
from cloudsync_chassis.problem import (
    ALREADY_EXISTS,
    FORBIDDEN,
    INTERNAL,
    NOT_FOUND,
    REFERENCE_UNKNOWN,
    VALIDATION_FAILED,
    VERSION_CONFLICT,
    FieldError,
    Problem,
    json_pointer,
    not_valid,
)
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest
from cloudsync_chassis.store.repository import E, Repository, UniqueViolationError

Body = BaseModel | Mapping[str, Any] | None

log = logger("aggregate")

_MANY = 500


class Registry(dict[str, "Aggregate[Any]"]):
    """The aggregates of one service, by name."""

    async def record(
        self, ctx: Context, aggregate: str, values: Mapping[str, Any]
    ) -> Record | None:
        """The record of another aggregate; None if there is none or the aggregate is not ours."""
        known = self.get(aggregate)
        found = await known.repository.find(ctx, values) if known else None
        return to_record(found) if found is not None else None


class Aggregate(Generic[E]):
    """Carries out what the specification says. Handlers call it and add what it cannot know.

    `parameters` are path parameters by their JSON names; those that name fields restrict which
    entity is meant, and are written into a new one.
    """

    def __init__(
        self,
        spec: AggregateSpec[E],
        repository: Repository[E],
        outbox: Outbox,
        source: str,
        registry: Registry,
    ) -> None:
        self.spec = spec
        self.repository = repository
        self._outbox = outbox
        self._source = source
        self._registry = registry
        self._fields = field_names(spec.model)
        self._lifecycle = Lifecycle(spec.state_field, spec.transitions)
        self._invariants = Invariants(spec.invariants)
        registry[spec.name] = self

    async def get(self, ctx: Context, key: Any, /, **parameters: Any) -> E:
        """The entity.

        Raises:
            Problem: `not-found`, also if it belongs to another tenant; `forbidden`.
        """
        entity = await self._find(ctx, key, parameters)
        await self._grant(ctx, to_record(entity), frozenset(ctx.operation.relations))
        return entity

    async def list(
        self, ctx: Context, page: PageRequest, filters: Mapping[str, Any] | None = None
    ) -> Page[E]:
        """A page; filters whose value is None do not filter.

        A caller whose roles hold the permission for related things only sees those.
        """
        wanted = {name: value for name, value in (filters or {}).items() if value is not None}
        related = await self._reach(ctx, wanted)
        sort = (page.after.sort if page.after else page.sort).removeprefix("-")
        if sort not in self._fields:
            raise not_valid("not a field to sort by", parameter="sort")
        return await self.repository.select(ctx, ListQuery(page, wanted, related))

    async def create(
        self, ctx: Context, command: str, body: Body = None, /, **parameters: Any
    ) -> E:
        """A new entity; for a command that is idempotent by nature the existing one, changed.

        Raises:
            Problem: `already-exists`, `invariant-broken`, `not-found` for the parent, `forbidden`.
        """
        known, fields = self._command(command), given(body)
        if self.spec.tenant == "self":
            ctx = ctx.within(ids.uuid7())
        change = Change(self.spec.name, {}, {}, fields, parameters)
        record = self._new(ctx, known, change)
        await self._check_references(ctx, record, fields)
        await self._grant_new(ctx, record)
        if self._lifecycle.governs(command):
            to = await self._target(ctx, command, {}, record, fields)
            record[self.spec.state_field or ""] = to
        if known.idempotency == "natural":
            existing = await self._twin(ctx, record)
            if existing is not None:
                return await self._store(ctx, known, replace(change, before=existing))
        change = replace(change, after=record)
        entity = self._entity(change)
        self._invariants.check(record)
        try:
            await self.repository.insert(ctx, entity)
        except UniqueViolationError as error:
            raise _taken(error) from error
        await self.emit(ctx, known.emits, replace(change, after=to_record(entity)))
        return entity

    async def update(
        self, ctx: Context, command: str, key: Any, body: Body = None, /, **parameters: Any
    ) -> E:
        """The entity with the body merged in (null removes a field) and moved by the life cycle.

        Raises:
            Problem: `not-found`, `version-conflict`, `illegal-transition`, `condition-not-met`,
                `invariant-broken`, `already-exists`, `forbidden`.
        """
        known, fields = self._command(command), given(body)
        before = to_record(await self._find(ctx, key, parameters))
        await self._grant(ctx, before, frozenset(ctx.operation.relations))
        self._check_version(ctx, before)
        if known.idempotency == "natural" and self._lifecycle.arrived(command, before):
            return from_record(self.spec.model, before)
        change = Change(self.spec.name, {}, before, fields, parameters)
        return await self._store(ctx, known, change, command)

    transition = update

    async def delete(self, ctx: Context, command: str, key: Any, /, **parameters: Any) -> E:
        """Remove the entity; as it was.

        Raises:
            Problem: `not-found`, `version-conflict`, `illegal-transition`, `forbidden`.
        """
        known = self._command(command)
        entity = await self._find(ctx, key, parameters)
        before = to_record(entity)
        await self._grant(ctx, before, frozenset(ctx.operation.relations))
        self._check_version(ctx, before)
        if self._lifecycle.governs(command):
            await self._target(ctx, command, before, before, {})
        if not await self.repository.remove(ctx, before["id"], before["version"]):
            raise VERSION_CONFLICT()
        change = Change(self.spec.name, before, before, {}, parameters)
        await self.emit(ctx, known.emits, change)
        return entity

    async def emit(self, ctx: Context, emissions: tuple[Emission, ...], change: Change) -> None:
        """Announce what a command did, in the same transaction."""
        for each in emissions:
            subject = change.after.get(each.key, change.parameters.get(each.key))
            data = payload.derive(change, each.fields, self.spec.state_field)
            if each.key_field in each.fields:
                data[each.key_field] = subject
            event = Event(
                id=ids.uuid7(),
                type=each.type,
                source=self._source,
                topic=each.topic,
                subject=str(subject),
                time=ctx.now,
                organization_id=ctx.tenant,
                traceparent=ctx.trace.header,
                data=data,
            )
            await self._outbox.append(ctx, UUID(str(subject)), event)

    async def _store(
        self, ctx: Context, known: Command, change: Change, command: str | None = None
    ) -> E:
        """Merge, assign, move, check and write."""
        fields = {name: each for name, each in change.body.items() if name in self._fields}
        record = merge(change.before, fields)
        sources.assign(ctx, record, known.sets, change.body, change.parameters)
        if command is not None and self._lifecycle.governs(command):
            to = await self._target(ctx, command, change.before, change.before, change.body)
            record[self.spec.state_field or ""] = to
        if record == change.before:
            return from_record(self.spec.model, record)
        record["updatedAt"], record["version"] = ctx.now, change.before["version"] + 1
        await self._check_references(ctx, record, change.body)
        change = replace(change, after=record)
        entity = self._entity(change)
        self._invariants.check(record)
        try:
            stored = await self.repository.replace(ctx, entity, change.before["version"])
        except UniqueViolationError as error:
            raise _taken(error) from error
        if not stored:
            raise VERSION_CONFLICT()
        await self.emit(ctx, known.emits, replace(change, after=to_record(entity)))
        return entity

    def _command(self, command: str) -> Command:
        return self.spec.commands[command]

    def _new(self, ctx: Context, known: Command, change: Change) -> Record:
        """Input, assignments, envelope; the envelope cannot be chosen."""
        inputs = {**change.body, **change.parameters}
        fields = {name: each for name, each in inputs.items() if name in self._fields}
        record = merge(deepcopy(dict(self.spec.defaults)), fields)
        if self.spec.state_field and self.spec.initial:
            record[self.spec.state_field] = self.spec.initial
        sources.assign(ctx, record, known.sets, change.body, change.parameters)
        record.update(
            id=ctx.tenant if self.spec.tenant == "self" else ids.uuid7(),
            organizationId=ctx.tenant,
            createdAt=ctx.now,
            updatedAt=ctx.now,
            version=1,
        )
        return record

    async def _find(self, ctx: Context, key: Any, parameters: Mapping[str, Any]) -> E:
        values = {name: each for name, each in parameters.items() if name in self._fields}
        found = await self.repository.find(ctx, {self.spec.key: key, **values})
        if found is None:
            raise NOT_FOUND(f"no such {self.spec.name}")
        return found

    def _check_version(self, ctx: Context, record: Record) -> None:
        if ctx.if_match is not None and record["version"] not in ctx.if_match:
            raise VERSION_CONFLICT(f"the version is {record['version']}")

    async def _target(
        self,
        ctx: Context,
        command: str,
        record: Record,
        subject: Record,
        body: Mapping[str, Any],
    ) -> str:
        async def stands(names: frozenset[str]) -> bool:
            return await self._stands(ctx, names, subject)

        return await self._lifecycle.target(ctx, command, record, body, stands)

    async def _stands(self, ctx: Context, names: frozenset[str], record: Record) -> bool:
        """Whether the caller has one of the relations to the entity or to the one it is part of."""
        rules, lookup = self.spec.relations, self._registry.record
        if await relations.stands(ctx, names, record, rules, lookup):
            return True
        return await self._stands_to_parent(ctx, names, record)

    async def _stands_to_parent(self, ctx: Context, names: frozenset[str], record: Record) -> bool:
        part_of = self.spec.part_of
        parent = self._registry.get(part_of.aggregate) if part_of else None
        key = record.get(part_of.field) if part_of else None
        if parent is None or key is None:
            return False
        found = await parent.repository.find(ctx, {parent.spec.key: key})
        return found is not None and await parent._stands(ctx, names, to_record(found))

    async def _grant(self, ctx: Context, record: Record, names: frozenset[str]) -> None:
        if ctx.grant.given:
            return
        if not await self._stands(ctx, names, record):
            raise FORBIDDEN(
                f"{ctx.operation.id} needs a role or one of: {', '.join(sorted(names))}"
            )
        ctx.grant.given = True

    async def _grant_new(self, ctx: Context, record: Record) -> None:
        """A new part is judged by its parent: what the caller wrote into it proves nothing."""
        names, part_of = frozenset(ctx.operation.relations), self.spec.part_of
        if ctx.grant.given or part_of is None:
            return await self._grant(ctx, record, names)
        ctx.grant.given = await self._stands_to_parent(ctx, names, record)
        return await self._grant(ctx, {}, frozenset())

    async def _reach(self, ctx: Context, wanted: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """What restricts a list to the caller's own things; nothing for who may see all."""
        names = frozenset(ctx.operation.relations)
        if ctx.grant.given:
            return ()
        if await self._stands_to_parent(ctx, names, dict(wanted)):
            ctx.grant.given = True
            return ()
        rules = [self.spec.relations.get(name) or default_rule(name) for name in sorted(names)]
        subject = ctx.principal.subject
        found: list[tuple[str, Any]] = [
            (name, subject) for rule in rules for name in rule.fields if name in self._fields
        ]
        for rule in rules:
            through = self._registry.get(rule.through or "")
            if through is not None:
                found.append(("id", await through.reached(ctx, rule)))
        if not found:
            raise FORBIDDEN(f"{ctx.operation.id} needs a role that may list everything")
        ctx.grant.given = True
        return tuple(found)

    async def reached(self, ctx: Context, rule: Relation) -> tuple[Any, ...]:
        """The ids of the entities that entities of this aggregate relate the caller to."""
        filters: dict[str, Any] = {rule.principal: rule.prefix + ctx.principal.subject}
        if rule.values:
            filters[rule.value_field] = rule.values
        found: list[Any] = []
        page = PageRequest(limit=_MANY)
        while True:
            rows = await self.repository.select(ctx, ListQuery(page, filters))
            found += [to_record(each)[rule.parent] for each in rows.items]
            if rows.following is None:
                return tuple(dict.fromkeys(found))
            page = PageRequest(limit=_MANY, after=rows.following)

    async def _check_references(
        self, ctx: Context, record: Record, body: Mapping[str, Any]
    ) -> None:
        """The parent must exist; so must entities of this service that the body refers to."""
        part_of = self.spec.part_of
        if part_of is not None and part_of.field in record:
            missing = _dangling(part_of.field) if part_of.field in body else NOT_FOUND()
            await self._must_exist(ctx, part_of.aggregate, record[part_of.field], missing)
        for each in self.spec.references:
            value = record.get(each.field)
            for one in (
                (value if isinstance(value, list) else [value]) if each.field in body else ()
            ):
                await self._must_exist(ctx, each.aggregate, one, _dangling(each.field))

    async def _must_exist(self, ctx: Context, name: str, key: Any, missing: Problem) -> None:
        aggregate = self._registry.get(name)
        if aggregate is None or key is None:
            return
        if await aggregate.repository.find(ctx, {aggregate.spec.key: key}) is None:
            raise missing

    async def _twin(self, ctx: Context, record: Record) -> Record | None:
        """The existing entity with the same unique values."""
        for fields in self.spec.unique:
            if all(name in record for name in fields):
                values = {name: record[name] for name in fields}
                found = await self.repository.find(ctx, values)
                if found is not None:
                    return to_record(found)
        return None

    def _entity(self, change: Change) -> E:
        """The typed entity; faults in fields that the caller sent are the caller's."""
        try:
            return from_record(self.spec.model, change.after)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            sent = [each for each in faults if each["loc"] and each["loc"][0] in change.body]
            if len(sent) != len(faults):
                log.error("entity_incomplete", aggregate=self.spec.name, faults=faults)
                raise INTERNAL() from error
            errors = [FieldError(each["msg"], json_pointer(each["loc"])) for each in sent]
            raise VALIDATION_FAILED(errors=errors) from error


def _dangling(field: str) -> Problem:
    """The refusal of a body whose field refers to nothing that exists."""
    return REFERENCE_UNKNOWN(errors=(FieldError("no such entity", json_pointer([field])),))


def _taken(error: UniqueViolationError) -> Problem:
    errors = [FieldError("taken", json_pointer([name])) for name in error.fields]
    return ALREADY_EXISTS(errors=errors)
