"""A service works in regions where its store is not.

What it does: compares the regions of a service with those of the servers behind each store that it
uses, and reports stores that share none with it.

Why: every request would cross half the world to its own data.

Example: a service in `eu-west-1` whose only database lies in `us-east-1`.

Use instead: an instance of the store in one of the service's regions.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.stores import server_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        if misled(model, service.id, "placed-in-region"):
            continue
        for index, use in enumerate(service.stores):
            server = server_of(model, use.store)
            if server is None or misled(model, server.id, "platform-region"):
                continue
            if not set(server.regions) & set(service.placement.regions):
                yield RULE.at(
                    model.ref(service.id, "stores", index, "store"),
                    f"`{server.id}` is in none of the regions of `{service.id}`",
                    "add a region to the store, or place the service where it is",
                    element=service.id,
                    related=(Related(model.ref(server.id, "regions"), "where the store is"),),
                    facts=(use.store,),
                )


RULE = Rule(
    code="REG002",
    name="store-away-from-service",
    family="multi-region deployment",
    check=check,
)
