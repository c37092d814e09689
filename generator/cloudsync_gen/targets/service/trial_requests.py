"""Operations as the search for trials sees them: what they are asked, and what they leave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.artefacts import Condition, Problem, Read
from cloudsync_gen.targets.service.aggregate_views import (
    AssignmentView,
    CommandView,
    TransitionView,
)
from cloudsync_gen.targets.service.candidates import ABSENT, Candidates
from cloudsync_gen.targets.service.samples import FORMATS
from cloudsync_gen.targets.service.trial_subjects import (
    NOW,
    ORGANIZATION,
    SUBJECT,
    THOROUGH,
    Subject,
    condition,
    selected,
)
from cloudsync_gen.targets.service.views import CaseView

_LATER = re.compile(r"context\.now\.plus\.(\d+)(ms|[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FRESH = FORMATS["uuid"][:-12] + "f" * 12
_FACTS = {
    "context.now": NOW,
    "context.principalId": SUBJECT,
    "context.subject": SUBJECT,
    "context.organizationId": ORGANIZATION,
}
_QUICK = 120
"""The effort for what may have no solution: few commands can break an invariant."""

_NEW = ("create", "put")
_CHANGING = ("update", "transition")


class Request(Struct, frozen=True):
    """An operation and the entity that it is asked to make or to change."""

    subject: Subject
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

    @property
    def aimless(self) -> bool:
        """Whether it changes an entity that is not there."""
        return self.new and self.command.effect not in _NEW

    def moves(self) -> Iterator[Problem]:
        """Steps of the life cycle."""
        for row, source, earlier in [] if self.aimless else self._steps():
            yield self._problem("moves", f"{source}>{row.to}", (row, source, earlier))

    def breaks(self) -> Iterator[Problem]:
        """Invariants that the command could break."""
        state = self.subject.view.state_field
        for name, expression, _ in () if self.aimless else self.subject.view.invariants:
            read = set(selected(expression, "this"))
            for step in self._ways():
                if self._written() & read or (step and state in read):
                    yield self._problem("breaks", name, step)

    def unmended(self) -> Iterator[Problem]:
        """Of entities that break an invariant already, as an older version of the service may have
        left them: what would change them and leave it broken.
        """
        if not self.new and self.command.effect in _CHANGING:
            names = [name for name, *_ in self.subject.view.invariants]
            for name in filter(self.subject.stored, names):
                for step in self._ways():
                    yield self._problem("breaks", name, step, sound=False)

    def _steps(self) -> list[_Step]:
        rows = self.subject.view.transitions
        own = [each for each in rows if each.command == self.case.performs]
        return list(_steps(own, new=self.new))

    def _ways(self) -> list[_Step | None]:
        """Its steps, or one way without any where the life cycle has none for it."""
        rows = self.subject.view.transitions
        governed = any(each.command == self.case.performs for each in rows)
        return [*self._steps()] if governed else [None]

    def _written(self) -> set[str]:
        return {*self.body.get("properties", {}), *(each.field for each in self.command.sets)}

    def _problem(self, kind: str, name: str, step: _Step | None, *, sound: bool = True) -> Problem:
        """`sound`: the entity breaks no invariant before; else none that its store minds."""
        values = self._values(step)
        before = {"this": self._before(values), "input": self._inputs(values)}
        before["principal"] = {
            "id": Read(value=self.asker or SUBJECT),
            "kind": Read(value="workload" if self.asker else "user"),
            "roles": Read(value=[]),
        }
        conditions = [] if self.new else list(self.subject.kept(before, whole=sound))
        conditions += self._full(before["input"])
        if not sound and (step is None or step[0].to == step[1]):
            conditions.append(self._changing(values))
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
        broken = asked_of(self.subject.view.name, name)
        return Problem(
            values=values,
            conditions=tuple(conditions),
            place=("cases", str(self.place), kind, name),
            group=self._group(kind, name, broken),
            unless=broken if kind == "breaks" else "",
            effort=THOROUGH if kind == "moves" else _QUICK,
            told=(f"seed.{self.subject.view.state_field}",) if step and not self.new else (),
        )

    def _full(self, inputs: dict[str, Read]) -> Iterator[Condition]:
        """A body that must not be empty says something."""
        said = [name for name in inputs if name not in self.case.parameters]
        if said and self.body.get("minProperties", self.body.get("x-min-properties")):
            something = " || ".join(f"has(input.{name})" for name in said)
            yield condition(something, {"input": inputs})

    def _changing(self, values: Mapping[str, Any]) -> Condition:
        """What the body says is not what is there already, else nothing is stored. Objects are
        merged, so that another one may still change nothing.
        """
        first = next(s.values for s in self.case.seeds if s.aggregate == self.subject.view.name)
        said = [
            name.partition(".")[2]
            for name, held in values.items()
            if name.startswith("body.") and not any(isinstance(each, dict) for each in held)
        ]
        there = {
            n: Read(variables=(f"seed.{n}",)) if f"seed.{n}" in values else Read(value=first.get(n))
            for n in said
        }
        sent = {n: Read(variables=(f"body.{n}",)) for n in said}
        changed = (f"has(input.{n}) && (!has(this.{n}) || input.{n} != this.{n})" for n in said)
        return condition(" || ".join(changed) or "false", {"this": there, "input": sent})

    def _group(self, kind: str, name: str, broken: str) -> str:
        """What a handler is asked proves less, for it may put right or refuse earlier."""
        if kind != "breaks":
            return f"{self.place} {name}"
        return f"{broken} of a handler" if self.case.custom else broken

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
            found |= {"id": Read(value=_FRESH), "createdAt": Read(value=NOW)}
            found |= {"organizationId": Read(value=ORGANIZATION), "version": Read(value=1)}
        for each in self.command.sets:
            read = _assigned(each, self.case)
            found[each.field] = read if all(n in values for n in read.variables) else Read()
        if self.new and view.initial:
            found[view.state_field] = Read(value=view.initial)
        if step is not None:
            found[view.state_field] = Read(value=step[0].to)
        return {**found, "updatedAt": Read(value=NOW)}


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


def asked_of(aggregate: str, invariant: str) -> str:
    """The group of requests that break an invariant."""
    return f"{aggregate} {invariant} asked"
