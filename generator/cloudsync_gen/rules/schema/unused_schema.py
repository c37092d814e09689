"""Nothing uses a schema.

What it does: reports values, messages, payloads and enumerations of the data model to which no
`$ref` and no other link leads, entities with no aggregate, store or contract included.

Why: what nobody uses is kept up, translated and reviewed all the same, and the next author takes
it for what holds.
What is written before it is used may be committed: this is a warning, unless a project asks for
more (`severity`).

Example: `data_model.value.money-range`, from a screen that was given up.

Use instead: remove it, or refer to it where it was meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements


def check(model: Model) -> Iterator[Diagnostic]:
    if not model.all(Service):  # it has only begun
        return
    for element in elements(model):
        if all(link.source == element.id for link in model.into.get(ElementId(element.id), ())):
            yield RULE.at(
                model.ref(element.id).name(),
                f"nothing uses `{element.id}`",
                "remove it, or refer to it where it was meant",
                element=element.id,
            )


RULE = Rule(
    code="SCH012",
    name="unused-schema",
    family="schema validation",
    severity=Severity.WARNING,
    check=check,
    whole=True,
)
