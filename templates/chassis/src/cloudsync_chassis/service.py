"""What a generated service hands to the chassis: tables, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from cloudsync_chassis.client.policy import Edge
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
        source: of its events (CloudEvents `source`); `/<name>` if empty.
        tables: the tables that the service writes; created as they are on the embedded database.
        migrations: the Alembic folder that makes them on PostgreSQL.
        edges: the services that it calls, by name.
        contract: the published contract (`published.published` finds it), served at `/openapi.yaml`
            and, as JSON, at `/openapi.json`.
    """

    name: str
    access: AccessTable
    related: AccessTable = field(default_factory=dict)
    policies: PolicyTable = field(default_factory=PolicyTable)
    masked: frozenset[str] = frozenset()
    source: str = ""
    tables: sa.MetaData = field(default_factory=sa.MetaData)
    schemas: tuple[str, ...] = ()
    migrations: Path | None = None
    edges: Mapping[str, Edge] = field(default_factory=dict)
    contract: Path | None = None

    @property
    def grants(self) -> Access:
        """Both tables."""
        return Access(self.access, self.related)

    @property
    def event_source(self) -> str:
        """The `source` of its events."""
        return self.source or f"/{self.name}"
