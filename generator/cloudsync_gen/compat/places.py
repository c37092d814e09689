"""Where things stand: located values of a document, and the places that schemas describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.nodes import Node, Seed
from cloudsync_gen.compat.values import Raw, entries, mapping, sequence
from cloudsync_gen.model.changes import Pointer


class At(NamedTuple):
    """A value of a document, references followed, and its pointer."""

    document: Document
    raw: Raw
    pointer: Pointer

    @property
    def fields(self) -> Mapping[str, Raw]:
        """The value as a mapping; empty for anything else."""
        return mapping(self.raw)

    @property
    def refused(self) -> Raw:
        """The reference that could not be followed, or `None`."""
        return self.fields.get("$ref")

    def child(self, key: str) -> At | None:
        """The value of a key, references followed; `None` where nothing is written."""
        raw = self.fields.get(key)
        if raw is None:
            return None
        return At(self.document, *self.document.follow(raw, (*self.pointer, key)))

    def children(self, key: str) -> dict[str, At]:
        """The entries of the map at a key, by name."""
        child = self.child(key)
        return child.named() if child is not None else {}

    def named(self) -> dict[str, At]:
        """The entries of this map, by name."""
        return {
            name: At(self.document, *self.document.follow(raw, (*self.pointer, key)))
            for name, raw, key in entries(self.raw)
        }

    def patterned(self, key: str) -> dict[str, At]:
        """The entries at a key of an object that may also hold extensions: those left out."""
        found = self.children(key)
        return {name: at for name, at in found.items() if not name.startswith("x-")}

    def items(self, key: str) -> list[At]:
        """The entries of the list at a key."""
        child = self.child(key)
        if child is None:
            return []
        return [
            At(self.document, *self.document.follow(raw, (*child.pointer, index)))
            for index, raw in enumerate(sequence(child.raw))
        ]

    def schema(self, key: str = "schema") -> Node:
        """The schema at a key; one that accepts everything where none is written."""
        raw = self.fields.get(key, True)
        return Node(self.document, [Seed(raw, (*self.pointer, key))])


class Place(NamedTuple):
    """What a schema describes: the ids for the whole and for a part of it, and how it is called."""

    whole: str
    part: str
    where: str
    header: bool = False
    omissible: bool = False
    """Whether the whole value may be left out, so that a default stands for it."""

    def names_part(self, path: tuple[str, ...]) -> bool:
        """Whether a path leads to a part. The items of a parameter are still the parameter."""
        if self.whole.endswith("-body"):
            return any(not step.startswith("<") for step in path)
        return any(not step.startswith(("<", "[")) for step in path)

    def code(self, code: str, path: tuple[str, ...]) -> str:
        """The id of a difference at a path below this place."""
        part = self.names_part(path)
        if part and self.header and self.whole.startswith("request"):
            if code == "new-required-request-property":
                return "new-required-request-header-property"
            if code in ("{p}-became-enum", "{p}-became-required"):
                return code.replace("{p}", "request-header-property")
        return code.replace("{p}", self.part if part else self.whole)


def request_body(media: str) -> Place:
    """The body of a request."""
    return Place("request-body", "request-property", f"request body {media}")


def parameter(where: str, *, header: bool, omissible: bool) -> Place:
    """A parameter that a consumer sends."""
    return Place("request-parameter", "request-parameter-property", where, header, omissible)


def response_body(where: str) -> Place:
    """A body that a consumer receives."""
    return Place("response-body", "response-property", where)


def response_header(where: str) -> Place:
    """A header that a consumer receives."""
    return Place("response-header", "response-header-property", where, header=True)
