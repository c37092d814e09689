"""The trail and, for each tenant, where its chain begins and ends."""

from __future__ import annotations

import sqlalchemy as sa

from cloudsync_chassis.store.columns import Json, Timestamp, sql
from cloudsync_chassis.store.system import metadata

records = sa.Table(
    "audit_trail",
    metadata,
    sa.Column("organization_id", sa.Uuid(), primary_key=True),
    sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("at", Timestamp(), nullable=False),
    sa.Column("operation", sql("text"), nullable=False),
    sa.Column("action", sql("text"), nullable=False),
    sa.Column("entity", sql("text"), nullable=False),
    sa.Column("entity_id", sa.Uuid(), nullable=False),
    sa.Column("principal", sql("text"), nullable=False),
    sa.Column("principal_kind", sql("text"), nullable=False),
    sa.Column("trace_id", sql("text"), nullable=False),
    sa.Column("changes", Json(), nullable=False),
    sa.Column("digest", sql("char(64)"), nullable=False),
    sa.Index("audit_trail_entity", "organization_id", "entity_id", "sequence"),
    sa.Index("audit_trail_at", "at"),
)
"""One row for each change of an entity; rows are added, and dropped from the front when old."""

heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("organization_id", sa.Uuid(), primary_key=True),
    sa.Column("sequence", sa.BigInteger(), nullable=False),
    sa.Column("digest", sql("char(64)"), nullable=False),
    sa.Column("dropped", sa.BigInteger(), nullable=False),
    sa.Column("dropped_digest", sql("char(64)"), nullable=False),
)
"""The newest row of each chain, and the newest of those that retention has dropped."""
