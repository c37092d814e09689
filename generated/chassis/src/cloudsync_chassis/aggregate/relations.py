"""How the caller stands to an entity: owner, self, whatever the model names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from cloudsync_chassis.aggregate.spec import Relation
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record


class Lookup(Protocol):
    """Finds the record of an aggregate of this service by field values."""

    async def __call__(
        self, ctx: Context, aggregate: str, values: Mapping[str, Any]
    ) -> Record | None:
        """The record, or None."""
        ...


async def stands(
    ctx: Context,
    names: Iterable[str],
    record: Record,
    rules: Mapping[str, Relation],
    lookup: Lookup,
) -> bool:
    """Whether the caller has any of the relations to the entity."""
    for name in sorted(names):
        rule = rules.get(name) or default_rule(name)
        if _direct(ctx.principal.subject, rule, record):
            return True
        if rule.through is not None and await _through(ctx, rule, record, lookup):
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


async def _through(ctx: Context, rule: Relation, record: Record, lookup: Lookup) -> bool:
    values = {
        rule.parent: record.get("id"),
        rule.principal: rule.prefix + ctx.principal.subject,
    }
    found = await lookup(ctx, rule.through or "", values)
    return found is not None and (
        not rule.values or str(found.get(rule.value_field)) in rule.values
    )
