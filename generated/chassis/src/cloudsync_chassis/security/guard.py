"""Policies at work: decided before an operation begins, and on each entity that it is shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel

from cloudsync_chassis.expressions import ExpressionError
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import Record, attribute_values, to_record
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.security.policies import (
    Policy,
    PolicyTable,
    Request,
    Supplier,
    Surroundings,
    UndecidedError,
    attributes,
    compiled,
)

if TYPE_CHECKING:
    from cloudsync_chassis.context import Context
    from cloudsync_chassis.operation import Operation
    from cloudsync_chassis.security.principal import Principal

log = logger("policies")

_REMEMBERED = 4096
_PLAIN = (str, int, float, UUID, date, NoneType)


class Policies:
    """All policies of a service. `strict`: one whose attributes nobody supplies refuses.

    Otherwise it is passed over with a line in the log, so that a service works on one machine
    before anything supplies them.
    """

    def __init__(self, table: PolicyTable, surroundings: Surroundings, strict: bool = True) -> None:
        self._conditions = {each.id: compiled(each, table.inherits) for each in table.rules}
        self.table = table
        self._surroundings = surroundings
        self._strict = strict
        self._decided: dict[Hashable, bool] = {}
        self._concerned: dict[Hashable, tuple[tuple[Policy, ...], tuple[Policy, ...]]] = {}

    def supply(self, name: str, supplier: Supplier) -> None:
        """Where `context.<name>` comes from, for each operation that a policy asks it of."""
        self._surroundings.suppliers[name] = supplier

    def guard(
        self, operation: Operation, principal: Principal, granting: frozenset[str]
    ) -> Guard | None:
        """What guards an operation of a caller to whom the roles `granting` grant it.

        Permits restrict those roles which they name: one that none of them names needs none.
        """
        asked = operation, principal.kind, principal.roles, granting
        known = self._concerned.get(asked)
        if known is None:
            while len(self._concerned) >= _REMEMBERED:
                self._concerned.pop(next(iter(self._concerned)))
            known = self._concerned[asked] = self._concerning(*asked)
        forbids, permits = known
        return Guard(self, forbids, permits) if forbids or permits else None

    def _concerning(
        self, operation: Operation, kind: str, roles: frozenset[str], granting: frozenset[str]
    ) -> tuple[tuple[Policy, ...], tuple[Policy, ...]]:
        """What forbids and what permits the operation to callers of a kind with these roles."""
        concerned = [each for each in self.table.rules if each.concerns(operation)]
        forbids = [
            each
            for each in concerned
            if each.effect == "forbid" and (not each.roles or each.roles & roles)
        ]
        permits = [each for each in concerned if each.effect == "permit"]
        named = frozenset[str]().union(*(each.roles for each in permits))
        if any(not each.roles for each in permits):
            named |= granting
        if kind != "user" or not granting or granting - named:
            permits = []
        permits = [each for each in permits if not each.roles or each.roles & granting]
        return tuple(forbids), tuple(permits)

    async def request(
        self, ctx: Context, record: Record | None, policies: Sequence[Policy]
    ) -> Request:
        """What these policies are asked about."""
        reads = frozenset[str]().union(*(each.reads for each in policies))
        return await self._surroundings.request(ctx, record, reads)

    def applies(self, policy: Policy, request: Request) -> bool:
        """Whether a policy applies; of two requests that say the same to it, it is asked once.

        Raises:
            UndecidedError: its condition cannot be evaluated.
        """
        told = request.told(policy)
        known = self._decided.get(told) if told is not None else None
        if known is not None:
            return known
        try:
            found = self._conditions[policy.id].applies(request)
        except ExpressionError as error:
            raise UndecidedError(request.missing(policy), str(error)) from error
        if told is not None:
            while len(self._decided) >= _REMEMBERED:
                self._decided.pop(next(iter(self._decided)))
            self._decided[told] = found
        return found

    def refuses(self, policy: Policy, request: Request) -> bool:
        """Whether a policy stands against the request; one that cannot be decided does."""
        try:
            return self.applies(policy, request) is (policy.effect == "forbid")
        except UndecidedError as error:
            # the evaluator's own words may quote a value: only names of attributes are logged
            passed = bool(error.missing) and not self._strict
            log.warning(
                "policy_undecided", policy=policy.id, missing=list(error.missing), passed=passed
            )
            return not passed


class Guard:
    """The policies of one operation of one caller."""

    def __init__(
        self, policies: Policies, forbids: Sequence[Policy], permits: Sequence[Policy]
    ) -> None:
        self._policies = policies
        self._forbids = tuple(forbids)
        self._permits = tuple(permits)
        self.decides = tuple(each.id for each in (*forbids, *permits))
        """The policies that are asked."""
        self.owed = bool(permits)
        """Whether a permit has to hold still: an operation that ends so is refused."""

    async def begin(self, ctx: Context) -> None:
        """Decide what needs no entity.

        Raises:
            Problem: `forbidden`, naming the policy.
        """
        early = [each for each in self._forbids if not each.reads_resource]
        early_permits = [each for each in self._permits if not each.reads_resource]
        request = await self._policies.request(ctx, None, [*early, *early_permits])
        self._deny(ctx, early, request)
        if any(not self._policies.refuses(each, request) for each in early_permits):
            self.owed, self._permits = False, ()
        elif early_permits and len(early_permits) == len(self._permits):
            raise self._refused(ctx, self._permits[0])

    async def require(self, ctx: Context, aggregate: str, record: Record) -> None:
        """Decide on an entity.

        Raises:
            Problem: `forbidden`, naming the policy.
        """
        forbids = self._about(ctx, self._forbids, aggregate)
        permits = self._about(ctx, self._permits, aggregate)
        if not forbids and not permits:
            return
        request = await self._policies.request(ctx, record, [*forbids, *permits])
        self._deny(ctx, forbids, request)
        if permits and all(self._policies.refuses(each, request) for each in permits):
            raise self._refused(ctx, permits[0])
        self.owed = self.owed and not permits

    async def visible(
        self, ctx: Context, aggregate: str, entities: Sequence[BaseModel]
    ) -> frozenset[int]:
        """Places of the entities that no policy hides."""
        forbids = self._about(ctx, self._forbids, aggregate)
        permits = self._about(ctx, self._permits, aggregate)
        if not forbids and not permits:
            return frozenset(range(len(entities)))
        concerned = [*forbids, *permits]
        asked = await self._policies.request(ctx, None, concerned)
        read = attributes(concerned, "resource")
        found = set()
        decided: dict[Hashable, bool] = {}
        for place, entity in enumerate(entities):
            told = _told(entity, read)
            shown = decided.get(told) if told is not None else None
            if shown is None:
                request = asked.about(to_record(entity, read), concerned)
                shown = self._shows(request, forbids, permits)
                if told is not None:
                    decided[told] = shown
            if shown:
                found.add(place)
        self.owed = self.owed and not permits
        return frozenset(found)

    def _shows(
        self, request: Request, forbids: Sequence[Policy], permits: Sequence[Policy]
    ) -> bool:
        """Whether no policy hides the entity that a request is about."""
        if any(self._policies.refuses(each, request) for each in forbids):
            return False
        return not permits or not all(self._policies.refuses(each, request) for each in permits)

    def _about(
        self, ctx: Context, policies: Sequence[Policy], aggregate: str
    ) -> tuple[Policy, ...]:
        """Those that are decided by an entity of that aggregate."""
        if self._policies.table.subjects.get(ctx.operation.id) != aggregate:
            return ()
        return tuple(each for each in policies if each.reads_resource)

    def _deny(self, ctx: Context, forbids: Sequence[Policy], request: Request) -> None:
        for each in forbids:
            if self._policies.refuses(each, request):
                raise self._refused(ctx, each)
        if forbids:
            log.debug("policies_decided", policies=[each.id for each in forbids], decision="allow")

    def _refused(self, ctx: Context, policy: Policy) -> Exception:
        log.info(
            "policies_decided",
            policies=[policy.id],
            decision="deny",
            caller=ctx.principal.kind,
        )
        return FORBIDDEN(f"the policy {policy.id} refuses it", policy=policy.id)


def _told(entity: BaseModel, names: frozenset[str]) -> Hashable | None:
    """What an entity says by these names, where that can be compared: two that say the same are
    shown alike.
    """
    values = attribute_values(entity, names)
    kinds = tuple(map(type, values))
    return (kinds, values) if _comparable(kinds) else None


@cache
def _comparable(kinds: tuple[type, ...]) -> bool:
    return all(issubclass(each, _PLAIN) for each in kinds)
