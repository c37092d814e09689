"""Types of contract sources that say which element of the data model they are a form of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloudsync_gen.model.ids import layer_of, name_of
from cloudsync_gen.model.schema_view import data_element
from cloudsync_gen.model.sources import SourceType
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import alike, nearest
from cloudsync_gen.source import Ref


def unknown(
    model: Model, file: str, branch: str, types: Iterable[SourceType]
) -> Iterator[tuple[Ref, str, str]]:
    """(place, message, hint) of each type whose element does not exist."""
    for each in types:
        if model.unread(each.schema):
            continue
        if each.schema and data_element(model, each.schema) is None:
            known = [element for element in model.elements if layer_of(element) == "data_model"]
            near = nearest(each.schema, known)
            meant = bool(near) and alike(name_of(each.schema), name_of(near))
            yield (
                Ref(file, (branch, each.name, "schema")),
                f"`{each.schema}`, of which `{each.name}` is a form, is not in the data model",
                f"did you mean `{near}`?" if meant else "declare it there",
            )
