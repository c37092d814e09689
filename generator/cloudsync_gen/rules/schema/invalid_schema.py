"""A schema is no JSON Schema.

What it does: holds each schema of the data model against JSON Schema 2020-12 (its metaschema),
refuses keywords that nobody knows, and `default`s that their own schema does not accept.

Why: validators ignore what they do not know, so a misspelt keyword promises a check that never
happens.

Example: `{type: string, maxLenght: 80}`.

Use instead: the keyword that the hint names; extensions begin with `x-`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.schema_check import default_faults, faults_of
from cloudsync_gen.model.schema_view import resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS, elements


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        faults = list(faults_of(element.schema))
        if not faults:
            faults.extend(default_faults(element.schema, _resolver(model, element)))
        for fault in faults:
            yield RULE.at(
                model.ref(element.id, "schema", *fault.pointer),
                fault.message,
                fault.hint or "see JSON Schema 2020-12",
                element=element.id,
            )


def _resolver(model: Model, element: DataElement) -> Callable[[str], Mapping[str, Any]]:
    """Gives what a `$ref` of the element stands for, with all references followed."""

    def resolve(reference: str) -> Mapping[str, Any]:
        return resolved(model, element.id, {"$ref": reference})[1]

    return resolve


RULE = Rule(
    code="SCH001", name="invalid-schema", family="schema validation", check=check, each=KINDS
)
