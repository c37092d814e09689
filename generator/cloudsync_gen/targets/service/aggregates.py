"""Aggregates as the chassis is told of them: life cycles, invariants, effects, stores."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudsync_gen.model.effects import key_property
from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import (
    Aggregate,
    Assignment,
    Command,
    Event,
    RelationRule,
    Transition,
)
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.secrecy import encrypted_of, in_rows
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets.service.aggregate_views import (
    AggregateView,
    AssignmentView,
    CommandView,
    EmissionView,
    RelationView,
    RequirementView,
    TransitionView,
)
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts
from cloudsync_gen.targets.service.guide import ProblemView, constants_of
from cloudsync_gen.targets.service.tables import variable_of
from cloudsync_gen.targets.service.traces import told_of_entity

_TENANT = "organizationId"
_CAPITAL = re.compile("(?<=[a-z0-9])([A-Z])")


Constants = Mapping[tuple[str, int], str]


def aggregates_of(
    facts: ServiceFacts, problems: Iterable[ProblemView]
) -> tuple[tuple[AggregateView, ...], tuple[EmissionView, ...]]:
    """Each aggregate of the service, by id; the events that their commands announce, by name."""
    constants = constants_of(problems)
    emissions = _Emissions(facts)
    made = tuple(
        _aggregate(facts, each, constants, emissions) for each in facts.aggregates.values()
    )
    return made, emissions.all()


def _aggregate(
    facts: ServiceFacts, aggregate: Aggregate, constants: Constants, emissions: _Emissions
) -> AggregateView:
    schema = facts.schema(aggregate.schema)
    table = _table(facts, aggregate, schema)
    lifecycle = facts.system.lifecycles.get(aggregate.id)
    part_of = aggregate.part_of
    own = part_of is not None and part_of.aggregate in facts.aggregates
    return AggregateView(
        name=name_of(aggregate.id),
        attribute=facts.attributes[aggregate.id],
        constant=facts.attributes[aggregate.id].upper(),
        model=facts.class_of(aggregate.schema),
        table=variable_of(table) if table else "",
        columns=_columns(table) if table else {},
        encrypted=encrypted_of(facts.model, aggregate),
        blind=_blind(table) if table else {},
        collection=name_of(aggregate.id),
        collection_unique=tuple(_within_tenant(each) for each in aggregate.unique),
        key=aggregate.key,
        state_field=lifecycle.state_field if lifecycle else "",
        initial=lifecycle.initial if lifecycle else "",
        transitions=tuple(_transitions(facts, lifecycle.transitions)) if lifecycle else (),
        invariants=tuple(
            (name_of(each.id), each.expression, each.message)
            for each in facts.system.invariants[aggregate.id]
        ),
        commands=tuple(_commands(facts, aggregate, constants, emissions)),
        part_of=(part_of.field, name_of(part_of.aggregate)) if part_of and own else None,
        references=tuple(
            (each.field, name_of(each.aggregate))
            for each in aggregate.references
            if each.aggregate in facts.aggregates
        ),
        unique=aggregate.unique,
        defaults=_defaults(schema),
        tenant_root=aggregate.tenant_root,
        relations=tuple(_relation(each) for each in aggregate.relations),
        traced=told_of_entity(facts, aggregate),
    )


def _within_tenant(fields: tuple[str, ...]) -> tuple[str, ...]:
    return fields if _TENANT in fields else (_TENANT, *fields)


def _table(facts: ServiceFacts, aggregate: Aggregate, schema: Mapping[str, Any]) -> Table | None:
    """The aggregate's table, if it has a column for each property."""
    table = facts.model.get(Table, aggregate.store)
    known = {variable_of(each) for each in facts.system.tables[facts.service.id]}
    if table is None or variable_of(table) not in known:
        return None
    return table if in_rows(table, schema.get("properties", {})) else None


def _columns(table: Table) -> dict[str, str]:
    """Columns that are not called as the chassis expects: `ownerId` is kept in `owner_id`."""
    held = ((column, name) for name, column in table.columns.items() if not column.blind_index_of)
    return {
        column.property: name
        for column, name in held
        if column.property and _CAPITAL.sub(r"_\1", column.property).lower() != name
    }


def _blind(table: Table) -> dict[str, str]:
    return {
        name: column.blind_index_of
        for name, column in table.columns.items()
        if column.blind_index_of
    }


def _transitions(
    facts: ServiceFacts, transitions: tuple[Transition, ...]
) -> Iterator[TransitionView]:
    for each in transitions:
        yield TransitionView(
            command=name_of(each.command),
            sources=each.sources,
            to=each.to,
            roles=tuple(sorted({facts.system.grants.role_name(role) for role in each.roles})),
            relations=tuple(sorted(each.relations)),
            condition=each.condition or "",
            guard=each.guard or "",
        )


def _commands(
    facts: ServiceFacts, aggregate: Aggregate, constants: Constants, emissions: _Emissions
) -> Iterator[CommandView]:
    for command in facts.system.commands[facts.service.id]:
        if command.aggregate == aggregate.id:
            yield CommandView(
                command=name_of(command.id),
                effect=command.effect,
                idempotency=command.idempotency,
                sets=(
                    *(_assignment(each) for each in command.sets),
                    *(AssignmentView(field=each) for each in command.clears),
                ),
                emits=tuple(emissions.of(command)),
                requires=tuple(_requirements(command, constants)),
            )


def _requirements(command: Command, constants: Constants) -> Iterator[RequirementView]:
    cases = {each.slug: each for each in command.errors}
    for each in command.requires:
        case = cases.get(each.problem)
        if case is not None:
            yield RequirementView(
                condition=each.condition or "",
                counted=name_of(each.count.aggregate) if each.count else "",
                where=tuple(sorted(each.count.where.items())) if each.count else (),
                unique=tuple(sorted(set(each.unique) - {_TENANT})),
                problem=constants[case.slug, case.status],
                detail=case.when,
            )


def _assignment(assignment: Assignment) -> AssignmentView:
    """A time ahead is `context.now.plus.<length>`."""
    source = assignment.source or ""
    if source and assignment.offset:
        source = f"{source}.plus.{_length(assignment.offset)}"
    return AssignmentView(field=assignment.field, value=assignment.value, source=source)


def _length(duration: str) -> str:
    return duration if milliseconds(duration) % 1000 == 0 else f"{milliseconds(duration)}ms"


class _Emissions:
    """What commands announce: the same of the same kind of entity once, under a name."""

    def __init__(self, facts: ServiceFacts) -> None:
        self._facts = facts
        self._scope = Scope(*(each.upper() for each in facts.attributes.values()))
        self._known: dict[tuple[str, str], EmissionView] = {}

    def all(self) -> tuple[EmissionView, ...]:
        """Every one that a command refers to."""
        return tuple(sorted(self._known.values(), key=lambda each: each.constant))

    def of(self, command: Command) -> Iterator[str]:
        """The constants of a command's events."""
        model = self._facts.model
        for event in (model.get(Event, each) for each in command.emits):
            topic = model.get(Topic, event.topic) if event else None
            if event is not None and topic is not None:
                yield self._constant(event, topic, _subject(self._facts, command, event))

    def _constant(self, event: Event, topic: Topic, subject: str) -> str:
        known = self._known.get((event.id, subject))
        if known is None:
            known = EmissionView(
                constant=self._scope.take(python_name(name_of(event.id)).upper()),
                type=event_type(self._facts.model, event),
                topic=topic.topic,
                key=subject,
                key_field=event.key,
                fields=tuple(self._facts.schema(event.payload).get("properties", {})),
            )
            self._known[event.id, subject] = known
        return known.constant


def _subject(facts: ServiceFacts, command: Command, event: Event) -> str:
    """The field of the command's entity that holds what the event is keyed by; else one of the
    input.
    """
    aggregate = facts.aggregates.get(command.aggregate)
    held = key_property(facts.model, event, aggregate) if aggregate else None
    return held or event.key


def _relation(rule: RelationRule) -> RelationView:
    return RelationView(
        name=rule.name,
        fields=rule.fields,
        through=name_of(rule.through) if rule.through else "",
        parent=rule.parent or "",
        principal=rule.principal or "",
        prefix=rule.prefix,
        value_field=rule.value_field or "",
        values=rule.values,
    )


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a new entity has before anybody says anything."""
    return {
        name: each["default"]
        for name, each in schema.get("properties", {}).items()
        if isinstance(each, Mapping) and "default" in each
    }
