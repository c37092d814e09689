"""Entities are looked for, told apart or put in order by what lies there encrypted.

What it does: of properties that an aggregate's store keeps encrypted, looks for those by which a
query filters or sorts, a schedule or a requirement picks entities, a relation or a part finds its
own, the key or a unique set tells one from others.

Why: a ciphertext differs each time that the same value is encrypted, so nothing is ever found, and
no order is one of values. What lies in a table is found by a blind index, but not put in order; in
a document by its unique values alone, one entity at a time.

Example: `filters: [phoneNumber]` over a collection with `encryptedFields: [phoneNumber]`.

Use instead: another property to look for; a column with `blindIndexOf`; a unique set that holds the
key.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate, Command, Query
from cloudsync_gen.model.secrecy import blind_indexed, encrypted_of, kept_in_rows
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

Sought = Iterator[tuple[Aggregate, str, Ref]]
"""An aggregate, a property by which it is looked for, and where that is said."""

_FIND = "look for it by another property, or give its table a column with `blindIndexOf`"
_SORT = "sort by a property that is not encrypted"


def check(model: Model) -> Iterator[Diagnostic]:
    secret = {each.id: frozenset(encrypted_of(model, each)) for each in model.all(Aggregate)}
    for aggregate, name, ref in (*_filters(model), *_picked(model), *_related(model)):
        if name in secret[aggregate.id] - blind_indexed(model, aggregate):
            yield _finding(aggregate, name, ref, "nothing is found by", _FIND)
    for aggregate, name, ref in _sorts(model):
        if name in secret[aggregate.id]:
            yield _finding(aggregate, name, ref, "nothing is put in order by", _SORT)
    for aggregate, name, ref in _told_apart(model):
        if name in secret[aggregate.id] - blind_indexed(model, aggregate):
            yield _finding(aggregate, name, ref, "nothing is told from others by", _FIND)


def _finding(aggregate: Aggregate, name: str, ref: Ref, fault: str, hint: str) -> Diagnostic:
    message = f"{fault} `{name}`, which `{aggregate.id}` keeps encrypted"
    return RULE.at(ref, message, hint, element=aggregate.id, facts=(name,))


def _filters(model: Model) -> Sought:
    for query in model.all(Query):
        aggregate = model.get(Aggregate, query.aggregate)
        if aggregate is not None:
            for place, name in enumerate(query.filters):
                yield aggregate, name, model.ref(query.id, "filters", place)


def _sorts(model: Model) -> Sought:
    for query in model.all(Query):
        aggregate = model.get(Aggregate, query.aggregate)
        if aggregate is not None:
            for place, name in enumerate(query.sorts):
                yield aggregate, name, model.ref(query.id, "sorts", place)


def _picked(model: Model) -> Sought:
    """What commands look for: what is due, and what they count."""
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        schedule = command.schedule
        if aggregate is not None and schedule is not None:
            for name in schedule.where:
                yield aggregate, name, model.ref(command.id, "schedule", "where", name)
            if schedule.since:
                yield aggregate, schedule.since, model.ref(command.id, "schedule", "since")
        for place, each in enumerate(command.requires):
            counted = model.get(Aggregate, each.count.aggregate) if each.count else None
            for name in each.count.where if counted and each.count else ():
                pointer = ("requires", place, "count", "where", name)
                if counted is not None:
                    yield counted, name, model.ref(command.id, *pointer)


def _related(model: Model) -> Sought:
    for aggregate in model.all(Aggregate):
        if aggregate.part_of is not None:
            yield aggregate, aggregate.part_of.field, model.ref(aggregate.id, "partOf", "field")
        for place, rule in enumerate(aggregate.relations):
            pointer = ("relations", place)
            through = model.get(Aggregate, rule.through) if rule.through else None
            for number, name in enumerate(rule.fields):
                yield aggregate, name, model.ref(aggregate.id, *pointer, "fields", number)
            said = {"parent": rule.parent, "principal": rule.principal}
            for key, value in said.items() if through is not None else ():
                if through is not None and value:
                    yield through, value, model.ref(aggregate.id, *pointer, key)
            if rule.value_field:
                place_of = model.ref(aggregate.id, *pointer, "valueField")
                yield through or aggregate, rule.value_field, place_of


def _told_apart(model: Model) -> Sought:
    """Keys, and unique values of rows; documents claim theirs by a blind index."""
    for aggregate in model.all(Aggregate):
        rows = kept_in_rows(model, aggregate)
        unique = {name for each in aggregate.unique for name in each}
        if rows or aggregate.key not in unique:
            yield aggregate, aggregate.key, model.ref(aggregate.id, "key")
        for place, names in enumerate(aggregate.unique if rows else ()):
            for number, name in enumerate(names):
                yield aggregate, name, model.ref(aggregate.id, "unique", place, number)


RULE = Rule(code="SEC013", name="sought-by-ciphertext", family="zero trust", check=check)
