"""Entities that must exist before an operation can be asked: examples with a fitting state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate, Command, Query, Transition
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import Request, effect_of
from cloudsync_gen.targets.service.samples import Unsampled, sample
from cloudsync_gen.targets.service.views import SeedView

ORGANIZATION = "{organization}"
SUBJECT = "{subject}"
"""Stand for the tenant and the person who asks."""

_TENANT = "organizationId"
_SELF = ("id", "userId")
"""Fields in which an entity of the relation `self` holds the caller, where no rule says."""

_ON_ONE = ("get", "update", "delete", "transition")


class Arrangement:
    """The values of a request's path parameters, and the entities that they name."""

    def __init__(self, facts: ServiceFacts, performed: Command | Query, request: Request) -> None:
        self._facts = facts
        self._performed = performed
        self._request = request
        self._own = facts.aggregates.get(performed.aggregate)

    def parameters(self, examples: Mapping[str, str]) -> dict[str, str]:
        """Path parameters with values that the seeds have."""
        found = {}
        for name, example in examples.items():
            own = self._own is not None and name == self._request.key
            field = self._own.key if self._own and own else name
            if name == _TENANT:
                found[name] = ORGANIZATION
            else:
                found[name] = SUBJECT if field in self._related(self._own) else example
        return found

    def seeds(self, parameters: Mapping[str, str], body: Any = None) -> tuple[SeedView, ...]:
        """What must exist, parents first: what the path names, what the entity is part of, what the
        body refers to, what leads the caller to the entity, and what rows of these must refer to.
        """
        wanted = self._wanted()
        made = {each.id: self._seed(each, parameters) for each in wanted.values()}
        found = {name: seed for name, seed in made.items() if seed is not None}
        for each in wanted.values():
            self._join(each, found, parameters)
        for name, seed in self._referred(body if isinstance(body, Mapping) else {}):
            found.setdefault(name, seed)
        own = found.get(self._own.id) if self._own is not None else None
        leading = self._leading(own.values) if own is not None else ()
        rows = _Rows(self._facts, lambda each: self._seed(each, {}), parameters)
        return rows.placed(*found.values(), *leading)

    def _wanted(self) -> dict[str, Aggregate]:
        wanted: dict[str, Aggregate] = {}
        for name in self._request.in_path:
            for aggregate in self._facts.aggregates.values():
                if self._facts.key_of(aggregate) == name and aggregate.part_of is None:
                    wanted[aggregate.id] = aggregate
        if self._own is not None:
            for each in reversed(list(self._ancestors(self._own))):
                wanted.setdefault(each.id, each)
            if effect_of(self._performed) in _ON_ONE:
                wanted[self._own.id] = self._own
            else:
                wanted.pop(self._own.id, None)
        return wanted

    def _join(
        self, aggregate: Aggregate, found: Mapping[str, SeedView], parameters: Mapping[str, str]
    ) -> None:
        """Say in a part whose part it is, where the path does not."""
        part_of = aggregate.part_of
        parent = self._facts.aggregates.get(part_of.aggregate) if part_of else None
        if part_of is None or parent is None or parent.id not in found:
            return
        child, above = found.get(aggregate.id), found[parent.id].values
        if (
            child is not None
            and not {part_of.field, self._facts.key_of(parent)} & parameters.keys()
        ):
            child.values[part_of.field] = above.get(parent.key, child.values[part_of.field])

    def _referred(self, body: Mapping[str, Any]) -> Iterator[tuple[str, SeedView]]:
        """Entities of the service that the body names by a reference or as the parent."""
        own = self._own
        if own is None:
            return
        named = [*own.references, *([own.part_of] if own.part_of else [])]
        for each in named:
            aggregate = self._facts.aggregates.get(each.aggregate)
            value = body.get(each.field)
            if aggregate is None or not isinstance(value, str):
                continue
            seed = self._seed(aggregate, {})
            if seed is not None:
                seed.values[aggregate.key] = value
                yield aggregate.id, seed

    def _leading(self, entity: Mapping[str, Any]) -> Iterator[SeedView]:
        """Entities by which the caller stands in a relation that the operation names."""
        rules = {each.name: each for each in self._own.relations} if self._own else {}
        for name in self._performed.relations:
            rule = rules.get(name)
            through = self._facts.aggregates.get(rule.through or "") if rule else None
            seed = self._seed(through, {}) if through else None
            if rule is None or seed is None or not rule.parent or not rule.principal:
                continue
            seed.values[rule.parent] = entity["id"]
            seed.values[rule.principal] = f"{rule.prefix}{SUBJECT}"
            if rule.value_field and rule.values:
                seed.values[rule.value_field] = rule.values[0]
            yield seed
            return

    def _ancestors(self, aggregate: Aggregate) -> Iterable[Aggregate]:
        seen = {aggregate.id}
        while aggregate.part_of is not None:
            parent = self._facts.aggregates.get(aggregate.part_of.aggregate)
            if parent is None or parent.id in seen:
                return
            seen.add(parent.id)
            yield parent
            aggregate = parent

    def _seed(self, aggregate: Aggregate, parameters: Mapping[str, str]) -> SeedView | None:
        """An example of an entity; `None` where there is none."""
        schema, schemas = self._facts.schema(aggregate.schema), self._facts.schemas
        properties = schema.get("properties", {})
        state, told = self._state(aggregate)
        try:
            values = dict(sample(schema, schemas))
            values |= {n: sample(properties[n], schemas, n) for n in told if n in properties}
        except (Unsampled, ValueError):
            return None
        values |= state
        for name in self._related(aggregate) & properties.keys():
            values[name] = [SUBJECT] if _is_list(properties[name], schemas) else SUBJECT
        values |= {name: value for name, value in parameters.items() if name in properties}
        values |= self._identity(aggregate, parameters)
        values[_TENANT] = ORGANIZATION
        if aggregate.tenant_root:
            values["id"] = ORGANIZATION
        return SeedView(aggregate=name_of(aggregate.id), values={**values, "version": 1})

    def _identity(self, aggregate: Aggregate, parameters: Mapping[str, str]) -> dict[str, str]:
        """The key, as the path has it, and the parent's."""
        own = aggregate is self._own
        key = self._request.key if own else self._called(aggregate, parameters)
        found = {aggregate.key: parameters[key]} if key in parameters else {}
        part_of = aggregate.part_of
        parent = self._facts.aggregates.get(part_of.aggregate) if part_of else None
        if part_of is not None and parent is not None:
            name = self._facts.key_of(parent)
            if name in parameters:
                found[part_of.field] = parameters[name]
        return found

    def _called(self, aggregate: Aggregate, parameters: Mapping[str, str]) -> str:
        """How the path calls the entity: by the aggregate's name, or as its part does."""
        name, part_of = self._facts.key_of(aggregate), self._own.part_of if self._own else None
        as_part = part_of is not None and part_of.aggregate == aggregate.id
        return part_of.field if part_of and as_part and name not in parameters else name

    def _related(self, aggregate: Aggregate | None) -> set[str]:
        """Fields by which the caller stands in a relation that the operation names."""
        rules = {each.name: each.fields for each in aggregate.relations} if aggregate else {}
        found: set[str] = set()
        for name in self._performed.relations:
            default = _SELF if name == "self" else (f"{name}Id", f"{name}Ids")
            found.update(rules.get(name) or default)
        return found

    def _state(self, aggregate: Aggregate) -> tuple[dict[str, str], list[str]]:
        """(the state in which the command can come, fields that are told on the way there)."""
        lifecycle = self._facts.system.lifecycles.get(aggregate.id)
        if lifecycle is None:
            return {}, []
        state = lifecycle.initial
        if aggregate is self._own:
            state = _source(lifecycle.transitions, self._performed.id) or state
        leading = [each for each in lifecycle.transitions if each.to == state]
        commands = {each.id: each for each in self._facts.system.commands[self._facts.service.id]}
        moved = commands.get(leading[0].command) if leading else None
        told = [each.field for each in moved.sets] if moved else []
        return {lifecycle.state_field: state}, told


class _Rows:
    """Puts entities after those that their rows must refer to, or the store would not take them."""

    def __init__(
        self,
        facts: ServiceFacts,
        example: Callable[[Aggregate], SeedView | None],
        fixed: Collection[str],
    ) -> None:
        self._facts = facts
        self._example = example
        self._fixed = fixed
        self._stored = {each.store: each for each in facts.aggregates.values()}
        self._stores = {name_of(each.id): each.store for each in facts.aggregates.values()}
        self._known: dict[str, SeedView] = {}
        self._placed: list[SeedView] = []

    def placed(self, *seeds: SeedView) -> tuple[SeedView, ...]:
        """The entities, and those that are missing of what their foreign keys name."""
        for each in seeds:
            self._known.setdefault(each.aggregate, each)
        for each in seeds:
            self._place(each, frozenset())
        return tuple(self._placed)

    def _place(self, seed: SeedView, below: frozenset[str]) -> None:
        if seed.aggregate in below or any(each is seed for each in self._placed):
            return
        for field, above, there in self._foreign(seed.aggregate):
            value, name = seed.values.get(field), name_of(above.id)
            known = self._known.get(name) if value is not None else None
            if known is not None and field not in self._fixed:
                seed.values[field] = known.values.get(there, value)
            elif known is None and value is not None and (known := self._example(above)):
                known.values[there] = value
                self._known[name] = known
            if known is not None:
                self._place(known, below | {seed.aggregate})
        self._placed.append(seed)

    def _foreign(self, aggregate: str) -> Iterator[tuple[str, Aggregate, str]]:
        """(field, the aggregate that it names an entity of, the field there)."""
        table = self._facts.model.get(Table, self._stores[aggregate])
        for key in table.foreign_keys if table is not None else ():
            above, remote = self._stored.get(key.table), self._facts.model.get(Table, key.table)
            if table is None or above is None or remote is None or remote is table:
                continue
            for column, there in zip(key.columns, remote.primary_key, strict=False):
                field, name = table.columns[column].property, remote.columns[there].property
                if field and name:
                    yield field, above, name


def _source(transitions: Iterable[Transition], command: str) -> str:
    """The first state from which the command leads."""
    return next(
        (each.sources[0] for each in transitions if each.command == command and each.sources), ""
    )


def _is_list(schema: Any, schemas: Mapping[str, Any]) -> bool:
    _, found = followed(schema, schemas)
    return found.get("type") == "array"
