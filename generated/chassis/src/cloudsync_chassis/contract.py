"""For tests of services: does each operation answer as the published contract says?

A generated service brings one example request per operation; the answers are held against its
contract with `jsonschema`, which only the tests need.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

import httpx
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cloudsync_chassis import clock, hostile
from cloudsync_chassis.cases import BY_NAME, GRAPHQL, RPC, Case
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.hostile import UnsayableError
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import (
    FORBIDDEN,
    HANDLER_MISSING,
    ILLEGAL_TRANSITION,
    NOT_FOUND,
    Problem,
)
from cloudsync_chassis.propagation import TENANT_HEADER, Trace
from cloudsync_chassis.published import document, resolved
from cloudsync_chassis.security.principal import Kind, Principal, workload
from cloudsync_chassis.store import system
from cloudsync_chassis.store.database import refused
from cloudsync_chassis.store.repository import UniqueViolationError
from cloudsync_chassis.store.shared import Shared
from cloudsync_chassis.testing import Running

R = TypeVar("R")

_REFUSED = frozenset(each.slug for each in (ILLEGAL_TRANSITION, NOT_FOUND, FORBIDDEN))
"""How an entity in such a state answers: its store may not hold it, relations to it may end."""

_MOMENT = re.compile(r"\{now([+-]\d+)?\}")
"""`{now-60}`: a minute ago."""

_SEED = Operation(id="seed", access="workload", writes=True)


@dataclass(frozen=True)
class Tenant:
    """One person of one organisation, who asks everything that a case needs."""

    subject: UUID = field(default_factory=uuid7)
    organization: UUID = field(default_factory=uuid7)

    def filled(self, values: Any) -> Any:
        """The values with the marks of both, and of times, replaced."""
        if isinstance(values, Mapping):
            return {name: self.filled(each) for name, each in values.items()}
        if isinstance(values, list):
            return [self.filled(each) for each in values]
        if not isinstance(values, str):
            return values
        moment = _MOMENT.fullmatch(values)
        if moment is not None:
            return (clock.now() + timedelta(seconds=int(moment[1] or 0))).isoformat()
        named = values.replace("{organization}", str(self.organization))
        return named.replace("{subject}", str(self.subject))


class Bench:
    """A service, started once for many questions; `start` is its `started`."""

    def __init__(
        self,
        start: Callable[[Path], AbstractAsyncContextManager[Running]],
        state: Path,
    ) -> None:
        self._running = start(state)
        self._runner = asyncio.Runner()
        self._service: Running | None = None

    def __enter__(self) -> Bench:
        self._service = self._runner.run(self._running.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._running.__aexit__(kind, error, trace))
        self._runner.close()

    @property
    def service(self) -> Running:
        """The running service."""
        if self._service is None:
            raise RuntimeError("the service is not running; use `with`")
        return self._service

    def ready(self) -> bool:
        """Whether the service would be sent requests."""
        return self._runner.run(self.service.ready())

    def get(self, path: str) -> httpx.Response:
        """A request without a token."""
        return self._runner.run(self.service.http.get(path))

    def ask(
        self,
        case: Case,
        *,
        token: bool = True,
        tenant: Tenant | None = None,
        principal: Principal | None = None,
        empty: bool = True,
    ) -> httpx.Response:
        """The answer to a case, asked of an empty store but for what the case needs.

        By somebody of a new organisation whom the model lets in, if nobody else is named. Not
        `empty`: of the store as it is, which is quicker.
        """
        owner = tenant or Tenant()
        return self.run(self._ask(case, owner, token, empty=empty, principal=principal))

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """What a coroutine of the service returns."""
        return self._runner.run(work)

    def keep(self, case: Case, tenant: Tenant) -> None:
        """Put what the case needs into the store, beside what is there; it stays after the end."""
        self._runner.run(self._seeded(case, tenant))

    def strays(self, case: Case) -> list[str]:
        """Where the command leaves its life cycle: states in which it is carried out and should
        not be, or is refused by another name, or is refused as illegal and should not be.

        A handler may refuse by names of its own. Nothing where no life cycle rules the command, or
        what it works on is not among the seeds.
        """
        found: list[str] = []
        if not any(each["aggregate"] == case.aggregate for each in case.seeds):
            return found
        for state in case.illegal:
            slug = self._refusal(case, state)
            if slug not in _REFUSED and not (case.custom and slug):
                found.append(f"{state}: {slug or 'carried out'}")
        for state in case.legal:
            if self._refusal(case, state) == ILLEGAL_TRANSITION.slug:
                found.append(f"{state}: illegal")
        return found

    def hostile(self, case: Case) -> list[str]:
        """Where text that would be a command elsewhere is more than text: faults of the answers.

        Every text of the body, the path and the query is replaced in turn. An answer is one that
        the contract has, and where it repeats the field, the text in it is the one that was sent.
        """
        found = []
        for place, changed in hostile.variants(case):
            try:
                answer = self.ask(changed)
            except UnsayableError:
                continue
            faults = self.faults(changed, answer)
            if answer.status_code >= 500 and not faults:
                faults = [] if case.custom else [f"status {answer.status_code}"]
            found += [f"{place}: {each}" for each in (*faults, *hostile.altered(place, answer))]
        return found

    def leaks(self, case: Case) -> list[str]:
        """What a caller of another organisation learns or does: ids of seeds that the answer tells,
        and those that the request named and was not refused for. What is shared is no secret.
        """
        owner, stranger = Tenant(), Tenant()
        answer = self.run(self._ask(case, owner, True, stranger))
        asked = json.dumps(owner.filled([case.parameters, case.query, case.body]))
        own = [s for s in case.seeds if self._home(s["aggregate"], owner) == owner.organization]
        ids = {str(owner.filled(each["values"]["id"])) for each in own}
        named = {each for each in ids if each in asked}
        found = named if answer.is_success and not _is_empty_page(answer) else set()
        return sorted(found | {each for each in ids - named if each in answer.text})

    def _refusal(self, case: Case, state: str) -> str:
        """The slug of the refusal where what the case works on is in that state, or nothing.

        It is `not-found` where the store takes no entity in that state.
        """
        seeds = tuple(
            (
                each
                if each["aggregate"] != case.aggregate
                else {**each, "values": {**each["values"], case.state_field: state}}
            )
            for each in case.seeds
        )
        answer = self.ask(replace(case, seeds=seeds))
        if answer.is_success:
            return ""
        return str(answer.json().get("type", "")).rpartition("/")[2]

    async def _ask(
        self,
        case: Case,
        tenant: Tenant,
        token: bool,
        caller: Tenant | None = None,
        *,
        empty: bool = True,
        principal: Principal | None = None,
    ) -> httpx.Response:
        if empty:
            await self._empty()
        if token and empty:
            await self._seeded(case, tenant)
        asking = principal or self._caller(case, caller or tenant)
        headers = (self._token(asking) if token else {}) | dict(case.headers)
        body = tenant.filled(case.body)
        if case.method == RPC:
            assert self.service.rpc is not None, "no gRPC service"
            values = {**(body or {}), **tenant.filled(case.parameters)}
            return await self.service.rpc.ask(case.path, values, headers)
        if case.method == GRAPHQL:
            assert self.service.graphql is not None, "no schema"
            parameters = tenant.filled(case.parameters)
            return await self.service.graphql.ask(case.path, parameters, body, headers)
        content = None
        if case.media and case.body is not None:
            headers["Content-Type"] = case.media
            content = json.dumps(body)
        return await self.service.http.request(
            case.method,
            case.path.format_map(tenant.filled(case.parameters)),
            params=dict(case.query),
            headers=headers,
            content=content,
        )

    async def _empty(self) -> None:
        runtime = self.service.runtime
        tables = [
            table
            for metadata in (runtime.spec.tables, system.metadata)
            for table in reversed(metadata.sorted_tables)
        ]
        hold = sa.select(*(sa.exists(sa.select(sa.literal(1)).select_from(t)) for t in tables))

        async def clear() -> None:
            async with runtime.database.transaction(write=True) as connection:
                (found,) = (await connection.execute(hold)).all()
                for table, filled in zip(tables, found, strict=True):
                    if filled:
                        await connection.execute(table.delete())

        try:
            await clear()
        except DBAPIError as error:  # what the service does by itself was in the way
            if not refused(error):
                raise
            await clear()

    async def _seeded(self, case: Case, tenant: Tenant) -> None:
        for each in case.seeds:
            await self._seed(each["aggregate"], tenant.filled(each["values"]), tenant)

    async def _seed(self, name: str, values: Mapping[str, Any], tenant: Tenant) -> None:
        """Put an entity into the store, as if the service had made it."""
        runtime = self.service.runtime
        aggregate = runtime.aggregates[name]
        home = self._home(name, tenant)
        moved = {"organizationId": str(home)} if home != tenant.organization else {}
        entity = from_record(aggregate.spec.model, {**values, **moved})
        me = workload(runtime.spec.name, home)

        async def insert(ctx: Context) -> None:
            await aggregate.repository.insert(ctx, entity)

        # then the contract says what is missing
        with suppress(Problem, UniqueViolationError, ValueError):
            await runtime.executor.run(_SEED, Incoming(principal=me, trace=Trace.new()), insert)

    def _home(self, aggregate: str, tenant: Tenant) -> UUID:
        """The organisation that keeps such entities: the tenant, or the one that shares them."""
        repository = self.service.runtime.aggregates[aggregate].repository
        return repository.organization if isinstance(repository, Shared) else tenant.organization

    def _caller(self, case: Case, tenant: Tenant) -> Principal:
        """A caller whom the model lets in."""
        subject, roles = str(tenant.subject), frozenset(case.roles)
        kind: Kind = "user"
        if case.access == "workload" or case.alone:
            subject, kind = next(iter(case.callers), self.service.runtime.spec.name), "workload"
            roles = frozenset({"workload"})
        return Principal(subject, kind, tenant.organization, roles, frozenset(case.scopes))

    def _token(self, principal: Principal) -> dict[str, str]:
        """The headers that prove who asks."""
        runtime = self.service.runtime
        token = runtime.identity.issuer().issue(principal, [runtime.spec.name])
        return {
            "Authorization": f"Bearer {token}",
            TENANT_HEADER: str(principal.organization_id),
        }

    def faults(self, case: Case, answer: httpx.Response) -> list[str]:
        """What the contract does not say of the answer; nothing if it answers as it should."""
        if case.custom and answer.status_code == HANDLER_MISSING.status:
            slug = str(answer.json().get("type", "")).rpartition("/")[2]
            return [] if slug == HANDLER_MISSING.slug else [f"{slug} is no missing handler"]
        if case.method in BY_NAME:
            return [] if _is_told(case, answer) else [f"{answer.status_code}: {answer.text}"]
        path = self.service.runtime.spec.contract
        found = document(path) if path is not None else {}
        return list(_faults(found, case, answer))


def _is_told(case: Case, answer: httpx.Response) -> bool:
    """Whether an RPC answered, or refused with a problem: of the service's own making only with
    one that the model declares.
    """
    if answer.is_success:
        return True
    slug = str(answer.json().get("type", "")).rpartition("/")[2]
    return bool(slug) and (answer.status_code < 500 or slug in case.refusals)


def _is_empty_page(answer: httpx.Response) -> bool:
    content = answer.json() if answer.content else None
    return isinstance(content, Mapping) and content.get("items") == []


def _faults(contract: Mapping[str, Any], case: Case, answer: httpx.Response) -> Iterator[str]:
    operation = contract["paths"][case.path][case.method.lower()]
    declared = operation["responses"].get(str(answer.status_code))
    if declared is None:
        yield f"status {answer.status_code} is not declared: {answer.text[:500]}"
        return
    response = resolved(contract, declared)
    for name, each in response.get("headers", {}).items():
        if resolved(contract, each).get("required") and name not in answer.headers:
            yield f"header {name} is missing"
    content = response.get("content", {})
    if not content:
        if answer.content:
            yield "a body that the contract does not have"
        return
    media = answer.headers.get("content-type", "").partition(";")[0]
    if media not in content:
        yield f"media type {media!r} is not declared"
        return
    from jsonschema import Draft202012Validator

    schema = {**content[media]["schema"], "components": contract["components"]}
    for error in Draft202012Validator(schema).iter_errors(answer.json()):
        yield f"{error.json_path}: {error.message}"
