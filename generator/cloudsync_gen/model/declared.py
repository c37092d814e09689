"""What the load stage returns: elements as written, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.elements import Packed
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.links import Link, links_in
from cloudsync_gen.model.sources import Sources
from cloudsync_gen.model.values import Name, Slug, Text, Version
from cloudsync_gen.source import Ref


class Project(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `project` block of the manifest."""

    name: Name
    slug: Slug
    description: Text
    version: Version
    license: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.+() -]{1,80}$(?!\n)")] = "UNLICENSED"


class DeclaredElement(Struct, frozen=True, kw_only=True):
    """An element with its typed value, its place, and its links as written (`links.links_in`)."""

    id: ElementId
    value: Element | Packed
    ref: Ref
    links: tuple[Link, ...]


def declared(value: Element, data: Mapping[str, Any], ref: Ref) -> DeclaredElement:
    """An element that was written as `data` at a place."""
    identity = ElementId(value.id)
    return DeclaredElement(id=identity, value=value, ref=ref, links=(*links_in(identity, data),))


class Declared(Struct, frozen=True, kw_only=True):
    """The model as written.

    `broken`: ids whose element, or a part of it, could not be read, with its place: known, though
    perhaps without a value. `lost`: how ids begin that others may use for what could not be read:
    of a layer, of a contract source, of an element whose id is not what its key says. `complete`:
    whether all text could be read and every element told by its id. `folders`: the folder of each
    layer.
    """

    project: Project
    elements: tuple[DeclaredElement, ...]
    broken: Mapping[str, Ref]
    lost: tuple[str, ...]
    sources: Sources
    complete: bool
    folders: Mapping[str, str] = {}
