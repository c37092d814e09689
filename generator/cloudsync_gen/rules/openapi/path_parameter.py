"""The parameters of a path are not those of its template.

What it does: compares the names in braces with the parameters `in: path`, which have to be
`required: true` (OpenAPI 3.1, Parameter Object).

Why: a name without a parameter is never filled, a parameter without a name never sent.

Example: `/v1/recipes/{recipeId}` with a parameter `recipe_id`.

Use instead: the same name in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Mend, MendAction
from cloudsync_gen.model.layers.api import PLACES
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import Tree, Written, parameters, written
from cloudsync_gen.rules.openapi._structure import strangers
from cloudsync_gen.source import Ref

_NAME = re.compile(r"\{([^{}]*)\}")


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        if strangers("operation", each.data) or strangers("path item", each.item):
            continue
        if any(strangers("parameter", parameter) for _, parameter in parameters(each)):
            continue
        names = _NAME.findall(each.operation.path)
        given = {
            str(parameter.get("name"))
            for _, parameter in parameters(each)
            if _place(parameter) == "path"
        }
        yield from _given(each, names)
        for name in names:
            if name not in given and given <= set(names):
                yield RULE.at(
                    each.item_ref.name(),
                    f"`{{{name}}}` has no parameter in `{each.operation.operation_id}`",
                    "add a parameter `in: path` with `required: true`",
                    element=each.operation.id,
                    facts=(name,),
                )


def _given(each: Written, names: list[str]) -> Iterator[Diagnostic]:
    for ref, parameter in parameters(each):
        name = parameter.get("name")
        if parameter.get("in") != "path":
            continue
        if name not in names:
            hint = offered(str(name), names, otherwise="send it in the query")
            message = f"`{each.operation.path}` has no `{{{name}}}`"
            yield RULE.at(
                ref.at("name"),
                message,
                hint,
                element=each.operation.id,
                facts=("unused", str(name)),
            )
        elif parameter.get("required", False) is False:
            message = f"`{name}` is part of the path, but not required"
            yield RULE.at(
                ref,
                message,
                "add `required: true`",
                element=each.operation.id,
                facts=("optional", str(name)),
                mends=_required(ref, parameter),
            )


def _place(parameter: Tree) -> object:
    """Where it is sent; what is not said, or is no place, may be meant for the path."""
    place = parameter.get("in")
    return place if place in PLACES else "path"


def _required(ref: Ref, parameter: Tree) -> tuple[Mend, ...]:
    """The only value that the specification allows."""
    if parameter.get("required") is False:
        return (Mend(MendAction.REPLACE, ref.at("required"), "true", was="false"),)
    known = "required" not in parameter
    return (Mend(MendAction.INSERT, ref.at("in"), "required: true"),) if known else ()


RULE = Rule(
    code="OAS012",
    name="path-parameter",
    family="OpenAPI contracts",
    check=check,
    mends="gives a parameter of the path `required: true`",
)
