"""A command accepts what its entity cannot hold.

What it does: compares the bounds of a body's property (`maxLength`, `maximum`, `maxItems`,
`minLength`, `minimum`, `minItems`), its `type`, `format` and members with those of the entity's
property of that name, for commands that write bodies into entities (`create`, `put`, `update`).

Why: a body that the contract calls valid is then refused while it is carried out, after its caller
was told that all was well with it.

Example: `title: {maxLength: 200}` in the body, `title: {maxLength: 80}` in the entity.

Use instead: the entity's bounds, or narrower ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.schema_view import properties, resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema.unknown_keyword import KEYWORDS

_WRITES = ("create", "put", "update")
_SIGNS = {"maxLength": 1, "maximum": 1, "maxItems": 1, "minLength": -1, "minimum": -1}
_SIGNS |= {"minItems": -1}


def check(model: Model) -> Iterator[Diagnostic]:
    seen: set[tuple[str, str]] = set()
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        if aggregate is None or command.input is None or command.effect not in _WRITES:
            continue
        if (command.input, aggregate.schema) not in seen:
            seen.add((command.input, aggregate.schema))
            yield from _compared(model, command.input, aggregate.schema)


def _compared(model: Model, body: str, entity: str) -> Iterator[Diagnostic]:
    kept = properties(model, entity)
    for name, written in properties(model, body).items():
        if name not in kept:
            continue
        named, accepted = resolved(model, body, written)
        held, holds = resolved(model, entity, kept[name])
        if (named is not None and named == held) or "type" not in holds:
            continue
        if not accepted or accepted.keys() - KEYWORDS:  # what cannot be read may be the bound
            continue
        for keyword in _wider(accepted, holds):
            yield RULE.at(
                model.ref(body, "schema", "properties", name),
                f"`{name}` may be {_said(accepted, keyword)} here, "
                f"`{entity}` holds {_said(holds, keyword)}",
                (
                    f"make it `{keyword}: {holds[keyword]}`"
                    if keyword in holds
                    else f"leave out `{keyword}`"
                ),
                element=body,
                related=(Related(model.ref(entity, "schema", "properties", name), "the entity"),),
                facts=(entity, name, keyword),
            )


def _wider(accepted: Mapping[str, Any], holds: Mapping[str, Any]) -> Iterator[str]:
    for keyword in ("type", "format"):
        if accepted.get(keyword) != holds.get(keyword):
            yield keyword
            return
    if "enum" in holds and not _members(accepted) <= _members(holds):
        yield "enum"
    if accepted.keys() & {"enum", "const"}:
        return
    for keyword, sign in _SIGNS.items():
        bound, own = holds.get(keyword), accepted.get(keyword)
        if not isinstance(bound, int | float):
            continue
        if not isinstance(own, int | float) or own * sign > bound * sign:
            yield keyword


def _members(schema: Mapping[str, Any]) -> set[str]:
    """The values that an enumeration allows, each as text; without one, what no other has."""
    listed = [schema["const"]] if "const" in schema else schema.get("enum", ["anything"])
    return {repr(each) for each in listed}


def _said(schema: Mapping[str, Any], keyword: str) -> str:
    return f"`{keyword}: {schema[keyword]}`" if keyword in schema else f"without `{keyword}`"


RULE = Rule(
    code="SCH013",
    name="input-wider-than-entity",
    family="schema validation",
    check=check,
    each=(Command,),
)
