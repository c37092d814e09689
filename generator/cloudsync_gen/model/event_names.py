"""Names of events on the wire (CloudEvents 1.0), the same in contracts and in services."""

from __future__ import annotations

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab


def event_type(model: Model, event: Event) -> str:
    """`type` attribute: `<project>.<domain>.<event>.v<version>`."""
    service = model.get(Service, event.service)
    domain = name_of(service.domain) if service else "unknown"
    return f"{kebab(model.project.slug)}.{domain}.{name_of(event.id)}.v{event.version}"


def event_source(model: Model, service: str) -> str:
    """`source` attribute: `/<project>/<service>`, a URI reference."""
    return f"/{kebab(model.project.slug)}/{name_of(service)}"
