"""What an operation reaches against the direction of links: who calls, shows or promises it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.ux import Application, Screen
from cloudsync_gen.model.system import Model

Impact = Mapping[str, tuple[str, ...]]
"""Kind of what is reached -> ids, sorted; kinds without any are left out."""

CONSUMERS = ("services", "fields", "components", "screens", "flows")
"""Kinds that use an operation themselves; routes, objectives and owners follow from them."""


def operations_of_document(model: Model, document: str) -> tuple[Operation, ...]:
    """The operations of a REST document."""
    return tuple(each for each in model.all(Operation) if each.document == document)


def impact(models: Iterable[Model], operations: Iterable[str]) -> Impact:
    """What some operations reach, in any of several states of a model."""
    found: dict[str, set[str]] = {}
    for model in models:
        for operation in operations:
            for kind, ids in _reached(model, operation).items():
                found.setdefault(kind, set()).update(ids)
    return {kind: tuple(sorted(ids)) for kind, ids in found.items() if ids}


def has_consumer(reached: Impact) -> bool:
    """Whether anybody is known to use the operations."""
    return any(reached.get(kind) for kind in CONSUMERS)


def _reached(model: Model, operation: str) -> dict[str, set[str]]:
    services = {*model.origins(operation, "calls")}
    fields = {
        each
        for link in ("field-resolves", "join-resolves")
        for each in model.origins(operation, link)
    }
    used = {operation, *fields}
    shown = {each for called in used for each in model.origins(called, "ux-operation")}
    components = {each for each in shown if type_of(each) == "ux.component"}
    screens = (shown - components) | _origins(model, components, "screen-component")
    flows = _origins(model, used, "flow-operation")
    return {
        "services": {*services},
        "fields": {*fields},
        "components": {*components},
        "screens": {*screens},
        "flows": {*flows},
        "routes": _origins(model, screens, "route-screen"),
        "objectives": {
            each
            for each in _origins(model, services, "measures-service")
            if type_of(each) == "apm.slo"
        },
        "owners": _owners(model, services, screens),
    }


def _origins(model: Model, elements: Iterable[str], link: str) -> set[str]:
    return {origin for element in elements for origin in model.origins(element, link)}


def _owners(model: Model, services: Iterable[str], screens: Iterable[str]) -> set[str]:
    owners = {service.owner for each in services if (service := model.get(Service, each))}
    for each in screens:
        screen = model.get(Screen, each)
        application = model.get(Application, screen.application) if screen else None
        if application is not None:
            owners.add(application.owner)
    return owners
