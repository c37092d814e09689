"""Policies of the model as far as a service decides them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.layers.security import Policy
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.view_policies import PoliciesView, PolicyView

DECIDED_HERE = frozenset(("application", "data"))
"""Layers of defence that are the service's own; the others decide before it is asked."""

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|//[^\n]*')
_PARTS = "principal|resource|context"
_READ = re.compile(rf"\b({_PARTS})\.([A-Za-z_]\w*)|\b({_PARTS})\s+has\s+([A-Za-z_]\w*)")
_GUARD = re.compile(
    rf"\b({_PARTS})\s+has\s+([A-Za-z_]\w*)|\bhas\(\s*({_PARTS})\.([A-Za-z_]\w*)\s*\)"
)


def policies_of(facts: ServiceFacts) -> PoliciesView:
    """The policies that concern an operation of the service and are enforced by it.

    One is decided for an operation if the entities there have what its condition reads of them: a
    forbid may ask with `has` first, a permit needs everything, since it would else permit less than
    the model does.
    """
    decided: list[PolicyView] = []
    undecided: list[tuple[str, tuple[str, ...]]] = []
    subjects: dict[str, str] = {}
    for policy in facts.model.all(Policy):
        if policy.enforced_at not in DECIDED_HERE:
            continue
        concerned = [(each, _lacking(facts, policy, each)) for each in _concerned(facts, policy)]
        apart = [name_of(each.id) for each, lacking in concerned if lacking]
        if apart:
            lacked = {name for _, lacking in concerned for name in lacking}
            undecided.append((name_of(policy.id), tuple(sorted(lacked))))
        roles = _roles(facts, policy)
        if len(apart) < len(concerned) and (roles or not policy.roles):
            decided.append(_view(facts, policy, roles, apart))
            subjects |= {name_of(each.id): name_of(each.aggregate) for each, _ in concerned}
    by_role = any("Role::" in each.condition for each in decided)
    return PoliciesView(
        decided=tuple(decided),
        subjects=dict(sorted(subjects.items())),
        undecided=tuple(undecided),
        inherits=facts.system.grants.inherited() if by_role else (),
    )


def _view(
    facts: ServiceFacts, policy: Policy, roles: frozenset[str], apart: Iterable[str]
) -> PolicyView:
    asked = {each.permission for each in facts.performed if each.permission}
    resources = {each.partition(":")[0] for each in asked} & set(map(name_of, policy.resources))
    return PolicyView(
        id=name_of(policy.id),
        effect=policy.effect,
        language=policy.language,
        condition=policy.condition.strip(),
        permissions=tuple(sorted(asked & set(policy.permissions))),
        resources=() if policy.permissions else tuple(sorted(resources)),
        apart=tuple(sorted(apart)),
        roles=tuple(sorted(roles)),
        reads=tuple(sorted(reads(policy.condition))),
    )


def reads(condition: str) -> frozenset[str]:
    """The attributes that a condition speaks of: `resource.ownerId`."""
    return _attributes(_READ, condition)


def asked_for(condition: str) -> frozenset[str]:
    """Those whose absence the condition provides for."""
    return _attributes(_GUARD, condition)


def _attributes(pattern: re.Pattern[str], condition: str) -> frozenset[str]:
    text = _TEXT.sub('""', condition)
    found = (each.groups() for each in pattern.finditer(text))
    return frozenset(f"{a or c}.{b or d}" for a, b, c, d in found)


def _concerned(facts: ServiceFacts, policy: Policy) -> Iterator[Command | Query]:
    """Operations of its permissions; of its resources where it names none; else all."""
    resources = {name_of(each) for each in policy.resources}
    for performed in facts.performed:
        permission = performed.permission or ""
        if policy.permissions:
            concerned = permission in policy.permissions
        elif resources:
            concerned = permission.partition(":")[0] in resources
        else:
            concerned = performed.access != "public"
        if concerned:
            yield performed


def _lacking(facts: ServiceFacts, policy: Policy, performed: Command | Query) -> tuple[str, ...]:
    """What the condition reads of an entity that no entity of the operation has."""
    needed = reads(policy.condition)
    if policy.effect == "forbid":
        needed -= asked_for(policy.condition)
    aggregate = facts.aggregates.get(performed.aggregate)
    held = facts.schema(aggregate.schema).get("properties", {}) if aggregate else {}
    return tuple(
        sorted(
            each
            for each in needed
            if each.startswith("resource.") and each.removeprefix("resource.") not in held
        )
    )


def _roles(facts: ServiceFacts, policy: Policy) -> frozenset[str]:
    """Names of the roles whose callers it concerns, with those that inherit from them.

    A permit restricts a role only where nothing else gives it the permission.
    """
    grants = facts.system.grants
    if policy.effect == "forbid":
        return grants.heirs(policy.roles)
    return frozenset[str]().union(
        *(grants.only_by(each, _named(facts, each)) for each in policy.permissions)
    ) & grants.heirs(policy.roles)


def _named(facts: ServiceFacts, permission: str) -> set[str]:
    """Roles that permits name for a permission."""
    return {
        role
        for each in facts.model.all(Policy)
        if each.effect == "permit" and permission in each.permissions
        for role in each.roles
    }
