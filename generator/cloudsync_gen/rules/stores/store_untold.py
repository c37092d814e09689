"""A service keeps things in a store that it does not say it uses.

What it does: wants, among the `stores` of a service, an entry with `access: write` for where each
of its aggregates is kept, and for each store that names the service as its writer. An entry for a
database or a keyspace stands for all that lies in it.

Why: connections, credentials, pools and the way through the network follow from `stores`; what is
missing there is found out by the first request.

Example: an aggregate with `store: datastore.table.recipes`, and a service without
`datastore.database.cellar` in `stores`.

Use instead: `- {store: datastore.database.cellar, access: write, purpose: all recipes}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Service
from cloudsync_gen.model.stores import holder_of, writers, written_by
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        if misled(model, service.id, "uses-store") or _writes_of_others(model, service):
            continue
        named = {holder_of(model, use.store) for use in service.stores if use.access == "write"}
        told = {use.store for use in service.stores if use.access == "write"}
        for holder, place in _kept(model, service):
            if holder not in named and holder not in told:
                told.add(holder)
                yield RULE.at(
                    model.ref(service.id, "stores"),
                    f"`{service.id}` writes `{holder}`, which its `stores` do not tell",
                    "name it there with `access: write`",
                    element=service.id,
                    related=(Related(place, "what is kept there"),),
                    facts=(holder,),
                )


def _writes_of_others(model: Model, service: Service) -> bool:
    """Whether it names another one's store, of which another rule tells: its own may be meant."""
    uses = [writers(model, use.store) for use in service.stores if use.access == "write"]
    return any(owners and service.id not in owners for owners in uses)


def _kept(model: Model, service: Service) -> Iterator[tuple[str, Ref]]:
    """(what has to be named, why) of all that a service keeps. A collection in a database that has
    no schema of its service is another rule's.
    """
    for aggregate in model.where(Aggregate, "service", service.id):
        if not _lies_nowhere(model, aggregate.id, aggregate.store):
            yield holder_of(model, aggregate.store), model.ref(aggregate.id, "store")
    for store in written_by(model, service.id):
        if service.id in writers(model, holder_of(model, store)):
            yield holder_of(model, store), model.ref(store)


def _lies_nowhere(model: Model, aggregate: str, store: str) -> bool:
    """Whether a link on the way to what is to be named leads astray: another rule tells of it."""
    if misled(model, aggregate, "aggregate-store"):
        return True
    return misled(model, store, "stored-in-database", "wide-table-keyspace")


RULE = Rule(
    code="DST017",
    name="store-untold",
    family="data stores",
    check=check,
    whole=True,
    each=(Service,),
)
