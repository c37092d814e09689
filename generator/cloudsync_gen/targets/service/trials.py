"""What proves a service's rules: entities that break one invariant each, and requests that would;
requests that take every step of a life cycle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.artefacts import Condition, Problem, Read, Trials
from cloudsync_gen.targets.service.aggregate_views import (
    AggregateView,
    AssignmentView,
    CommandView,
    TransitionView,
)
from cloudsync_gen.targets.service.candidates import ABSENT, Candidates, Hints
from cloudsync_gen.targets.service.cases import table_of
from cloudsync_gen.targets.service.facts import WORKLOAD
from cloudsync_gen.targets.service.samples import FORMATS, Unsampled
from cloudsync_gen.targets.service.views import CaseView, ServiceView

_SELECTED = {
    root: re.compile(rf"(?<![\w.]){root}\.([A-Za-z_]\w*)")
    for root in ("this", "input", "principal")
}
_LATER = re.compile(r"context\.now\.plus\.(\d+)(ms|[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SUBJECT, _ORGANIZATION, _NOW = "{subject}", "{organization}", "{now}"
_FRESH = FORMATS["uuid"][:-12] + "f" * 12
_FACTS = {
    "context.now": _NOW,
    "context.principalId": _SUBJECT,
    "context.subject": _SUBJECT,
    "context.organizationId": _ORGANIZATION,
}
_FIXED = ("id", "organizationId", "version")
_THOROUGH, _QUICK = 2000, 120
"""Every invariant can be broken and every step taken; few commands can break an invariant."""

_NEW = ("create", "put")
_MOVING = ("create", "put", "update", "transition", "custom")

Reads = dict[str, dict[str, Read]]


def trials_of(view: ServiceView) -> Trials:
    """The table of the contract tests, and what is to be found for it."""
    known = Candidates(view.models["$defs"])
    workloads = sorted({view.name, *(name for m in view.methods for name in m.callers)})
    subjects = [_Subject(known, each, workloads) for each in view.aggregates]
    examples = {each.view.name: each.example for each in subjects if each.example}
    table = table_of(view.cases, examples)
    for each in subjects:
        each.example = table["entities"].get(each.view.name, {})
    problems = [problem for each in subjects for problem in (*each.sound(), *each.broken())]
    problems += _asked(view, known, subjects)
    return Trials(table=table, problems=tuple(problems), absent=ABSENT, whole=("body",))


def _asked(view: ServiceView, known: Candidates, subjects: list[_Subject]) -> Iterator[Problem]:
    """What operations are asked, those first whose behaviour follows from the model."""
    bodies = {
        method.command: field.type.removeprefix("models.").partition(" ")[0]
        for method in view.methods
        for field in method.fields
        if field.name == "body"
    }
    callers = {method.command: method.callers for method in view.methods}
    ordered = sorted(enumerate(view.cases), key=lambda each: each[1].custom)
    for subject in subjects:
        commands = {each.command: each for each in subject.view.commands}
        for place, case in ordered:
            command = commands.get(case.performs)
            if command is not None and command.effect in _MOVING:
                body = known.schema(bodies.get(case.performs, ""))
                known_callers = (*callers.get(case.performs, ()), view.name)
                asker = _asker(subject.view, case.performs, known_callers[0])
                yield from _Request(subject, known, place, case, command, body, asker).problems()


def _asker(view: AggregateView, command: str, caller: str) -> str:
    """The workload that asks where the life cycle takes the command of workloads alone."""
    rows = [each for each in view.transitions if each.command == command]
    alone = bool(rows) and all(each.roles == (WORKLOAD,) and not each.relations for each in rows)
    return caller if alone else ""


class _Subject:
    """An aggregate: what its fields may hold, and what is said of them."""

    def __init__(self, known: Candidates, view: AggregateView, workloads: Iterable[str]) -> None:
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
        return {**found, "organizationId": _ORGANIZATION, "version": 1}

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
        kept = {*_FIXED, *fixed} if related else set()
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
                effort=_THOROUGH,
            )

    def broken(self) -> Iterator[Problem]:
        """An entity for each invariant that breaks it and no other."""
        if not self.example:
            return
        values = {
            f"entity.{n}": held for n, held in self.seed(self.example, (), related=False).items()
        }
        reads = {name: Read(variables=(f"entity.{name}",)) for name in self.names}
        for name, *_ in self.view.invariants:
            yield Problem(
                values=values,
                conditions=tuple(self.kept({"this": reads}, name)),
                place=("invariants", self.view.name, name),
                group=f"{self.view.name} {name}",
                effort=_THOROUGH,
            )

    def kept(self, reads: Reads, broken: str = "") -> Iterator[Condition]:
        """All invariants, one of them broken."""
        for name, expression, _ in self.view.invariants:
            yield condition(expression, reads, holds=name != broken)


class _Request(Struct, frozen=True):
    """An operation and the entity that it is asked to make or to change."""

    subject: _Subject
    known: Candidates
    place: int
    case: CaseView
    command: CommandView
    body: Mapping[str, Any]
    asker: str

    @property
    def new(self) -> bool:
        own = any(seed.aggregate == self.subject.view.name for seed in self.case.seeds)
        return self.command.effect in _NEW or not own

    def problems(self) -> Iterator[Problem]:
        """Steps of the life cycle, then invariants that the command could break."""
        if self.new and self.command.effect not in _NEW:
            return
        rows = [
            each for each in self.subject.view.transitions if each.command == self.case.performs
        ]
        steps = list(_steps(rows, new=self.new))
        ways: list[_Step | None] = [*steps] if rows else [None]
        for row, source, earlier in steps:
            yield self._problem("moves", f"{source}>{row.to}", (row, source, earlier))
        for name, expression, _ in self.subject.view.invariants:
            touched = self._written() & set(selected(expression, "this"))
            for step in ways:
                if touched or (
                    step and self.subject.view.state_field in selected(expression, "this")
                ):
                    yield self._problem("breaks", name, step)

    def _written(self) -> set[str]:
        return {*self.body.get("properties", {}), *(each.field for each in self.command.sets)}

    def _problem(self, kind: str, name: str, step: _Step | None) -> Problem:
        values = self._values(step)
        before = {"this": self._before(values), "input": self._inputs(values)}
        before["principal"] = {
            "id": Read(value=self.asker or _SUBJECT),
            "kind": Read(value="workload" if self.asker else "user"),
            "roles": Read(value=[]),
        }
        conditions = [] if self.new else list(self.subject.kept(before))
        conditions += (
            condition(each.condition, before)
            for each in self.command.requires
            if each.condition and not each.counted
        )
        if step is not None:
            row, _, earlier = step
            conditions += (condition(each.condition, before, holds=False) for each in earlier)
            conditions += [condition(row.condition, before)] if row.condition else []
        after = {"this": self._after(values, step)}
        conditions += self.subject.kept(after, name if kind == "breaks" else "")
        broken = f"{self.subject.view.name} {name} asked"
        return Problem(
            values=values,
            conditions=tuple(conditions),
            place=("cases", str(self.place), kind, name),
            group=broken if kind == "breaks" else f"{self.place} {name}",
            effort=_THOROUGH if kind == "moves" else _QUICK,
            told=(f"seed.{self.subject.view.state_field}",) if step and not self.new else (),
        )

    def _values(self, step: _Step | None) -> dict[str, tuple[Any, ...]]:
        subject = self.subject
        found: dict[str, tuple[Any, ...]] = {}
        if not self.new:
            first = next(s.values for s in self.case.seeds if s.aggregate == subject.view.name)
            seed = subject.seed(first, self.case.parameters)
            if step is not None:
                seed[subject.view.state_field] = (step[1],)
            found |= {f"seed.{name}": held for name, held in seed.items()}
        sent = self.case.body if isinstance(self.case.body, dict) else {}
        asked = {*subject.names, *self._spoken_of("input")}
        for name, schema in self.body.get("properties", {}).items():
            value = sent.get(name, ABSENT)
            if name in asked:
                optional = name not in self.body.get("required", ())
                held = subject.values(name, schema, value, optional=optional)
                removable = optional and not self.new and "x-nullable" in schema
                found[f"body.{name}"] = (*held, None) if removable else held
            elif name in sent:
                found[f"body.{name}"] = (value,)
        return found

    def _spoken_of(self, root: str) -> set[str]:
        said = [each.condition for each in self.command.requires]
        said += [each.condition for each in self.subject.view.transitions]
        return {name for each in said for name in selected(each, root)}

    def _before(self, values: Mapping[str, Any]) -> dict[str, Read]:
        names = (name.partition(".") for name in values)
        return {n: Read(variables=(f"seed.{n}",)) for part, _, n in names if part == "seed"}

    def _inputs(self, values: Mapping[str, Any]) -> dict[str, Read]:
        names = (name.partition(".") for name in values)
        found = {n: Read(variables=(f"body.{n}",)) for part, _, n in names if part == "body"}
        return found | {n: Read(value=each) for n, each in self.case.parameters.items()}

    def _after(self, values: Mapping[str, Any], step: _Step | None) -> dict[str, Read]:
        """Each field as the command leaves it."""
        view = self.subject.view
        found = {}
        for name in self.subject.names:
            ways = [way for way in (f"body.{name}", f"seed.{name}") if way in values]
            default = view.defaults.get(name) if self.new else None
            found[name] = Read(variables=tuple(ways), merges=not self.new, value=default)
        if self.new:
            parents = {view.part_of[0]: ""} if view.part_of else {}
            found |= {n: Read(value=v) for n, v in self.case.parameters.items() if n in found}
            found |= {
                n: Read(value=_FRESH) for n in parents if n in found and not found[n].variables
            }
            found |= {"id": Read(value=_FRESH), "createdAt": Read(value=_NOW)}
            found |= {"organizationId": Read(value=_ORGANIZATION), "version": Read(value=1)}
        for each in self.command.sets:
            read = _assigned(each, self.case)
            found[each.field] = read if all(n in values for n in read.variables) else Read()
        if self.new and view.initial:
            found[view.state_field] = Read(value=view.initial)
        if step is not None:
            found[view.state_field] = Read(value=step[0].to)
        return {**found, "updatedAt": Read(value=_NOW)}


_Step = tuple[TransitionView, str, tuple[TransitionView, ...]]
"""(row, the state it starts in or nothing, rows that come first where their conditions hold)."""


def _steps(rows: list[TransitionView], *, new: bool) -> Iterator[_Step]:
    """What a command can do in each state; not what another row always does before."""
    for place, row in enumerate(rows):
        for source in row.sources or ("",):
            before = [each for each in rows[:place] if source in (each.sources or ("",))]
            if bool(row.sources) is not new and all(each.condition for each in before):
                yield row, source, tuple(before)


def _assigned(each: AssignmentView, case: CaseView) -> Read:
    """What a command's assignment leaves in its field."""
    if not each.source:
        return Read(value=each.value)
    kind, _, path = each.source.partition(".")
    steps = path.split(".")
    if kind == "body":
        return Read(variables=(f"body.{steps[0]}",), path=tuple(steps[1:]))
    if kind == "parameter":
        return Read(value=case.parameters.get(path))
    later = _LATER.fullmatch(each.source)
    if later:
        seconds = int(later[1]) * _SECONDS[later[2]] if later[2] != "ms" else 0
        return Read(value=f"{{now+{seconds}}}")
    return Read(value=_FACTS.get(each.source, _FRESH))


def _is_mark(value: Any) -> bool:
    return value in (_SUBJECT, [_SUBJECT])


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
