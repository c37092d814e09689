"""A field of a type that another service answers is not one thing that may be missing.

What it does: wants of a field of any other type than a root that has `@resolves(…, by:)` that it
takes no arguments, is nullable and no list, and that `by` names a field of the same type that is
one value.

Why: the answer of another service may fail to come, or know nothing of the id; the object that the
field belongs to is answered all the same, with null there. What is asked for is told by one value
of that object and nothing else.

Example: `author: Card! @resolves(operation: "api.operation.people-find-cards", by: "signers")`.

Use instead: `author: Card @resolves(operation: "api.operation.people-find-cards", by: "authorId")`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import JoinedField
from cloudsync_gen.model.sources import GraphqlSource, SourceField
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule

_NO_VALUES = ("object", "input", "union")


def check(model: Model) -> Iterator[Diagnostic]:
    sources = {source.document: source for source in model.sources.graphql}
    for join in model.all(JoinedField):
        if join.arguments:
            yield RULE.at(
                model.ref(join.id, "arguments", join.arguments[0]),
                f"`{join.name}` takes arguments, which another service is not asked with",
                "take the arguments out, or ask for it by a field of `Query`",
                element=join.id,
                facts=("arguments",),
            )
        if join.return_type.endswith(("!", "]")):
            yield RULE.at(
                model.ref(join.id),
                f"`{join.name}` is `{join.return_type}`, and what another service answers is one "
                "thing that may be missing",
                f"write `{join.return_type.strip('![]')}`",
                element=join.id,
                facts=("type",),
            )
        source = sources.get(join.document)
        if source is not None:
            yield from _asked_by(model, join, source)


def _asked_by(model: Model, join: JoinedField, source: GraphqlSource) -> Iterator[Diagnostic]:
    kinds = {each.name: each.kind for each in source.types}
    fields = {
        each.name: each
        for kind in source.types
        if kind.name == join.type_name
        for each in kind.fields
    }
    found = fields.get(join.by)
    if found is None or found.repeated or kinds.get(found.type) in _NO_VALUES:
        yield RULE.at(
            model.ref(join.id, "by"),
            f"`{join.type_name}` has no field `{join.by}` of one value to ask by",
            _hint(join, fields, kinds),
            element=join.id,
            facts=("by", join.by),
        )


def _hint(join: JoinedField, fields: Mapping[str, SourceField], kinds: Mapping[str, str]) -> str:
    values = [
        name
        for name, each in fields.items()
        if not each.repeated and kinds.get(each.type) not in _NO_VALUES
    ]
    return offered(join.by, values, otherwise="add the id of what is joined to the type")


RULE = Rule(code="GQL017", name="join-form", family="GraphQL contracts", check=check)
