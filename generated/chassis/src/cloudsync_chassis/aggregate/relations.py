"""How the caller stands to an entity: owner, self, whatever the model names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from cloudsync_chassis.aggregate.spec import Relation
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record


class Exists(Protocol):
    """Whether an aggregate of this service has an entity that passes filters."""

    async def __call__(self, ctx: Context, aggregate: str, filters: Mapping[str, Any]) -> bool:
        """Whether there is one."""
        ...


async def stands(
    ctx: Context,
    names: Iterable[str],
    record: Record,
    rules: Mapping[str, Relation],
    exists: Exists,
) -> bool:
    """Whether the caller has any of the relations to the entity; it is asked first what it says."""
    asked = [rules.get(name) or default_rule(name) for name in sorted(names)]
    if any(_direct(ctx.principal.subject, rule, record) or _open(rule, record) for rule in asked):
        return True
    for rule in asked:
        if rule.through is not None:
            leading = {**to_caller(ctx, rule), rule.parent: record.get("id")}
            if await exists(ctx, rule.through, leading):
                return True
    return False


def default_rule(name: str) -> Relation:
    """`self`: the entity is the caller, or belongs to them; `owner`: see `ownerId`, `ownerIds`."""
    if name == "self":
        return Relation(fields=("id", "userId"))
    return Relation(fields=(f"{name}Id", f"{name}Ids"))


def _direct(subject: str, rule: Relation, record: Record) -> bool:
    for name in rule.fields:
        value = record.get(name)
        values = value if isinstance(value, list) else [value]
        if any(each is not None and str(each) == subject for each in values):
            return True
    return False


def is_open(rule: Relation) -> bool:
    """Whether the rule asks what the entity itself says, and not who the caller is."""
    return bool(rule.values) and rule.through is None


def _open(rule: Relation, record: Record) -> bool:
    return is_open(rule) and record.get(rule.value_field) in rule.values


def to_caller(ctx: Context, rule: Relation) -> dict[str, Any]:
    """What passes of the entities that lead to the caller."""
    filters: dict[str, Any] = {rule.principal: rule.prefix + ctx.principal.subject}
    return {**filters, rule.value_field: rule.values} if rule.values else filters
