"""The element types of the eleven layers."""

from __future__ import annotations

from types import MappingProxyType

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.layers import (
    api,
    apm,
    application,
    business,
    data_model,
    datastore,
    motivation,
    navigation,
    security,
    technology,
    ux,
)

_LAYERS: dict[str, dict[str, type[Element]]] = {
    "motivation": motivation.TYPES,
    "business": business.TYPES,
    "security": security.TYPES,
    "application": application.TYPES,
    "technology": technology.TYPES,
    "api": api.TYPES,
    "data_model": data_model.TYPES,
    "datastore": datastore.TYPES,
    "ux": ux.TYPES,
    "navigation": navigation.TYPES,
    "apm": apm.TYPES,
}

ELEMENT_TYPES = MappingProxyType(
    {
        f"{layer}.{name}": struct
        for layer, types in _LAYERS.items()
        for name, struct in types.items()
    }
)
"""`layer.type` -> the struct of its elements."""

DERIVED_TYPES = frozenset(f"api.{name}" for name in api.TYPES if name not in api.WRITTEN)
"""Types read out of contract sources, never written as YAML elements."""


def types_of(layer: str) -> MappingProxyType[str, type[Element]]:
    """Type name -> struct for one layer."""
    return MappingProxyType(_LAYERS[layer])
