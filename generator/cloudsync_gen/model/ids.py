"""Identifiers of elements: `layer.type.kebab-name` (design §1)."""

from __future__ import annotations

import re
from typing import Annotated, NewType

from msgspec import Meta

ElementId = NewType("ElementId", str)

LAYERS = (
    "motivation",
    "business",
    "security",
    "application",
    "technology",
    "api",
    "data_model",
    "datastore",
    "ux",
    "navigation",
    "apm",
)
"""The eleven layers in the order of the model; found by name through `manifest.yaml`."""

ID_PATTERN = r"^[a-z_]+\.[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9-]*$(?!\n)"
_ID = re.compile(ID_PATTERN)
MAX_ID_LENGTH = 200

Id = Annotated[str, Meta(pattern=ID_PATTERN, max_length=MAX_ID_LENGTH)]
"""An element's own id."""

Link = Annotated[str, Meta(pattern=ID_PATTERN, max_length=MAX_ID_LENGTH)]
"""The id of another element; the link registry says of which types."""

Links = Annotated[tuple[Link, ...], Meta(min_length=1)]
"""Ids of other elements, at least one."""


def layer_of(element: str) -> str:
    """First segment: the layer's name."""
    return element.partition(".")[0]


def type_of(element: str) -> str:
    """First two segments: `application.service`."""
    return element.rpartition(".")[0]


def name_of(element: str) -> str:
    """Last segment: the kebab name."""
    return element.rpartition(".")[2]


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id (its layer need not exist)."""
    return len(text) <= MAX_ID_LENGTH and _ID.match(text) is not None
