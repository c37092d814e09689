"""The caller of an operation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

Kind = Literal["user", "workload", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. `organization_id` is the tenant; a workload acts for the tenant that it names."""

    subject: str
    kind: Kind = "user"
    organization_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()

    @property
    def authenticated(self) -> bool:
        """Whether a token proved the identity."""
        return self.kind != "anonymous"

    def acting_for(self, organization_id: UUID | None) -> Principal:
        """The same caller within a tenant; only workloads and anonymous callers may choose it."""
        if organization_id is None or self.kind == "user":
            return self
        return replace(self, organization_id=organization_id)


ANONYMOUS = Principal("anonymous", "anonymous")


def workload(name: str, organization_id: UUID | None = None) -> Principal:
    """A service acting on its own, e.g. when it handles an event."""
    return Principal(name, "workload", organization_id, frozenset({"workload"}))
