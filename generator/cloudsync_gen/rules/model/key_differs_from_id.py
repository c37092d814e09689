"""An element's key is not the last part of its id.

What it does: compares the key of each written element with the name in its id.

Why: people search for the key and link by the id; two names for one thing are found by neither.

Example: `user-card: {id: ux.component.card, …}`.

Use instead: the same name in both places.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Mend, MendAction
from cloudsync_gen.model.ids import ElementId, layer_of, name_of, type_of
from cloudsync_gen.model.layers import DERIVED_TYPES
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for element, ref in model.refs.items():
        # a whole document has no key
        derived = type_of(element) in DERIVED_TYPES or not ref.pointer
        if derived or ref.pointer[-1] == name_of(element):
            continue
        yield RULE.at(
            ref.name(),
            f"`{ref.pointer[-1]}` holds the element `{element}`",
            f"call it `{name_of(element)}`, or change the id and the links to it",
            element=element,
            mends=_mends(model, element, ref),
        )


def _mends(model: Model, element: str, ref: Ref) -> tuple[Mend, ...]:
    """Others link to the id, so the key is what is wrong; but `$ref`s lead to keys of the data
    model, and a key may be taken.
    """
    name = name_of(element)
    linked = bool(model.into.get(ElementId(element)))
    taken = any(
        other.file == ref.file and other.pointer[:1] == (name,) for other in model.refs.values()
    )
    if not linked or taken or layer_of(element) == "data_model":
        return ()
    return (Mend(MendAction.REPLACE, ref.name(), name, was=str(ref.pointer[-1])),)


RULE = Rule(
    code="MDL010",
    name="key-differs-from-id",
    family="standard validation",
    check=check,
    mends="calls the element as its id says, where others link to that id",
)
