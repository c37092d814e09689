"""The parameters of a list are not the filters and sorts of its query.

What it does: compares the query parameters of an operation that carries a list query with the
query's `filters`, and the members of `sort` with its `sorts`.

Why: the default handler filters by what the query names; a parameter beyond that is accepted and
ignored, which callers take for an answer.

Example: a parameter `owner` where the query has `filters: [ownerId]`.

Use instead: the same names in both; `sort` lists each property and, with a minus, its reverse.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Query
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import likeliest
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import Tree, Written, parameters, written
from cloudsync_gen.rules.openapi._structure import strangers
from cloudsync_gen.source import Ref

_PAGING = ("cursor", "limit", "sort")
_Faults = Iterator[tuple[Ref, str, str, str]]
"""(place, parameter, message, hint)."""


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        query = model.get(Query, each.operation.command or "")
        given = list(parameters(each))
        if query is None or query.kind != "list" or strangers("operation", each.data):
            continue
        aggregate = model.get(Aggregate, query.aggregate)
        fields = properties(model, aggregate.schema) if aggregate else {}
        if not {*query.filters, *query.sorts} <= fields.keys():
            continue
        if any(not {"name", "in"} <= parameter.keys() for _, parameter in given):
            continue
        faults = (*_of_filters(each, given, query), *_of_sort(each, given, query))
        for ref, fact, message, hint in faults:
            yield RULE.at(
                ref,
                message,
                hint,
                element=each.operation.id,
                facts=(fact,),
                related=(Related(model.ref(query.id), "the query"),),
            )


def _of_filters(each: Written, given: list[tuple[Ref, Tree]], query: Query) -> _Faults:
    names = {str(parameter["name"]) for _, parameter in given}
    missing = [name for name in query.filters if name not in names]
    for ref, parameter in given:
        name = str(parameter["name"])
        if parameter["in"] == "query" and name not in (*query.filters, *_PAGING):
            if near := likeliest(name, missing):
                missing.remove(near)
                hint = f"did you mean `{near}`?"
            else:
                hint = "add it to `filters`, or remove it"
            yield ref.at("name"), name, f"`{query.id}` does not filter by `{name}`", hint
    for name in missing:
        message = f"`{query.id}` filters by `{name}`, but there is no parameter for it"
        yield each.ref, name, message, f"add a parameter `{name}`"


def _of_sort(each: Written, given: list[tuple[Ref, Tree]], query: Query) -> _Faults:
    wanted = [form for name in query.sorts for form in (name, f"-{name}")]
    for ref, parameter in given:
        if parameter["name"] != "sort" or parameter["in"] != "query":
            continue
        if "schema" not in parameter:
            return
        schema = parameter["schema"]
        members = schema.get("enum") if isinstance(schema, dict) else None
        if not isinstance(members, list) or {*map(str, members)} != {*wanted}:
            message = f"`{query.id}` sorts by {', '.join(wanted) or 'nothing'}"
            yield ref.at("schema"), "sort", message, (
                f"write `enum: [{', '.join(wanted)}]`" if wanted else "remove the parameter"
            )
        return
    if wanted:
        hint = f"add a parameter `sort` with `enum: [{', '.join(wanted)}]`"
        yield each.ref, "sort", f"`{query.id}` can sort, but there is no parameter `sort`", hint


RULE = Rule(code="OAS024", name="list-parameters", family="OpenAPI contracts", check=check)
