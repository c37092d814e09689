"""The caller of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Kind = Literal["user", "workload", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. `organization_id` is the tenant; a workload acts for the tenant that it names.

    `factors` (RFC 8176 names) were shown at `authenticated_at`, in seconds since the epoch.
    `assurance` is how sure the issuer is of the person (`acr`, OpenID Connect Core §2), `session`
    the sign-in that the token comes from (`sid`). `attributes` are what the issuer says besides,
    for policies. `expires_at` is when the token ends, in seconds since the epoch.
    """

    subject: str
    kind: Kind = "user"
    organization_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    factors: frozenset[str] = frozenset()
    authenticated_at: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    assurance: str | None = None
    session: str | None = None
    expires_at: float | None = field(default=None, compare=False)

    def factor_age_minutes(self, now: datetime) -> int | None:
        """Whole minutes since a second factor was shown; None without one."""
        if self.authenticated_at is None or "mfa" not in self.factors:
            return None
        return max(0, int(now.timestamp()) - self.authenticated_at) // 60

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
