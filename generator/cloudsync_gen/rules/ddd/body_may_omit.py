"""A body may leave out what its entity must have.

What it does: for commands that create from a body, reports properties that the entity requires and
the body has, but does not require, where neither the command sets them nor a default fills them.

Why: a body without it is valid by the contract, and refused while it is carried out.

Example: `title` in `required` of the entity, but not of the body of `create-recipe`.

Use instead: require it in the body, or give it a `default`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.schema_view import properties, required, resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import undeclared
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        if aggregate is None or command.input is None or command.effect not in ("create", "put"):
            continue
        if undeclared(model, command.input):
            continue
        given = properties(model, command.input)
        told = required(model, command.input) | {each.field for each in command.sets}
        kept = properties(model, aggregate.schema)
        for name in sorted(required(model, aggregate.schema) & given.keys() - told):
            if _filled(model, command.input, given[name]):
                continue
            if _filled(model, aggregate.schema, kept.get(name)):
                continue
            yield RULE.at(
                model.ref(command.input, "schema", "properties", name).name(),
                f"`{command.id}` makes an entity that must have `{name}`; this body may omit it",
                f"add `{name}` to `required`, or give it a `default`",
                element=command.input,
                related=(Related(model.ref(aggregate.schema, "schema", "required"), "required"),),
                facts=(command.id, name),
            )


def _filled(model: Model, element: str, schema: Any) -> bool:
    _, found = resolved(model, element, schema)
    return "default" in found or (isinstance(schema, dict) and "default" in schema)


RULE = Rule(
    code="DDD029", name="body-may-omit", family="domain-driven design", check=check, each=(Command,)
)
