"""What is answered or announced says less of a property's class than the entity does.

What it does: takes the properties of what a command or query answers, and of the payloads of
events, that are called like a property of the entity whose class asks for field encryption, and
wants the same class of them, or a higher one.

Why: masking in logs, traces and published forms goes by the class that stands at the property.
Where it is lost on the way, the value leaves its boundary and nothing notices.

Example: `spice: { type: string }` in an answer about recipes, whose `spice` is `restricted`.

Use instead: `spice: { type: string, x-classification: restricted }`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate, Command, Query
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    classes = {name_of(each.id): each for each in model.all(Classification)}
    told: set[tuple[str, str]] = set()
    performing: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for performed in performing:
        aggregate = model.get(Aggregate, performed.aggregate)
        answer = performed.output
        if aggregate is None or answer is None or answer == aggregate.schema:
            continue
        entity = properties(model, aggregate.schema)
        for name, schema in properties(model, answer).items():
            meant = _class(classes, entity.get(name))
            if meant is None or meant.encryption != "field" or (answer, name) in told:
                continue
            found = _class(classes, schema)
            if found is None or found.level < meant.level:
                told.add((answer, name))
                yield RULE.at(
                    model.ref(answer, "schema", "properties", name),
                    f"`{name}` is {name_of(meant.id)}, which is not said here",
                    f"add `x-classification: {name_of(meant.id)}`",
                    element=answer,
                    related=(
                        Related(
                            model.ref(aggregate.schema, "schema", "properties", name), "its class"
                        ),
                    ),
                    facts=(name,),
                )


def _class(classes: Mapping[str, Classification], schema: object) -> Classification | None:
    said = schema.get("x-classification") if isinstance(schema, dict) else None
    return classes.get(str(said))


RULE = Rule(code="SEC018", name="class-lost", family="zero trust", check=check)
