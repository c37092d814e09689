"""A put cannot tell whether there is something to change.

What it does: reports a command with `effect: put` whose aggregate has no `unique` fields that the
command fills in.

Why: a put finds the entity by its unique values; without any it makes another one each time, and
repeating it is not harmless.

Example: `effect: put` on an aggregate without `unique`.

Use instead: name the fields under `unique` of the aggregate, or `effect: create`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import filled_by_create
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import draws_on_the_known
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        if command.effect != "put" or aggregate is None or not draws_on_the_known(model, command):
            continue
        filled = filled_by_create(model, command, aggregate)
        if not any(filled.issuperset(fields) for fields in aggregate.unique):
            yield RULE.at(
                model.ref(command.id, "effect"),
                f"nothing that it is given identifies an entity of `{aggregate.id}`",
                "name the fields that do under `unique` of the aggregate, or say `effect: create`",
                element=command.id,
            )


RULE = Rule(
    code="DDD018",
    name="put-without-identity",
    family="domain-driven design",
    check=check,
)
