"""Two services of one namespace listen on one port.

What it does: reports services whose port another service of their namespace has.

Why: on a developer's machine the second does not start; in the cluster a line of a log or of a
network policy that names a port no longer says which service is meant.

Example: `port: 8080` in two services of `technology.namespace.production`.

Use instead: a port of its own for the second.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    first: dict[tuple[str, int], Service] = {}
    for service in model.all(Service):
        place = (service.placement.namespace, service.port)
        earlier = first.setdefault(place, service)
        if earlier is not service:
            yield RULE.at(
                model.ref(service.id, "port"),
                f"`{earlier.id}` listens on {service.port} already",
                f"choose a port that no service of `{service.placement.namespace}` has",
                element=service.id,
                related=(Related(model.ref(earlier.id, "port"), "the other service"),),
            )


RULE = Rule(
    code="DPL003",
    name="port-of-another-service",
    family="deployment",
    check=check,
)
