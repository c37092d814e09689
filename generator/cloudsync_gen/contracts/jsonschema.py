"""Elements of the data model -> self-contained JSON Schemas (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from cloudsync_gen.contracts.made import Packed
from cloudsync_gen.contracts.schemas import BASE, Schemas
from cloudsync_gen.model.contracts import ContractDocument
from cloudsync_gen.model.ids import name_of, type_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab

_NEAR = 512
"""So many schemas are kept as documents hold them: those of one service refer to each other."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def compile_schemas(schemas: Schemas, model: Model) -> Mapping[str, ContractDocument]:
    """Element id -> its schema with all that it needs below `$defs`, made when it is asked for."""

    @lru_cache(maxsize=_NEAR)
    def turned(name: str) -> Any:
        return _local(schemas.components[name].schema)

    def local(name: str) -> Any:
        return turned(schemas.components[name].name)

    names = schemas.elements

    def data(element: str) -> dict[str, Any]:
        name = names[element]
        component = schemas.components[name]
        needed = schemas.closure(component.uses)
        return {
            "$schema": DIALECT,
            "$id": f"urn:schema:{kebab(model.project.slug)}:{element}",
            "title": name,
            **local(name),
            **({"$defs": {each: local(each) for each in needed}} if needed else {}),
        }

    return {
        element: ContractDocument(
            name=names[element],
            path=f"jsonschema/{type_of(element).rpartition('.')[2]}-{name_of(element)}.json",
            source=element,
            file=schemas.places[names[element]].file,
            packing=Packed(partial(data, element)),
        )
        for element in sorted(names)
    }


def _local(value: Any) -> Any:
    """A component's schema with its references below `$defs`."""
    if isinstance(value, dict):
        return {
            key: (
                "#/$defs/" + each[len(BASE) :]
                if key == "$ref" and isinstance(each, str)
                else _local(each)
            )
            for key, each in value.items()
        }
    return [_local(each) for each in value] if isinstance(value, list) else value
