"""A service writes a store that another service owns.

What it does: compares the service of each aggregate, and each `access: write`, with the service
that the store names as its writer: of a database schema, a keyspace, a collection, an index, a
bucket.

Why: exactly one service writes a store; two that do share every migration and every outage.

Example: an aggregate of `billing` with `store: datastore.table.users`.

Use instead: a store of the same service; others are told by events, or ask.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Service
from cloudsync_gen.model.stores import writers
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

Written = Iterator[tuple[Ref, str, str, str]]


def check(model: Model) -> Iterator[Diagnostic]:
    for ref, element, service, store in (*_of_aggregates(model), *_of_services(model)):
        owners = writers(model, store)
        if owners and service not in owners:
            yield RULE.at(
                ref,
                f"`{store}` is written by {', '.join(f'`{each}`' for each in sorted(owners))}",
                f"use a store of `{service}`",
                element=element,
                related=(Related(model.ref(store), "the store"),),
                facts=(store,),
            )


def _of_aggregates(model: Model) -> Written:
    for aggregate in model.all(Aggregate):
        if not misled(model, aggregate.id, "aggregate-service"):
            yield model.ref(aggregate.id, "store"), aggregate.id, aggregate.service, aggregate.store


def _of_services(model: Model) -> Written:
    for service in model.all(Service):
        for index, use in enumerate(service.stores):
            if use.access == "write":
                place = model.ref(service.id, "stores", index, "store")
                yield place, service.id, service.id, use.store


RULE = Rule(
    code="DDD001",
    name="store-of-another-service",
    family="domain-driven design",
    check=check,
)
