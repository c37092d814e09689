"""A service reads a store of another bounded context.

What it does: reports stores that a service uses although only services of other domains write them.

Why: a context shares its language by contracts and events, not its tables; whoever reads them
cannot be told when they change.

Example: `billing` with `- {store: datastore.table.users, access: read, …}`.

Use instead: an operation or an event of the other context, and a replica of one's own where needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.stores import writers
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    domains = {
        service.id: service.domain
        for service in model.all(Service)
        if not misled(model, service.id, "service-domain")
    }
    for service in model.all(Service):
        for index, use in enumerate(service.stores):
            owners = writers(model, use.store)
            if use.access == "write" or not owners or service.id in owners:
                continue
            contexts = {domains.get(each) for each in owners}
            if None in contexts or domains.get(service.id) in {None, *contexts}:
                continue
            yield RULE.at(
                model.ref(service.id, "stores", index, "store"),
                f"`{use.store}` belongs to {', '.join(f'`{each}`' for each in sorted(owners))} "
                "of another context",
                "call its operation or listen to its events",
                element=service.id,
                related=(Related(model.ref(use.store), "the store"),),
                facts=(use.store,),
            )


RULE = Rule(
    code="DDD012",
    name="foreign-context-store",
    family="domain-driven design",
    check=check,
)
