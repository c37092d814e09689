"""JSON Schemas of the layers' files, for editors; derived from the structs (design §10.11), with
what their docstrings say of each field and what the link registry lets it name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Data, Planned, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.documented import fields_of, structs_in, summary_of
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import LAYERS
from cloudsync_gen.model.layers import DERIVED_TYPES, ELEMENT_TYPES, types_of
from cloudsync_gen.model.links import LinkType, rows_of
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
        "$defs": _described(dict(sorted(definitions.items())), types),
    }


def element_schema(struct: type[Element]) -> dict[str, Any]:
    """JSON Schema 2020-12 of one element."""
    schema = msgspec.json.schema(struct)
    types = {name: each for name, each in ELEMENT_TYPES.items() if each is struct}
    _described(schema["$defs"], types)
    return schema


def _described(definitions: dict[str, Any], types: Mapping[str, type[Element]]) -> dict[str, Any]:
    """Definitions with what they and their fields mean."""
    named = _named(definitions, types)
    for name, struct in structs_in(types.values()).items():
        definition, told = definitions[name], fields_of(struct)
        definition["description"] = summary_of(struct)
        for key, schema in definition["properties"].items():
            text = " ".join((told.get(key, ""), *_links(named.get((name, key), {})))).strip()
            schema["description"] = text
            if "`" in text:
                # editors show this one where they can, and would show the backticks of the other
                schema["markdownDescription"] = text
    return definitions


_NOTHING: Mapping[str, Any] = {"properties": {}}
_Named = dict[tuple[str, str], dict[str, LinkType]]


def _named(definitions: Mapping[str, Any], types: Mapping[str, type[Element]]) -> _Named:
    """Definition and field -> the types of elements that it may name, each with its row of the link
    registry.
    """
    found: _Named = {}
    for kind, struct in types.items():
        for row in rows_of(kind):
            place = _place(definitions, struct.__name__, row.path)
            found.setdefault(place, {}).update(dict.fromkeys(row.targets, row))
    return found


def _place(definitions: Mapping[str, Any], name: str, path: str) -> tuple[str, str]:
    """Definition and field at which a path of the registry ends that begins at a definition; those
    of no field are nobody's.
    """
    *steps, last = (each.removesuffix("[]") for each in path.split("."))
    for step in steps:
        if step != "*":
            name = _held(definitions.get(name, _NOTHING)["properties"].get(step, {}))
    return name, last


def _held(schema: Mapping[str, Any]) -> str:
    """Name of the definition of what a field holds, by itself or in a list or mapping."""
    pending = [schema]
    while pending:
        node = pending.pop()
        if "$ref" in node:
            return str(node["$ref"]).rpartition("/")[2]
        below = (node.get("items"), node.get("additionalProperties"), *node.get("anyOf", ()))
        pending += [each for each in below if isinstance(each, dict)]
    return ""


def _links(named: Mapping[str, LinkType]) -> Iterator[str]:
    """What the values of a field name, in words."""
    if named:
        forms = {row.form for row in named.values()}
        what = "Permission of" if "permission" in forms else "Id of"
        yield f"{what} {' or '.join(f'`{each}`' for each in sorted(named))}."


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
