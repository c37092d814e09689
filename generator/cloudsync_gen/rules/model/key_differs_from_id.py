"""An element's key is not the last part of its id.

What it does: compares the key of each written element with the name in its id.

Why: people search for the key and link by the id; two names for one thing are found by neither.

Example: `user-card: {id: ux.component.card, …}`.

Use instead: the same name in both places.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import name_of, type_of
from cloudsync_gen.model.layers import DERIVED_TYPES
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for element, ref in model.refs.items():
        if type_of(element) in DERIVED_TYPES or ref.pointer[-1] == name_of(element):
            continue
        yield RULE.at(
            ref.name(),
            f"`{ref.pointer[-1]}` holds the element `{element}`",
            f"call it `{name_of(element)}`, or change the id and the links to it",
            element=element,
        )


RULE = Rule(code="MDL010", name="key-differs-from-id", family="standard validation", check=check)
