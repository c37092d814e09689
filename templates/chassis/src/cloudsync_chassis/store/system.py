"""Tables that every service has beside its own."""

from __future__ import annotations

import sqlalchemy as sa

from cloudsync_chassis.store.columns import Json, Timestamp, sql

metadata = sa.MetaData()

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("aggregate_id", sa.Uuid(), nullable=False),
    sa.Column("sequence", sa.BigInteger(), nullable=False),
    sa.Column("type", sql("text"), nullable=False),
    sa.Column("payload", Json(), nullable=False),
    sa.Column("occurred_at", Timestamp(), nullable=False),
    sa.Column("published_at", Timestamp(), nullable=True),
    sa.Index("outbox_aggregate_sequence", "aggregate_id", "sequence", unique=True),
    sa.Index(
        "outbox_unpublished",
        "occurred_at",
        "id",
        sqlite_where=sa.text("published_at IS NULL"),
    ),
)
"""Events committed with the state that they tell of; `payload` is the CloudEvent."""

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("key", sql("text"), primary_key=True),
    sa.Column("principal", sql("text"), primary_key=True),
    sa.Column("request_hash", sql("text"), nullable=False),
    sa.Column("response", Json(), nullable=False),
    sa.Column("expires_at", Timestamp(), nullable=False),
)
"""Answers already given, replayed for 24 hours."""

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("consumer", sql("text"), primary_key=True),
    sa.Column("event_id", sql("text"), primary_key=True),
    sa.Column("handled_at", Timestamp(), nullable=False),
)
"""Events already handled, so that a repeated delivery changes nothing."""

sequences = sa.Table(
    "event_sequences",
    metadata,
    sa.Column("aggregate_id", sa.Uuid(), primary_key=True),
    sa.Column("last", sa.BigInteger(), nullable=False),
)
"""The last sequence number of each aggregate's events."""

documents = sa.Table(
    "aggregate_documents",
    metadata,
    sa.Column("collection", sql("text"), primary_key=True),
    sa.Column("organization_id", sa.Uuid(), primary_key=True),
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("created_at", Timestamp(), nullable=False),
    sa.Column("updated_at", Timestamp(), nullable=False),
    sa.Column("body", Json(), nullable=False),
    sa.Index(
        "aggregate_documents_created",
        "collection",
        "organization_id",
        "created_at",
        "id",
    ),
)
"""Entities whose real store is no relational one, as JSON."""

unique_keys = sa.Table(
    "aggregate_unique_keys",
    metadata,
    sa.Column("collection", sql("text"), primary_key=True),
    sa.Column("name", sql("text"), primary_key=True),
    sa.Column("value", sql("text"), primary_key=True),
    sa.Column("id", sa.Uuid(), nullable=False, index=True),
)
"""Unique values of such entities."""

stream_events = sa.Table(
    "stream_events",
    metadata,
    sa.Column(
        "position",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("organization_id", sa.Uuid(), nullable=False),
    sa.Column("kind", sql("text"), nullable=False),
    sa.Column("stream", sa.Uuid(), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("event_id", sa.Uuid(), nullable=False, unique=True),
    sa.Column("type", sql("text"), nullable=False),
    sa.Column("data", Json(), nullable=False),
    sa.Column("occurred_at", Timestamp(), nullable=False),
    sa.UniqueConstraint(
        "organization_id", "kind", "stream", "version", name="stream_events_version"
    ),
    sqlite_autoincrement=True,
)
"""The event store: what became of each aggregate, in order; `position` orders all of it."""

stream_snapshots = sa.Table(
    "stream_snapshots",
    metadata,
    sa.Column("organization_id", sa.Uuid(), primary_key=True),
    sa.Column("kind", sql("text"), primary_key=True),
    sa.Column("stream", sa.Uuid(), primary_key=True),
    sa.Column("version", sa.BigInteger(), primary_key=True),
    sa.Column("state", Json(), nullable=False),
    sa.Column("taken_at", Timestamp(), nullable=False),
)
"""States of streams as they were after the event `version`."""

projections = sa.Table(
    "projection_checkpoints",
    metadata,
    sa.Column("projection", sql("text"), primary_key=True),
    sa.Column("position", sa.BigInteger(), nullable=False),
)
"""How far each projection has read the event store."""

job_runs = sa.Table(
    "job_runs",
    metadata,
    sa.Column("job", sql("text"), primary_key=True),
    sa.Column("due_at", Timestamp(), nullable=False),
    sa.Column("holder", sql("text"), nullable=True),
    sa.Column("held_until", Timestamp(), nullable=True),
)
"""When each job is due next, which replica is at it, or has been at it last (`held_until` null)."""

saga_runs = sa.Table(
    "saga_runs",
    metadata,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("saga", sql("text"), nullable=False),
    sa.Column("organization_id", sa.Uuid(), nullable=True),
    sa.Column("state", sql("text"), nullable=False),
    sa.Column("reason", sql("text"), nullable=False),
    sa.Column("started_at", Timestamp(), nullable=False),
    sa.Column("deadline_at", Timestamp(), nullable=False),
    sa.Column("ended_at", Timestamp(), nullable=True),
    sa.Index("saga_runs_open", "deadline_at", sqlite_where=sa.text("ended_at IS NULL")),
)
"""Runs of sagas in which the service takes part, as far as their common log has told it."""

saga_steps = sa.Table(
    "saga_steps",
    metadata,
    sa.Column("run_id", sa.Uuid(), primary_key=True),
    sa.Column("step", sa.Integer(), primary_key=True),
    sa.Column("state", sql("text"), nullable=False),
    sa.Column("data", Json(), nullable=False),
    sa.Column("undo_event", Json(), nullable=True),
    sa.Column("due_at", Timestamp(), nullable=True),
    sa.Column("changed_at", Timestamp(), nullable=False),
    sa.Index("saga_steps_due", "due_at", sqlite_where=sa.text("due_at IS NOT NULL")),
)
"""Their steps, the service's own and, by the log, those of others.

`data`: what the step began with. `undo_event`: what asked for its compensation.
"""

saga_repeats = sa.Table(
    "saga_repeats",
    metadata,
    sa.Column("run_id", sa.Uuid(), primary_key=True),
    sa.Column("step", sa.Integer(), primary_key=True),
    sa.Column("event", Json(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("due_at", Timestamp(), nullable=False),
    sa.Index("saga_repeats_due", "due_at"),
)
"""Steps past the point of no return that are not done yet, with the events that began them."""

saga_keys = sa.Table(
    "saga_keys",
    metadata,
    sa.Column("saga", sql("text"), primary_key=True),
    sa.Column("organization_id", sql("text"), primary_key=True),
    sa.Column("name", sql("text"), primary_key=True),
    sa.Column("value", sql("text"), primary_key=True),
    sa.Column("run_id", sa.Uuid(), nullable=False),
)
"""Which run an event belongs to, by the idempotency keys of the saga's steps."""
