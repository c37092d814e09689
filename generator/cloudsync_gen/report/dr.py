"""A model in the form that the command `dr` of Documentation Robotics 0.4.0 reads (spec 0.2.0).

dr finds `documentation-robotics/model/manifest.yaml` below its working folder, and in each layer's
folder reads the top-level mappings of every `*.yaml` file as elements. It follows references that
stand in keys ending with `Ref`, one mapping deep or more, as a text or a list of texts; so every
type of link becomes such a key below `links`. Contract sources and JSON Schemas stay out: dr would
take their parts for elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.engine.serialise import yaml_text
from cloudsync_gen.model.ids import LAYERS, layer_of, name_of, type_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel

ROOT = "documentation-robotics"
MANIFEST = f"{ROOT}/model/manifest.yaml"
WRITTEN_BY = "Written by `cloudsync-gen export dr` from the model; edit that, not this."
_CLI, _SPEC = "0.4.0", "0.2.0"


def files(model: Model) -> dict[str, str]:
    """Path below the folder of the export -> text: the manifest, and a file per layer that has
    elements.
    """
    layers: dict[str, dict[str, Any]] = {layer: {} for layer in LAYERS}
    for element in model.elements:
        layers[layer_of(element)][element] = _element(model, element)
    texts = {MANIFEST: yaml_text(_manifest(model, layers))}
    for layer, elements in layers.items():
        if elements:
            texts[f"{_folder(layer)}/elements.yaml"] = yaml_text(elements)
    return texts


def places() -> tuple[str, ...]:
    """Every path that an export may hold."""
    return (MANIFEST, *(f"{_folder(layer)}/elements.yaml" for layer in LAYERS))


def _folder(layer: str) -> str:
    return f"{ROOT}/model/{LAYERS.index(layer) + 1:02d}_{layer}"


def _element(model: Model, element: str) -> dict[str, Any]:
    value = model.elements[element]  # type: ignore[index]
    return {
        "id": element,
        "type": name_of(type_of(element)),
        "name": value.name,
        "description": value.description,
        "links": _links(model, element),
    }


def _links(model: Model, element: str) -> dict[str, list[str]]:
    """Key of each type of link -> ids, in the order written, each once; what dangles is left out,
    since dr would trace it to nothing.
    """
    found: dict[str, list[str]] = {}
    for link in model.out.get(element, ()):  # type: ignore[call-overload]
        targets = found.setdefault(f"{camel(link.type)}Ref", [])
        if link.target in model.elements and link.target not in targets:
            targets.append(link.target)
    return {key: targets for key, targets in sorted(found.items()) if targets}


def _manifest(model: Model, layers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    project = model.project
    return {
        "documentation": WRITTEN_BY,
        "schema": "documentation-robotics-v1",
        "cli_version": _CLI,
        "spec_version": _SPEC,
        "project": {
            "name": project.name,
            "description": project.description,
            "version": project.version,
        },
        "conventions": {"id_format": "{layer}.{type}.{kebab-name}", "file_naming": "elements.yaml"},
        "statistics": {"total_elements": len(model.elements)},
        "layers": {
            layer: {
                "name": layer.replace("_", " ").capitalize(),
                "order": order,
                "path": f"{_folder(layer)}/",
                "schema": None,
                "enabled": True,
            }
            for order, layer in enumerate(layers, 1)
        },
    }
