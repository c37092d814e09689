"""Access decisions: default deny, roles permit, and one forbidding policy outweighs them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from uuid import UUID

from cloudsync_chassis.context import Context

from .base import token_role
from .factors import Factors
from .generated import models, port, problems

Attributes = Mapping[str, str]

_REVIEWERS = frozenset({"compliance-officer", "org-admin", "org-owner", "security-admin"})
_RISK_AGE = 5.0
_EXPORTED = frozenset({"document:delete", "message:retract"})


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    """What the security model grants: role → everything of its kind, or what one is related to."""
    text = resources.files(__package__).joinpath("permissions.json").read_text()
    found: dict[str, dict[str, list[str]]] = json.loads(text)
    return found


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
        return any(
            permission in _table().get(each, {}).get(kind, ())
            for each in roles
            for kind in ("full", "related")
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
        kinds = ("full", "related") if related else ("full",)
        table = _table()
        if any(action in table.get(role, {}).get(kind, ()) for role in roles for kind in kinds):
            return models.AccessDecisionsDecisionsItem(effect=allow)
        return models.AccessDecisionsDecisionsItem(effect=deny)
