"""What a caller may do: roles by permission, and the services that may call an operation."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import refused

AccessTable = Mapping[str, frozenset[str]]
"""Permission (`document:share`) → roles that hold it."""


def authorize(operation: Operation, principal: Principal, table: AccessTable) -> None:
    """Refuse a caller whom the model does not let in; deny is the default.

    A relation to the entity may stand in for a role; the aggregate decides that once it is loaded.

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
        allowed = holds(operation, principal, table) or bool(operation.relations)
    if not allowed:
        raise FORBIDDEN(f"{operation.permission or operation.id} is not granted")


def holds(operation: Operation, principal: Principal, table: AccessTable) -> bool:
    """Whether the roles alone grant the operation."""
    if operation.permission is None:
        return True
    return bool(table.get(operation.permission, frozenset()) & principal.roles)


def _workload_may(operation: Operation, principal: Principal) -> bool:
    return principal.subject in operation.callers or (
        operation.permission is not None and operation.permission in principal.scopes
    )
