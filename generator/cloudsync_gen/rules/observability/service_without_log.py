"""A service has no log.

What it does: reports services that no `apm.log` names.

Why: what it did cannot be read afterwards.

Example: `application.service.search-service` without `apm.log.search-service`.

Use instead: an `apm.log` with the service in `service`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers.apm import LogStream
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, LogStream, "measures-service"):
        return
    for service in model.all(Service):
        origins = model.origins(service.id, "measures-service")
        if not any(type_of(each) == "apm.log" for each in origins):
            yield RULE.at(
                model.ref(service.id),
                f"no `apm.log` names `{service.id}`",
                "add an `apm.log` for it",
                element=service.id,
            )


RULE = Rule(
    code="OBS004",
    name="service-without-log",
    family="comprehensive observability",
    check=check,
    whole=True,
)
