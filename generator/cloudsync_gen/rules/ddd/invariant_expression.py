"""An invariant is no CEL expression over its entity.

What it does: parses the expression and looks up every `this.<property>` in the entity's schema.

Why: the expression runs after every command; one that cannot be evaluated refuses every change.

Example: `this.titel != ''` where the entity has `title`.

Use instead: CEL (cel-spec, language definition) over the properties that the entity has.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate, Invariant
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._cel import selected, syntax_fault
from cloudsync_gen.rules._known import undeclared
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for invariant in model.all(Invariant):
        problem, hint = _problem(model, invariant)
        if problem:
            yield RULE.at(
                model.ref(invariant.id, "expression"), problem, hint, element=invariant.id
            )


def _problem(model: Model, invariant: Invariant) -> tuple[str, str]:
    fault = syntax_fault(invariant.expression)
    if fault:
        return f"not CEL: {fault}", "mend the expression (CEL, language definition)"
    aggregate = model.get(Aggregate, invariant.aggregate)
    fields = properties(model, aggregate.schema) if aggregate else {}
    names = selected(invariant.expression, "this")
    if fields and not names:
        return "the expression says nothing of `this`", "name a property of the entity"
    known = {*fields, *undeclared(model, aggregate.schema if aggregate else None)}
    for name in names:
        if fields and name not in known:
            return (
                f"the entity has no property `{name}`",
                f"did you mean `{nearest(name, fields)}`?",
            )
    return "", ""


RULE = Rule(
    code="DDD008",
    name="invariant-expression",
    family="domain-driven design",
    check=check,
    each=(Invariant,),
)
