"""A command asks for a relation that the aggregate does not know.

What it does: looks up `relations` of commands, queries and transitions: rules that the aggregate
declares, those of its parent and of aggregates that it refers to, `self`, and `<name>Id` or
`<name>Ids` among the properties.

Why: nobody ever stands in a relation that nothing decides, so that only roles with the full
permission can use the command.

Example: `relations: [onwer]` where the entity has `ownerId`.

Use instead: a relation that is declared; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate, Command, Lifecycle, Query
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_WAYS = ("aggregate-part-of", "aggregate-reference", "relation-through", "aggregate-schema")


def check(model: Model) -> Iterator[Diagnostic]:
    known: dict[str, frozenset[str] | None] = {}
    for ref, element, aggregate, name in _named(model):
        if aggregate not in known:
            known[aggregate] = _relations(model, aggregate)
        names = known[aggregate]
        if names is not None and name not in names:
            yield RULE.at(
                ref,
                f"`{aggregate}` knows no relation `{name}`",
                offered(name, names),
                element=element,
                facts=(name,),
            )


def _named(model: Model) -> Iterator[tuple[Ref, str, str, str]]:
    performed: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for each in performed:
        for index, name in enumerate(each.relations):
            yield model.ref(each.id, "relations", index), each.id, each.aggregate, name
    for lifecycle in model.all(Lifecycle):
        for number, transition in enumerate(lifecycle.transitions):
            for index, name in enumerate(transition.relations):
                place = model.ref(lifecycle.id, "transitions", number, "relations", index)
                yield place, lifecycle.id, lifecycle.aggregate, name


def _relations(model: Model, aggregate: str) -> frozenset[str] | None:
    """Names of the relations that can be decided; `None` where a link on the way is astray."""
    names = {"self"}
    seen: set[str] = set()
    pending = [aggregate]
    while pending:
        current = model.get(Aggregate, pending.pop())
        if current is None or misled(model, current.id, *_WAYS):
            return None
        if current.id in seen:
            continue
        seen.add(current.id)
        names.update(rule.name for rule in current.relations)
        for field in properties(model, current.schema):
            for end in ("Id", "Ids"):
                if field.endswith(end):
                    names.add(field.removesuffix(end))
        pending.extend(each.aggregate for each in current.references)
        pending.extend(rule.through for rule in current.relations if rule.through)
        if current.part_of is not None:
            pending.append(current.part_of.aggregate)
    return frozenset(names)


RULE = Rule(code="DDD017", name="unknown-relation", family="domain-driven design", check=check)
