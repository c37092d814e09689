"""A service has no trace.

What it does: reports services that no `apm.trace` names.

Why: a slow request cannot be followed through it.

Example: `application.service.search-service` without `apm.trace.search-service`.

Use instead: an `apm.trace` with the service in `service`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers.apm import Trace
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Trace, "measures-service"):
        return
    for service in model.all(Service):
        origins = model.origins(service.id, "measures-service")
        if not any(type_of(each) == "apm.trace" for each in origins):
            yield RULE.at(
                model.ref(service.id),
                f"no `apm.trace` names `{service.id}`",
                "add an `apm.trace` for it",
                element=service.id,
            )


RULE = Rule(
    code="OBS003",
    name="service-without-trace",
    family="comprehensive observability",
    check=check,
    whole=True,
)
