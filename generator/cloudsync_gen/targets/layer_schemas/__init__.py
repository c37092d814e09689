"""JSON Schemas of the layers' files, for editors; derived from the structs (design §10.11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Data, Planned, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import LAYERS
from cloudsync_gen.model.layers import DERIVED_TYPES, types_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._target import Target


class LayerSchemas(Struct, frozen=True):
    """Layers; what their schemas say follows from the tool's own code."""

    layers: tuple[str, ...]


def layer_schema(layer: str) -> dict[str, Any]:
    """JSON Schema 2020-12 of a file of a layer: a mapping of elements, told apart by their id's
    type.
    """
    types = {
        f"{layer}.{k}": v for k, v in types_of(layer).items() if f"{layer}.{k}" not in DERIVED_TYPES
    }
    branches, definitions = msgspec.json.schema_components(
        types.values(), ref_template="#/$defs/{name}"
    )
    conditions = [
        {
            "if": {"properties": {"id": {"pattern": f"^{name.replace('.', '[.]')}[.]"}}},
            "then": branch,
        }
        for name, branch in zip(types, branches, strict=True)
    ]
    prefixes = "|".join(name.partition(".")[2] for name in types)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Layer {layer}",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "required": ["id", "name", "description"],
            "properties": {"id": {"type": "string", "pattern": f"^{layer}[.]({prefixes})[.]"}},
            "allOf": conditions,
        },
        "$defs": _dedented(dict(sorted(definitions.items()))),
    }


def element_schema(struct: type[Element]) -> dict[str, Any]:
    """JSON Schema 2020-12 of one element."""
    return _dedented(msgspec.json.schema(struct))


def _dedented(schema: dict[str, Any]) -> dict[str, Any]:
    """Descriptions without the indentation that docstrings have, and Python 3.13 takes away."""
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            text = node.get("description")
            if isinstance(text, str):
                node["description"] = cleandoc(text)
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return schema


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    del model, contracts
    yield Unit(target=TARGET.name, name=SYSTEM, view=LayerSchemas(LAYERS))


def files(view: LayerSchemas) -> Iterable[Planned]:
    for layer in view.layers:
        path = f"model/.schema/{layer}.json"
        yield Planned(path=path, form=Data("json", layer_schema(layer)))


TARGET = Target(
    name="layer_schemas",
    title="JSON Schemas of the layers, for editors",
    view=LayerSchemas,
    units=units,
    files=files,
)
