"""A component shows a property that its schema does not have.

What it does: looks up each of `dataBinding.properties` among the properties of the schema that
`dataBinding.schemaRef` names.

Why: what the screen binds to stays empty for ever, and nobody is told; a property that was renamed
is shown no more.

Example: `dataBinding: { schemaRef: data_model.entity.recipe, properties: [tite] }`.

Use instead: `properties: [title]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.ux import Component
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for component in model.all(Component):
        bound = component.data_binding
        known = properties(model, bound.schema_ref) if bound is not None else {}
        if bound is None or not known:
            continue
        for index, name in enumerate(bound.properties):
            if name not in known:
                place = model.ref(component.id, "dataBinding", "properties", index)
                yield RULE.at(
                    place,
                    f"`{bound.schema_ref}` has no property `{name}`",
                    offered(name, known),
                    element=component.id,
                    facts=(name,),
                    related=(Related(model.ref(bound.schema_ref), "what it shows"),),
                    mends=misspelt(place, name, known.keys() - {*bound.properties}),
                )


RULE = Rule(
    code="UX011",
    name="component-unknown-property",
    family="screens and routes",
    check=check,
    mends=MISSPELT,
)
