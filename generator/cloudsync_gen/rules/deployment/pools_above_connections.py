"""Services may hold more connections than their store has.

What it does: adds up, for each managed store with `maxConnections`, `poolPerStore` times
`maxReplicas` of the services that use it, and compares it with the connections of its nodes in one
region.

Why: when all services scale out, which is when they are needed, the store refuses connections, and
all of them fail together.

Example: 20 connections in each of 60 replicas, on two nodes with 500 each.

Use instead: smaller pools, fewer replicas, or a larger store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import ManagedStore
from cloudsync_gen.model.stores import server_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    wanted: dict[str, Counter[str]] = {}
    for service in model.all(Service):
        most = service.resilience.pool_per_store * service.scaling.max_replicas
        for server in {server_of(model, use.store) for use in service.stores}:
            if isinstance(server, ManagedStore) and server.max_connections:
                wanted.setdefault(server.id, Counter())[service.id] = most
    for store in model.all(ManagedStore):
        held = wanted.get(store.id, Counter())
        room = (store.max_connections or 0) * store.nodes_per_region
        if held.total() > room:
            largest, most = held.most_common(1)[0]
            yield RULE.at(
                model.ref(store.id, "maxConnections"),
                f"services may hold {held.total()} connections, its nodes have {room}",
                f"`{largest}` may hold {most}: lower its `poolPerStore` or `maxReplicas`",
                element=store.id,
                related=(Related(model.ref(largest, "resilience", "poolPerStore"), "the most"),),
                facts=tuple(sorted(held)),
            )


RULE = Rule(code="DPL006", name="pools-above-connections", family="deployment", check=check)
