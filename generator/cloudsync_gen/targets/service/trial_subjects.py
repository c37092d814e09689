"""Aggregates as the search for trials sees them: what an entity may hold, what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from cloudsync_gen.model.artefacts import Condition, Problem, Read
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets.service.aggregate_views import AggregateView
from cloudsync_gen.targets.service.candidates import ABSENT, Candidates, Hints
from cloudsync_gen.targets.service.samples import Unsampled

SUBJECT, ORGANIZATION, NOW = "{subject}", "{organization}", "{now}"
"""Marks that who uses a trial fills in."""

THOROUGH = 2000
"""The effort for what always has a solution: every invariant can be broken, every step taken."""

_SELECTED = {
    root: re.compile(rf"(?<![\w.]){root}\.([A-Za-z_]\w*)")
    for root in ("this", "input", "principal")
}
_WORDS = re.compile(r"[a-z_][a-z0-9_]*")
_SQL_TEXT = re.compile(r"'(?:[^']|'')*'")
_FIXED = ("id", "organizationId", "version")
_MADE = ("createdAt", "updatedAt")

Reads = dict[str, dict[str, Read]]
"""Root of an expression, and where it reads each of its fields."""


class Subject:
    """An aggregate: what its fields may hold, and what is said of them; `checks`: what its table
    says, in SQL.
    """

    def __init__(
        self,
        known: Candidates,
        view: AggregateView,
        workloads: Iterable[str],
        checks: Iterable[str],
    ) -> None:
        self.view = view
        self._workloads = tuple(workloads)
        self.schema = known.schema(view.model)
        self.properties: Mapping[str, Any] = self.schema.get("properties", {})
        self.required = frozenset(self.schema.get("required", ()))
        self._known = known
        said = [expression for _, expression, _ in view.invariants]
        said += [each.condition for each in view.transitions if each.condition]
        said += [r.condition for each in view.commands for r in each.requires if r.condition]
        self._said = said
        self._found: dict[tuple[str, int], list[Any]] = {}
        self._held: dict[tuple[str, int, str, bool], tuple[Any, ...]] = {}
        names = {name for each in said for name in selected(each, "this")}
        self.names = [name for name in self.properties if name in names]
        self._checked = [frozenset(self._fields_of(each)) for each in checks]
        self.example = self._example()

    def _example(self) -> dict[str, Any]:
        """An entity that satisfies the schema, in its first state; empty where none is known."""
        try:
            found = dict(self._known.example(self.schema))
        except (Unsampled, ValueError):
            return {}
        found |= self.view.defaults
        if self.view.state_field:
            found[self.view.state_field] = self.view.initial
        return {**found, "organizationId": ORGANIZATION, "version": 1}

    def values(
        self, name: str, schema: Mapping[str, Any], first: Any, *, optional: bool
    ) -> tuple[Any, ...]:
        """What a field of that name may hold, its first value before all others."""
        own = repr(first)
        key = (name, id(schema), own, optional)
        if key not in self._held:
            found = self._candidates(name, schema)
            more = [ABSENT, *found] if optional else found
            self._held[key] = (first, *(each for each in more if repr(each) != own))
        return self._held[key]

    def _candidates(self, name: str, schema: Mapping[str, Any]) -> list[Any]:
        """The same for every problem that speaks of the field."""
        key = (name, id(schema))
        if key not in self._found:
            said = [each for each in self._said if re.search(rf"\.{name}\b", each)]
            hints = Hints(said, self._peers(said, name))
            self._found[key] = self._known.of(schema, hints, name)
        return self._found[key]

    def _peers(self, said: Iterable[str], name: str) -> Iterator[str]:
        """Texts of the example with which the field is compared."""
        for peer in dict.fromkeys(n for each in said for n in selected(each, "this")):
            value = self.example.get(peer)
            if peer != name and isinstance(value, str):
                yield value
        if any(selected(each, "principal") for each in said):
            yield from self._workloads

    def seed(
        self, first: Mapping[str, Any], fixed: Iterable[str], *, related: bool = True
    ) -> dict[str, tuple[Any, ...]]:
        """Variables of an entity that exists. What is fixed has but one value, and so have the
        fields by which the caller is `related` to it.
        """
        kept = {*_FIXED, *fixed} if related else {*fixed}
        found = {}
        for name in self.names:
            value = first.get(name, ABSENT)
            if name in kept or (related and _is_mark(value)):
                found[name] = (value,)
            else:
                optional = name not in self.required
                found[name] = self.values(name, self.properties[name], value, optional=optional)
        return found

    def sound(self) -> Iterator[Problem]:
        """An entity that breaks no invariant."""
        held = {f"entity.{n}": v for n, v in self.seed(self.example, ()).items()}
        reads = {name: Read(variables=(f"entity.{name}",)) for name in self.names}
        if self.example and self.view.invariants:
            yield Problem(
                values=held,
                conditions=tuple(self.kept({"this": reads})),
                place=("sound", self.view.name),
                group=f"{self.view.name} sound",
                effort=THOROUGH,
            )

    def stored(self, invariant: str) -> bool:
        """Whether the store takes an entity that breaks an invariant, as far as can be told: none
        of its table's checks joins the same fields, or is of the one field alone.
        """
        said = next(each for name, each, _ in self.view.invariants if name == invariant)
        read = frozenset(selected(said, "this"))
        return not any(each == read or (len(each) > 1 and each < read) for each in self._checked)

    def _fields_of(self, check: str) -> Iterator[str]:
        """Fields whose columns a check of the table speaks of."""
        words = set(_WORDS.findall(_SQL_TEXT.sub("", check)))
        for name in self.properties:
            if self.view.columns.get(name, python_name(name)) in words:
                yield name

    def broken(self) -> Iterator[Problem]:
        """An entity for each invariant that breaks it and no other, as one that is made now."""
        if not self.example:
            return
        example = {**self.example, **dict.fromkeys(_MADE, NOW)}
        seed = self.seed(example, ("version", *_MADE), related=False)
        values = {f"entity.{n}": held for n, held in seed.items()}
        reads = {name: Read(variables=(f"entity.{name}",)) for name in self.names}
        for name, *_ in self.view.invariants:
            yield Problem(
                values=values,
                conditions=tuple(self.kept({"this": reads}, name)),
                place=("invariants", self.view.name, name),
                group=f"{self.view.name} {name}",
                effort=THOROUGH,
            )

    def kept(self, reads: Reads, broken: str = "", *, whole: bool = True) -> Iterator[Condition]:
        """All invariants, one of them broken; or those alone that the store keeps as well."""
        for name, expression, _ in self.view.invariants:
            if whole or not self.stored(name):
                yield condition(expression, reads, holds=name != broken)


def _is_mark(value: Any) -> bool:
    return value in (SUBJECT, [SUBJECT])


def condition(expression: str, reads: Reads, *, holds: bool = True) -> Condition:
    """A condition that reads no more than it speaks of."""
    found = {
        root: {n: fields[n] for n in selected(expression, root) if n in fields}
        for root, fields in reads.items()
    }
    return Condition(expression=expression, holds=holds, reads=found)


@lru_cache(maxsize=4_096)
def selected(expression: str, root: str) -> tuple[str, ...]:
    """Names that an expression selects of a variable."""
    return tuple(dict.fromkeys(_SELECTED[root].findall(expression)))
