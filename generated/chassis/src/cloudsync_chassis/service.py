"""What a generated service hands to the chassis: tables, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from cloudsync_chassis.client.policy import Edge
from cloudsync_chassis.client.registration import Registration
from cloudsync_chassis.events.queues import Queue
from cloudsync_chassis.metrics.spec import LATENCY
from cloudsync_chassis.providers.spec import (
    Adjusted,
    ConfigurationProvider,
    FlagProvider,
    SecretProvider,
)
from cloudsync_chassis.sagas.spec import Saga
from cloudsync_chassis.security.access import Access, AccessTable
from cloudsync_chassis.security.policies import PolicyTable


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A service's facts.

    Attributes:
        name: as in the model, `document-service`; also its audience and its identity as a workload.
        access: permission → roles that hold it for everything of their tenant.
        related: permission → roles that hold it for what they stand in a relation to.
        policies: the rules beyond roles that the service decides.
        masked: names of properties whose values are neither logged nor kept in the audit trail.
        inherits: role → roles whose rights it has besides its own.
        version: of the service.
        source: of its events (CloudEvents `source`); `/<name>` if empty.
        tables: the tables that the service writes; created as they are on the embedded database.
        migrations: the Alembic folder that makes them on PostgreSQL.
        edges: the services that it calls, by name.
        registration: how its copies become known, where the model has a registry.
        flags: who decides the service's flags, if it has any.
        configuration: who tells of the settings in `adjusted`, by their names.
        secrets: who hands out secrets, where the service has a call edge there.
        dead_letters: the topic or queue of the dead letters of each that is consumed.
        queues: the work queues that the service takes from and sends to, and where these lead.
        streams: aggregates whose events are kept for ever in the event store, with the number of
            events between two snapshots, 0 for none.
        sagas: those in which the service takes part, or that its events begin or end.
        contract: the published contract (`published.published` finds it), served at `/openapi.yaml`
            and, as JSON, at `/openapi.json`.
        latency_buckets: bounds in seconds for durations of requests and calls; every threshold of
            the service's latency objectives is one of them, so that they can be told exactly.
        traced: names of what spans may say beside `telemetry_export.STANDARD`, but for those whose
            last word is `masked`.
    """

    name: str
    access: AccessTable
    related: AccessTable = field(default_factory=dict)
    inherits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policies: PolicyTable = field(default_factory=PolicyTable)
    masked: frozenset[str] = frozenset()
    version: str = ""
    source: str = ""
    tables: sa.MetaData = field(default_factory=sa.MetaData)
    schemas: tuple[str, ...] = ()
    migrations: Path | None = None
    edges: Mapping[str, Edge] = field(default_factory=dict)
    registration: Registration | None = None
    flags: FlagProvider | None = None
    configuration: ConfigurationProvider | None = None
    adjusted: Mapping[str, Adjusted] = field(default_factory=dict)
    secrets: SecretProvider | None = None
    dead_letters: Mapping[str, str] = field(default_factory=dict)
    queues: tuple[Queue, ...] = ()
    streams: Mapping[str, int] = field(default_factory=dict)
    sagas: tuple[Saga, ...] = ()
    contract: Path | None = None
    latency_buckets: tuple[float, ...] = LATENCY
    traced: frozenset[str] = frozenset()

    @property
    def grants(self) -> Access:
        """Both tables."""
        return Access(self.access, self.related)

    @property
    def event_source(self) -> str:
        """The `source` of its events."""
        return self.source or f"/{self.name}"
