"""Access decisions: default deny, roles permit, and one forbidding policy outweighs them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.security.roles import roles_of

from . import generated
from .base import token_role
from .factors import Factors
from .generated import models, port, problems

Attributes = Mapping[str, str]

_REVIEWERS = frozenset({"compliance-officer", "org-admin", "org-owner", "security-admin"})
_RISK_AGE = 5.0
_EXPORTED = frozenset({"document:delete", "message:retract"})


def _number(text: str | None) -> float:
    try:
        return float(text or "0")
    except ValueError:
        return 0.0


def _foreign(who: str, action: str, told: Attributes) -> bool:
    del who, action
    mine = told.get("principalOrganizationId")
    return mine is not None and told.get("organizationId", mine) != mine


def _suspended(who: str, action: str, told: Attributes) -> bool:
    del who, action
    return told.get("principalStatus") == "suspended"


def _own_role(who: str, action: str, told: Attributes) -> bool:
    return action == "member:change-role" and told.get("userId") == who


def _own_refund(who: str, action: str, told: Attributes) -> bool:
    big = _number(told.get("amountMinor")) > 100_000
    return action == "payment:approve-refund" and big and told.get("requestedBy") == who


def _own_order(who: str, action: str, told: Attributes) -> bool:
    big = _number(told.get("totalMinor")) > 5_000_000
    return action == "order:approve" and big and told.get("placedBy") == who


def _sealed(who: str, action: str, told: Attributes) -> bool:
    del who
    return action == "file:download" and told.get("status") == "quarantined"


def _abroad(who: str, action: str, told: Attributes) -> bool:
    del who, action
    return told.get("residency") == "eu" and told.get("region", "eu-west-1") != "eu-west-1"


def _held(who: str, action: str, told: Attributes) -> bool:
    del who
    return action in _EXPORTED and told.get("legalHold") == "true"


def _risky(who: str, action: str, told: Attributes) -> bool:
    del who, action
    risk = _number(told.get("riskScore"))
    return risk >= 0.9 or (risk >= 0.7 and _number(told.get("mfaAgeMinutes")) > _RISK_AGE)


_FORBIDS: dict[str, Callable[[str, str, Attributes], bool]] = {
    "pol01-tenant-isolation": _foreign,
    "pol05-suspended-nothing": _suspended,
    "pol07-admin-not-self": _own_role,
    "pol08-billing-duty": _own_order,
    "pol09-refund-limit": _own_refund,
    "pol10-quarantine-sealed": _sealed,
    "pol11-residency": _abroad,
    "pol15-legal-hold": _held,
    "pol20-risk-step-up": _risky,
}
_RELATING = ("ownerId", "userId", "managerId", "editorId", "readerId", "assigneeId")


class Decisions(Factors):
    """The handler of access decisions, and what roles permit."""

    def permits(self, roles: Iterable[str], permission: str) -> bool:
        """Whether one of the roles holds a permission, if only for what one is related to."""
        return self._allows(roles, permission, related=True)

    def _allows(self, roles: Iterable[str], permission: str, *, related: bool) -> bool:
        table = roles_of(generated)
        return any(
            table[each].allows(permission, related=related) for each in roles if each in table
        )

    def system_roles(self, roles: Iterable[str]) -> list[models.SystemRole]:
        """Roles of tokens as the contract calls them."""
        return [each for each in models.SystemRole if token_role(each) in set(roles)]

    async def evaluate_access(
        self, ctx: Context, request: port.EvaluateAccess
    ) -> models.AccessDecisions:
        """Decide each question; people ask about themselves unless they may review."""
        questions = request.body.questions
        others = any(str(each.principal_id) != ctx.principal.subject for each in questions)
        person = ctx.principal.kind == "user" and not ctx.principal.roles & _REVIEWERS
        if person and others:
            raise problems.NOT_ONESELF("what others may is for reviewers to ask")
        held: dict[UUID, frozenset[str]] = {}
        for each in questions:
            if each.principal_id not in held:
                held[each.principal_id] = await self.roles(ctx, each.principal_id)
        decisions = [self._decide(ctx, each, held[each.principal_id]) for each in questions]
        return models.AccessDecisions(decisions=decisions)

    def _decide(
        self,
        ctx: Context,
        question: models.EvaluateAccessRequestQuestionsItem,
        roles: frozenset[str],
    ) -> models.AccessDecisionsDecisionsItem:
        told = {each.name: each.value for each in question.attributes or ()}
        told["principalOrganizationId"] = str(ctx.tenant)
        who, action = str(question.principal_id), question.action
        deny, allow = models.AccessEffect.deny, models.AccessEffect.allow
        for name, forbids in _FORBIDS.items():
            if forbids(who, action, told):
                return models.AccessDecisionsDecisionsItem(effect=deny, policy=name)
        related = any(told.get(each) == who for each in _RELATING)
        if self._allows(roles, action, related=related):
            return models.AccessDecisionsDecisionsItem(effect=allow)
        return models.AccessDecisionsDecisionsItem(effect=deny)
