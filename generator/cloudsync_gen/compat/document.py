"""A document as a comparison sees it: references are resolved inside it only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from cloudsync_gen.compat.values import Digests, Raw, entries
from cloudsync_gen.model.changes import Pointer

_MAX_CHAIN = 64


class Document:
    """A parsed document; nothing outside it is ever read.

    Only references that start with `#/` (or are `#`) resolve. Any other reference, an unknown
    target and an endless chain are values that do not resolve, never an exception.
    """

    def __init__(self, root: Mapping[str, Raw], digests: Digests) -> None:
        self.root = root
        self.digests = digests
        self.types: dict[int, frozenset[str] | None] = {}
        """Identity of a schema → its types when it says nothing else; filled by `nodes`."""
        self._targets: dict[str, tuple[Raw, Pointer] | None] = {}

    def resolve(self, reference: Raw) -> tuple[Raw, Pointer] | None:
        """Target of a reference with its pointer, or `None`."""
        if not isinstance(reference, str):
            return None
        if reference not in self._targets:
            self._targets[reference] = self._find(reference)
        return self._targets[reference]

    def _find(self, reference: str) -> tuple[Raw, Pointer] | None:
        if reference == "#":
            return self.root, ()
        if not reference.startswith("#/"):
            return None
        here: Raw = self.root
        steps: list[str | int] = []
        for token in reference[2:].split("/"):
            name = unquote(token).replace("~1", "/").replace("~0", "~")
            found = _child(here, name)
            if found is None:
                return None
            here, step = found
            steps.append(step)
        return here, tuple(steps)

    def follow(self, raw: Raw, pointer: Pointer) -> tuple[Raw, Pointer]:
        """The object that a Reference Object (parameter, response, header, …) stands for.

        What does not resolve is returned as it stands, `$ref` included.
        """
        for _ in range(_MAX_CHAIN):
            if not isinstance(raw, Mapping) or "$ref" not in raw:
                return raw, pointer
            target = self.resolve(raw["$ref"])
            if target is None:
                break
            raw, pointer = target
        return raw, pointer


def reference_to(pointer: Pointer) -> str:
    """The reference that leads to a place in its own document."""
    steps = (
        str(step).replace("~", "~0").replace("/", "~1").replace("%", "%25") for step in pointer
    )
    return "/".join(("#", *steps))


def _child(here: Raw, name: str) -> tuple[Raw, str | int] | None:
    if isinstance(here, Mapping):
        if name in here:
            return here[name], name
        return next(((item, key) for text, item, key in entries(here) if text == name), None)
    if isinstance(here, list) and name.isascii() and name.isdigit() and len(name) < 8:
        index = int(name)
        return (here[index], index) if index < len(here) else None
    return None


def references(raw: Raw) -> Iterator[Raw]:
    """Every `$ref` below a value, each container visited once."""
    seen: set[int] = set()
    stack = [raw]
    while stack:
        value = stack.pop()
        if not isinstance(value, Mapping | list | tuple) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            if "$ref" in value:
                yield value["$ref"]
            stack.extend(value.values())
        else:
            stack.extend(value)


class Unchanged:
    """Which parts are the same in two documents, whatever they refer to included."""

    def __init__(self, base: Document, revision: Document) -> None:
        self._base = base
        self._revision = revision
        self._known: dict[str, bool] = {}

    def same(self, base: Raw, revision: Raw) -> bool:
        """Whether two values are equal and lead to equal targets. `False` proves nothing."""
        digest = self._base.digests.of
        return digest(base) == digest(revision) and all(map(self._reference, references(base)))

    def _reference(self, reference: Raw) -> bool:
        if not isinstance(reference, str):
            return False
        if reference not in self._known:
            self._judge(reference)
        return self._known[reference]

    def _judge(self, start: str) -> None:
        """Settle a reference and all that it reaches: equal unless it reaches a difference."""
        reaches: dict[str, set[str]] = {}
        changed: set[str] = set()
        stack = [start]
        while stack:
            reference = stack.pop()
            if reference in reaches or self._known.get(reference) is True:
                continue
            reaches[reference] = set()
            below = self._below(reference)
            if below is None or self._known.get(reference) is False:
                changed.add(reference)
                continue
            reaches[reference] = below
            stack.extend(below)
        self._settle(reaches, changed)

    def _below(self, reference: str) -> set[str] | None:
        """References in an equal target; `None` when the targets differ or one is missing."""
        base, revision = self._base.resolve(reference), self._revision.resolve(reference)
        digest = self._base.digests.of
        if base is None or revision is None or digest(base[0]) != digest(revision[0]):
            return None
        found = list(references(base[0]))
        return {ref for ref in found if isinstance(ref, str)} if all(map(_is_text, found)) else None

    def _settle(self, reaches: Mapping[str, set[str]], changed: set[str]) -> None:
        callers: dict[str, list[str]] = {}
        for caller, below in reaches.items():
            for reference in below:
                callers.setdefault(reference, []).append(caller)
        stack = list(changed)
        while stack:
            for caller in callers.get(stack.pop(), ()):
                if caller not in changed:
                    changed.add(caller)
                    stack.append(caller)
        for reference in reaches:
            self._known[reference] = reference not in changed


def _is_text(value: Raw) -> bool:
    return isinstance(value, str)
