"""The default behaviour of commands and queries on one aggregate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from cloudsync_chassis import ids
from cloudsync_chassis.aggregate import sources
from cloudsync_chassis.aggregate.entities import Entities
from cloudsync_chassis.aggregate.grants import Grants
from cloudsync_chassis.aggregate.lifecycle import Lifecycle
from cloudsync_chassis.aggregate.merge import merge
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.aggregate.requirements import Requirements
from cloudsync_chassis.aggregate.spec import AggregateSpec, Command
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.outbox import Outbox
from cloudsync_chassis.events.store import Journal
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import (
    ENVELOPE,
    Record,
    field_names,
    from_record,
    given,
    to_record,
)
from cloudsync_chassis.problem import (
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
from cloudsync_chassis.store import idempotency
from cloudsync_chassis.store.idempotency import OvertakenError
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest
from cloudsync_chassis.store.repository import E, Repository, UniqueViolationError

Body = BaseModel | Mapping[str, Any] | None

log = logger("aggregate")


class Registry(dict[str, "Aggregate[Any]"]):
    """The aggregates of one service, by name; `inherits`: role → roles whose rights it has too."""

    def __init__(self, inherits: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.inherits = inherits


class Aggregate(Entities[E]):
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
        journal: Journal | None = None,
    ) -> None:
        super().__init__(spec, repository, outbox, source, journal)
        self._registry = registry
        self._fields = field_names(spec.model)
        self.grants = Grants(spec, repository, registry)
        self._lifecycle = Lifecycle(spec.state_field, spec.transitions, registry.inherits)
        self._requirements = Requirements(spec.commands, self._count)
        registry[spec.name] = self

    async def get(self, ctx: Context, key: Any, /, **parameters: Any) -> E:
        """The entity.

        Raises:
            Problem: `not-found`, also if it belongs to another tenant; `forbidden`.
        """
        entity = await self._find(ctx, key, parameters)
        await self.grants.require(ctx, to_record(entity))
        return entity

    async def list(
        self,
        ctx: Context,
        page: PageRequest,
        filters: Mapping[str, Any] | None = None,
        /,
        **parameters: Any,
    ) -> Page[E]:
        """A page; filters whose value is None do not filter.

        A caller whose roles hold the permission for related things only sees those.

        Raises:
            Problem: `not-found` for the parent, `validation-failed`, `forbidden`.
        """
        await self._check_parent(ctx, parameters, parameters)
        wanted = {name: value for name, value in (filters or {}).items() if value is not None}
        wanted.update((name, each) for name, each in parameters.items() if name in self._fields)
        related = await self.grants.reach(ctx, wanted)
        sort = (page.after.sort if page.after else page.sort).removeprefix("-")
        if sort not in self._fields:
            raise not_valid("not a field to sort by", parameter="sort")
        found = await self.repository.select(ctx, ListQuery(page, wanted, related))
        return await self.grants.shown(ctx, found)

    async def create(
        self, ctx: Context, command: str, body: Body = None, /, **parameters: Any
    ) -> E:
        """A new entity.

        For a command that is idempotent by nature, the same request is answered with the entity
        that it has made before, as it is now; so is one that would make what is there already.

        Raises:
            Problem: `already-exists`, `invariant-broken`, `not-found` for the parent, `forbidden`,
                what the command requires.
        """
        known, fields = self._command(command), given(body)
        if known.idempotency != "natural":
            return await self._make(ctx, command, fields, parameters)
        request = idempotency.request_of(command, fields, parameters)
        made = await idempotency.made(ctx, request)
        if made is not None:
            inside = ctx.within(made) if self.spec.tenant == "self" else ctx
            found = await self.repository.find(inside, {"id": made})
            if found is not None:
                await self.grants.obey(inside, to_record(found))
                ctx.grant.given = True
                return found
            await idempotency.forget_made(ctx, request)
        entity = await self._make(ctx, command, fields, parameters)
        await idempotency.keep_made(ctx, request, to_record(entity)["id"])
        return entity

    async def put(self, ctx: Context, command: str, body: Body = None, /, **parameters: Any) -> E:
        """The entity with the same unique values, changed to what the request says; or a new one.

        What the body could say and does not is removed, or has its default.

        Raises:
            Problem: as for `create` and `update`.
        """
        known, fields = self._command(command), given(body)
        change = Change(self.spec.name, {}, {}, fields, parameters)
        record = self._new(ctx, known, change)
        twin = await self._twin(ctx, record, parameters)
        if twin is None:
            return await self._make(ctx, command, fields, parameters)
        await self.grants.require_new(ctx, twin)
        self._check_version(ctx, twin)
        silent = (_sayable(body) & self._fields).difference(ENVELOPE)
        start = {name: each for name, each in twin.items() if name not in silent}
        start |= {name: each for name, each in self._defaults().items() if name in silent}
        moves = not self._lifecycle.arrived(command, twin)
        change = replace(change, before=twin)
        return await self._store(ctx, command, change, start, moves)

    async def update(
        self, ctx: Context, command: str, key: Any, body: Body = None, /, **parameters: Any
    ) -> E:
        """The entity with the body merged in (null removes a field) and moved by the life cycle.

        Raises:
            Problem: `not-found`, `version-conflict`, `illegal-transition`, `condition-not-met`,
                `invariant-broken`, `already-exists`, `forbidden`, what the command requires.
        """
        known, fields = self._command(command), given(body)
        before = to_record(await self._find(ctx, key, parameters))
        await self.grants.require(ctx, before)
        self._check_version(ctx, before)
        if known.idempotency == "natural" and self._lifecycle.arrived(command, before):
            return from_record(self.spec.model, before)
        change = Change(self.spec.name, {}, before, fields, parameters)
        return await self._store(ctx, command, change, before)

    transition = update

    async def delete(self, ctx: Context, command: str, key: Any, /, **parameters: Any) -> E:
        """Remove the entity; as it was.

        Raises:
            Problem: `not-found`, `version-conflict`, `illegal-transition`, `forbidden`, what the
                command requires.
        """
        known = self._command(command)
        entity = await self._find(ctx, key, parameters)
        before = to_record(entity)
        await self.grants.require(ctx, before)
        self._check_version(ctx, before)
        if self._lifecycle.governs(command):
            await self._target(ctx, command, before, before, parameters)
        await self._requirements.check(ctx, command, before, parameters)
        if not await self.repository.remove(ctx, before["id"], before["version"]):
            raise VERSION_CONFLICT()
        change = Change(self.spec.name, before, before, {}, parameters)
        await self.emit(ctx, known.emits, change)
        return entity

    async def _make(
        self, ctx: Context, command: str, fields: Record, parameters: Mapping[str, Any]
    ) -> E:
        """A new entity, checked, written and announced."""
        known = self._command(command)
        if self.spec.tenant == "self":
            ctx = ctx.within(ids.uuid7())
        change = Change(self.spec.name, {}, {}, fields, parameters)
        record = self._new(ctx, known, change)
        await self._check_references(ctx, record, fields)
        await self._check_parent(ctx, record, parameters)
        await self.grants.require_new(ctx, record)
        if self._lifecycle.governs(command):
            to = await self._target(ctx, command, {}, record, change.inputs)
            record[self.spec.state_field or ""] = to
        entity = self._entity(replace(change, after=record))
        change = replace(change, after=to_record(entity))
        if known.idempotency == "natural":
            twin = await self._twin(ctx, record, {})
            if twin is not None:
                return self._made_already(command, twin, change.after)
        await self._requirements.check(ctx, command, {}, change.inputs)
        self._invariants.check(record)
        try:
            await self.repository.insert(ctx, entity)
        except UniqueViolationError as error:
            taken = self._requirements.taken(command, error.fields)
            raise (OvertakenError(taken) if known.idempotency == "natural" else taken) from error
        await self.emit(ctx, known.emits, change)
        return entity

    def _made_already(self, command: str, twin: Record, record: Record) -> E:
        """What is there, if it is what the request would make.

        Raises:
            Problem: `already-exists`, or what the command says of taken values.
        """
        known = self._command(command)
        passing = {*ENVELOPE, *(each.field for each in known.sets if sources.passes(each))}
        names = (twin.keys() | record.keys()) - passing
        if any(twin.get(name) != record.get(name) for name in names):
            raise self._requirements.taken(command, self._identity_in(record))
        return from_record(self.spec.model, twin)

    async def _store(
        self,
        ctx: Context,
        command: str,
        change: Change,
        start: Record,
        moves: bool = True,
    ) -> E:
        """Merge into `start`, assign, move, check and write."""
        known = self._command(command)
        names = self._fields.difference(ENVELOPE)
        record = merge(start, {name: each for name, each in change.body.items() if name in names})
        sources.assign(ctx, record, known.sets, change.body, change.parameters)
        if moves and self._lifecycle.governs(command):
            to = await self._target(ctx, command, change.before, change.before, change.inputs)
            record[self.spec.state_field or ""] = to
        await self._requirements.check(ctx, command, change.before, change.inputs)
        record = to_record(self._entity(replace(change, after=record)))
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
            raise self._requirements.taken(command, error.fields) from error
        if not stored:
            raise VERSION_CONFLICT()
        await self.emit(ctx, known.emits, replace(change, after=to_record(entity)))
        return entity

    def _command(self, command: str) -> Command:
        return self.spec.commands[command]

    def _new(self, ctx: Context, known: Command, change: Change) -> Record:
        """Input, assignments, envelope; the envelope cannot be chosen."""
        fields = {name: each for name, each in change.inputs.items() if name in self._fields}
        record = merge(self._defaults(), fields)
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
        inputs: Mapping[str, Any],
    ) -> str:
        async def stands(names: frozenset[str]) -> bool:
            return await self.grants.stands(ctx, names, subject)

        return await self._lifecycle.target(ctx, command, record, inputs, stands)

    async def _check_references(
        self, ctx: Context, record: Record, body: Mapping[str, Any]
    ) -> None:
        """Entities of this service that the body refers to must exist, the parent among them."""
        known = [(each.field, each.aggregate) for each in self.spec.references]
        if self.spec.part_of is not None:
            known.append((self.spec.part_of.field, self.spec.part_of.aggregate))
        for name, aggregate in known:
            value = record.get(name)
            for one in (value if isinstance(value, list) else [value]) if name in body else ():
                await self._must_exist(ctx, aggregate, {}, one, _dangling(name))

    async def _check_parent(
        self, ctx: Context, record: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> None:
        """The parent of what a path names must exist, below whatever else the path names."""
        part_of = self.spec.part_of
        if part_of is not None:
            key = record.get(part_of.field)
            await self._must_exist(ctx, part_of.aggregate, parameters, key, NOT_FOUND())

    async def _must_exist(
        self, ctx: Context, name: str, values: Mapping[str, Any], key: Any, missing: Problem
    ) -> None:
        aggregate = self._registry.get(name)
        if aggregate is None or key is None:
            return
        found = {each: value for each, value in values.items() if each in aggregate._fields}
        if await aggregate.repository.find(ctx, {**found, aggregate.spec.key: key}) is None:
            raise missing

    async def _count(self, ctx: Context, aggregate: str, filters: Mapping[str, Any]) -> int:
        return await self._registry[aggregate].repository.count(ctx, filters)

    async def _twin(
        self, ctx: Context, record: Record, parameters: Mapping[str, Any]
    ) -> Record | None:
        """The existing entity with the same unique values, where the path says it is."""
        values = {name: record[name] for name in self._identity_in(record)}
        path = {name: each for name, each in parameters.items() if name in self._fields}
        found = await self.repository.find(ctx, {**path, **values}) if values else None
        return to_record(found) if found is not None else None

    def _identity_in(self, record: Record) -> tuple[str, ...]:
        """The first unique fields that the record has."""
        complete = (each for each in self.spec.unique if all(name in record for name in each))
        return next(complete, ())

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


def _sayable(body: Body) -> frozenset[str]:
    """Names of the fields that a body could have."""
    if isinstance(body, BaseModel):
        return field_names(type(body))
    return frozenset(body or {})
