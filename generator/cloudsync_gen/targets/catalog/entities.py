"""Entities of a Backstage catalogue (descriptor format, backstage.io/v1alpha1)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from cloudsync_gen.model.ids import ElementId, name_of, type_of
from cloudsync_gen.model.layers.datastore import Collection, Table, WideTable
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._text import summary

LONGEST = 63
"""Characters of an entity's name, and of a tag."""

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_DIGEST = 4


def entity_name(text: str) -> str:
    """The text as an entity may be called: letters, digits and single dashes, at most 63.

    What is cut short ends in a digest of the whole, so that two of one beginning stay two.
    """
    plain = _NOT_IN_NAMES.sub("-", text.lower()).strip("-")
    if plain and len(plain) <= LONGEST:
        return plain
    digest = blake2b(text.encode(), digest_size=_DIGEST).hexdigest()
    return f"{plain[: LONGEST - 2 * _DIGEST - 1].strip('-')}-{digest}".strip("-")


def store_names(model: Model, stores: Iterable[str]) -> dict[str, str]:
    """What holds the stores -> what it is called: its name, with its type in front where two
    share one.
    """
    ordered = sorted({holder(model, each) for each in stores})
    names = [name_of(each) for each in ordered]
    count = Counter(names)
    return {
        store: name if count[name] == 1 else f"{name_of(type_of(store))}-{name}"
        for store, name in zip(ordered, names, strict=True)
    }


def holder(model: Model, store: str) -> str:
    """The database or keyspace of a table or collection; any other store by itself."""
    element = model.elements.get(ElementId(store))
    if isinstance(element, (Table, Collection)):
        return element.database
    return element.keyspace if isinstance(element, WideTable) else store


def reference(kind: str, name: str) -> str:
    """How other entities name one: `group:content-team`."""
    return f"{kind}:{entity_name(name)}"


def entity(
    kind: str,
    name: str,
    title: str,
    about: str,
    spec: Mapping[str, Any],
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """An entity; of `spec`, `None` and empty lists are left out."""
    metadata: dict[str, Any] = {"name": entity_name(name), "title": title}
    if about:
        metadata["description"] = summary(about, 300)
    if tags:
        metadata["tags"] = [entity_name(each) for each in tags]
    said = {key: value for key, value in spec.items() if value not in (None, [], ())}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": said,
    }
