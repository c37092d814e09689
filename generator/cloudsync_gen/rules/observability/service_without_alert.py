"""A service has no alert.

What it does: reports services that no `apm.alert` names.

Why: nobody is told when it fails.

Example: `application.service.search-service` without `apm.alert.search-service`.

Use instead: an `apm.alert` with the service in `service`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers.apm import Alert
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Alert, "measures-service"):
        return
    for service in model.all(Service):
        origins = model.origins(service.id, "measures-service")
        if not any(type_of(each) == "apm.alert" for each in origins):
            yield RULE.at(
                model.ref(service.id),
                f"no `apm.alert` names `{service.id}`",
                "add an `apm.alert` for it",
                element=service.id,
            )


RULE = Rule(
    code="OBS002",
    name="service-without-alert",
    family="comprehensive observability",
    check=check,
    whole=True,
)
