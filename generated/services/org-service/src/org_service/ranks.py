"""Who may give which role."""

from __future__ import annotations

from cloudsync_chassis.context import Context

from .generated import problems
from .generated.models import MemberRole

_RANKS = {
    MemberRole.guest: 0,
    MemberRole.member: 1,
    MemberRole.team_manager: 2,
    MemberRole.billing_admin: 3,
    MemberRole.compliance_officer: 3,
    MemberRole.security_admin: 3,
    MemberRole.org_admin: 4,
    MemberRole.org_owner: 5,
}
_BY_TOKEN = {
    "guest": 0,
    "member": 1,
    "team-manager": 2,
    "workload": 2,
    "billing-admin": 3,
    "compliance-officer": 3,
    "security-admin": 3,
    "org-admin": 4,
    "org-owner": 5,
}
"""Directories act as workloads: what they bring in is no administrator."""


def require_not_above(ctx: Context, *roles: MemberRole) -> None:
    """Refuse to touch a role that ranks above the caller's.

    Raises:
        Problem: `role-above-own`.
    """
    own = max((_BY_TOKEN.get(each, -1) for each in ctx.principal.roles), default=-1)
    for role in roles:
        if _RANKS[role] > own:
            raise problems.ROLE_ABOVE_OWN(f"{role} ranks above the roles of the caller")
