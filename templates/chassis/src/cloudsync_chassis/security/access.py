"""What a caller may do: roles by permission, and the services that may call an operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import refused

AccessTable = Mapping[str, frozenset[str]]
"""Permission (`document:share`) → roles that hold it."""


def by_roles(*rows: tuple[tuple[str, ...], tuple[str, ...]]) -> AccessTable:
    """The table of rows (roles, permissions that all of them hold); no permission comes twice."""
    return {permission: frozenset(roles) for roles, held in rows for permission in held}


def heirs(roles: frozenset[str], inherits: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """These roles and all that inherit from any of them (role → roles whose rights it has too)."""
    found = set(roles)
    while more := {each for each, held in inherits.items() if found & set(held)} - found:
        found |= more
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what: `full` for everything of the tenant, `related` only for one's own things.

    A role of `related` needs, besides, one of the operation's relations to the entity.
    """

    full: AccessTable
    related: AccessTable = field(default_factory=dict)


def authorize(operation: Operation, principal: Principal, access: Access) -> None:
    """Refuse a caller whom the model does not let in; deny is the default.

    Whether a caller stands in a relation to the entity is decided once it is loaded.

    Raises:
        Problem: `unauthenticated` or `forbidden`.
    """
    if operation.access == "public":
        return
    if not principal.authenticated:
        raise refused()
    if principal.kind == "workload":
        allowed = _workload_may(operation, principal)
    elif operation.access == "workload":
        allowed = False
    else:
        allowed = holds(operation, principal, access) or may_hold(operation, principal, access)
    if not allowed:
        raise FORBIDDEN(f"{operation.permission or operation.id} is not granted")


def require_own(principal: Principal, organization: UUID) -> None:
    """Refuse a request that names another organisation than the one that its caller works in.

    Whoever works for the platform itself may name any: its people, and workloads that act for all.

    Raises:
        Problem: `forbidden`.
    """
    if principal.organization_id not in (organization, PLATFORM):
        raise FORBIDDEN("what is asked for belongs to another organisation")


def granting(operation: Operation, principal: Principal, access: Access) -> frozenset[str]:
    """The caller's roles that grant the operation, for everything or for related things."""
    held = (table.get(operation.permission or "", frozenset()) for table in _tables(access))
    return principal.roles & frozenset[str]().union(*held)


def _tables(access: Access) -> tuple[AccessTable, AccessTable]:
    return access.full, access.related


def holds(operation: Operation, principal: Principal, access: Access) -> bool:
    """Whether the roles alone grant the operation; without one, relations decide."""
    if operation.permission is None:
        return not operation.relations
    return bool(access.full.get(operation.permission, frozenset()) & principal.roles)


def may_hold(operation: Operation, principal: Principal, access: Access) -> bool:
    """Whether the roles grant the operation for things to which the caller has a relation."""
    if not operation.relations:
        return False
    if operation.permission is None:
        return True
    return bool(access.related.get(operation.permission, frozenset()) & principal.roles)


def _workload_may(operation: Operation, principal: Principal) -> bool:
    return principal.subject in operation.callers or (
        operation.permission is not None and operation.permission in principal.scopes
    )
