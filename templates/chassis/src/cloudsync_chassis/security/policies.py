"""Rules beyond roles (ABAC): what the model permits or forbids by the attributes of a request.

A condition speaks of four things, in CEL by name and in Cedar as the request's parts:

    principal   id, kind, roles, organizationId, and the token's `attributes`
    resource    the entity, by the names of its JSON Schema
    context     now, region, sourceIp, mfaAgeMinutes, assuranceLevel, sessionId, the token's
                `attributes`, what is supplied
    request     action (the permission, else the operation) and operation; CEL only

A forbid wins over whatever permits. What cannot be evaluated is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from cloudsync_chassis.context import Context
from cloudsync_chassis.expressions import ExpressionError, Rule, cel_value
from cloudsync_chassis.model import Record
from cloudsync_chassis.operation import Operation

_LONGEST_TOLD = 1000
_NAMELESS = " object at 0x"
"""In the words of what does not tell its value, so that two of them may look alike."""

Language = Literal["cel", "cedar"]
Supplier = Callable[[Context], "Any | Awaitable[Any]"]
"""What an attribute of the context is, for the operation that asks; None: it is not known."""


class UndecidedError(Exception):
    """A condition cannot be evaluated; `missing` are the attributes that it reads and nobody has.

    `fault` is the evaluator's word for it.
    """

    def __init__(self, missing: Sequence[str], fault: str) -> None:
        super().__init__(", ".join(missing) or fault)
        self.missing = tuple(missing)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule of the model, as far as it concerns a service.

    Attributes:
        id: its name in the model; all that a refused caller and the log are told.
        condition: of CEL, true where the policy applies; of Cedar, a statement of the same effect.
        permissions: concerned are the operations that ask for one of them.
        resources: without permissions: those whose permission is for one of these.
        apart: operations that it does not concern all the same: their entities lack what it reads.
        roles: whose callers it concerns; none: everybody.
        reads: the attributes that the condition speaks of, `resource.ownerId`.
    """

    id: str
    effect: Literal["permit", "forbid"]
    language: Language
    condition: str
    permissions: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()

    def concerns(self, operation: Operation) -> bool:
        """Whether an operation falls under it; without permissions and resources, each does."""
        if operation.id in self.apart or operation.access == "public":
            return False
        permission = operation.permission or ""
        if self.permissions:
            return permission in self.permissions
        return not self.resources or permission.partition(":")[0] in self.resources

    @property
    def reads_resource(self) -> bool:
        """Whether an entity has to be at hand."""
        return any(each.startswith("resource.") for each in self.reads)


def attributes(policies: Iterable[Policy], part: str) -> frozenset[str]:
    """Names of the attributes of a part (`resource`) that the policies read."""
    read = (name.partition(".") for each in policies for name in each.reads)
    return frozenset(name for found, _, name in read if found == part)


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """The rules beyond roles that a service decides.

    `subjects`: operation → the aggregate whose entities are its `resource`. `inherits`: role → the
    roles whose rights it has besides, as Cedar's `in` asks.
    """

    rules: tuple[Policy, ...] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    inherits: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """All that a condition may speak of; `attributes` by `principal`, `resource` and `context`."""

    operation: Operation
    roles: frozenset[str]
    attributes: Mapping[str, Mapping[str, Any]]

    @property
    def action(self) -> str:
        """The permission that the operation asks for, or the operation itself."""
        return self.operation.permission or self.operation.id

    def missing(self, policy: Policy) -> list[str]:
        """What the policy reads of principal and context and nobody supplies."""
        absent = []
        for name in sorted(policy.reads):
            part, _, attribute = name.partition(".")
            if part != "resource" and attribute not in self.attributes[part]:
                absent.append(name)
        return absent

    def about(self, record: Record, policies: Sequence[Policy]) -> Request:
        """The same request for another entity, as these policies see it."""
        reads = frozenset[str]().union(*(each.reads for each in policies))
        attributes = {**self.attributes, "resource": _read("resource", record, reads)}
        return replace(self, attributes=attributes)

    def told(self, policy: Policy) -> Hashable | None:
        """All that the policy's condition is told: who is told the same decides the same.

        None where that is never the same again, or too much to be kept.
        """
        if "context.now" in policy.reads:
            return None
        values = repr([self._value(name) for name in sorted(policy.reads)])
        if len(values) > _LONGEST_TOLD or _NAMELESS in values:
            return None
        return policy.id, self.operation.id, self.action, self.roles, values

    def _value(self, name: str) -> tuple[bool, Any]:
        part, _, attribute = name.partition(".")
        known = self.attributes.get(part, {})
        return attribute in known, known.get(attribute)


class Condition(Protocol):
    """A compiled condition."""

    def applies(self, request: Request) -> bool:
        """Whether it is true of the request.

        Raises:
            ExpressionError: it cannot be evaluated.
        """
        ...


class CelCondition:
    """CEL: true where the policy applies."""

    def __init__(self, expression: str) -> None:
        """Compile.

        Raises:
            ValueError: no CEL.
        """
        self._rule = Rule(expression)
        self._rule.compile()

    def applies(self, request: Request) -> bool:
        """See `Condition.applies`."""
        asked = {"action": request.action, "operation": request.operation.id}
        values = {part: cel_value(each) for part, each in request.attributes.items()}
        found = self._rule.evaluated(**values, request=asked)
        if not isinstance(found, bool):
            raise ExpressionError("neither true nor false")
        return found


def compiled(policy: Policy, inherits: Mapping[str, frozenset[str]]) -> Condition:
    """The policy's condition; `inherits`: role → the roles whose rights it has besides.

    Raises:
        ValueError: it is none of its language.
    """
    if policy.language == "cel":
        return CelCondition(policy.condition)
    # an extra: services without such policies do without
    from cloudsync_chassis.security.cedar import CedarCondition

    return CedarCondition(policy, inherits)


@dataclass
class Surroundings:
    """Where attributes of `context` come from. `fixed`: as the settings say; `region`: ours."""

    region: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    suppliers: dict[str, Supplier] = field(default_factory=dict)

    async def request(self, ctx: Context, record: Record | None, reads: frozenset[str]) -> Request:
        """What conditions that read these attributes are asked about."""
        caller = ctx.principal
        principal = {
            **caller.attributes,
            "id": caller.subject,
            "kind": caller.kind,
            "roles": sorted(caller.roles),
            "organizationId": caller.organization_id,
        }
        known = {
            **self.fixed,
            **caller.attributes,
            "now": ctx.now,
            "region": self.region,
            "sourceIp": ctx.source_ip,
            "mfaAgeMinutes": caller.factor_age_minutes(ctx.now),
            "assuranceLevel": caller.assurance,
            "sessionId": caller.session,
        }
        for name, supplier in self.suppliers.items():
            if f"context.{name}" in reads:
                value = supplier(ctx)
                known[name] = await value if inspect.isawaitable(value) else value
        parts = {"principal": principal, "resource": record or {}, "context": known}
        read = {part: _read(part, values, reads) for part, values in parts.items()}
        return Request(ctx.operation, caller.roles, read)


def _read(part: str, values: Mapping[str, Any], reads: frozenset[str]) -> dict[str, Any]:
    """Those that are read and known."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and f"{part}.{name}" in reads
    }
