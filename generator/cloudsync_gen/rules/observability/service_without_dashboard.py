"""A service has no dashboard.

What it does: reports services that no `apm.dashboard` names.

Why: whoever is paged has nowhere to look.

Example: `application.service.search-service` without `apm.dashboard.search-service`.

Use instead: an `apm.dashboard` with the service in `services`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers.apm import Dashboard
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Dashboard, "dashboard-service"):
        return
    for service in model.all(Service):
        origins = model.origins(service.id, "dashboard-service")
        if not any(type_of(each) == "apm.dashboard" for each in origins):
            yield RULE.at(
                model.ref(service.id),
                f"no `apm.dashboard` names `{service.id}`",
                "add an `apm.dashboard` for it",
                element=service.id,
            )


RULE = Rule(
    code="OBS001",
    name="service-without-dashboard",
    family="comprehensive observability",
    check=check,
    whole=True,
)
