"""Layers 03, 05, 08 and 10 of a new service: what is protected, carried, stored and routed."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.edit.names import words
from cloudsync_gen.edit.site import Elements, Site

ACTIONS = {
    "read": "See one, or a list of them",
    "create": "Open a new one",
    "update": "Change name or description",
    "archive": "Put one away, or bring it back",
    "delete": "Remove one for good",
}
PRIVILEGED = ("delete",)


def resource(site: Site) -> Elements:
    """The protected resource and what can be done to it."""
    one = site.called.one
    actions: list[dict[str, Any]] = [
        {
            "action": action,
            "description": said,
            **({"privileged": True} if action in PRIVILEGED else {}),
        }
        for action, said in ACTIONS.items()
    ]
    return {
        one: {
            "id": f"security.resource.{one}",
            "name": words(site.called.many).capitalize(),
            "description": f"All that {site.called.spoken} lets somebody see or change.",
            "actions": actions,
            "classification": site.offered.content_classification,
            "archimateRef": site.service,
        }
    }


def topics(site: Site, project: str) -> Elements:
    """The topic of its events, and one for those that nobody could digest."""
    called = site.called
    name = f"{called.domain}-{called.one}-v1"
    topic = f"{project}.{called.domain}.{called.one}.v1"
    shared = {"broker": site.offered.broker, "replicationFactor": 3}
    return {
        name: {
            "id": f"technology.topic.{name}",
            "name": f"{words(called.one).capitalize()} events",
            "description": f"What happened to {words(called.many)}, in order for each of them.",
            **shared,
            "topic": topic,
            "partitions": 12,
            "retention": "7d",
            "deadLetter": f"technology.topic.{name}-dlq",
        },
        f"{name}-dlq": {
            "id": f"technology.topic.{name}-dlq",
            "name": f"Dead letters of {words(called.one)} events",
            "description": f"Events about {words(called.many)} that a consumer gave up on.",
            **shared,
            "topic": f"{topic}.dlq",
            "partitions": 3,
            "retention": "30d",
        },
    }


def stores(site: Site) -> Elements:
    """A database with three tables."""
    called = site.called
    return {
        called.short: {
            "id": f"datastore.database.{called.short}",
            "name": words(called.short).capitalize(),
            "description": f"The database of {called.spoken}.",
            "store": site.offered.store,
            "schemas": [{"name": called.schema, "service": site.service}],
        },
        called.many: _table(site),
        f"{called.short}-outbox": _outbox(site),
        f"{called.short}-idempotency-keys": _idempotency_keys(site),
    }


def _head(site: Site, key: str, name: str, description: str, table: str) -> dict[str, Any]:
    return {
        "id": f"datastore.table.{key}",
        "name": name,
        "description": description,
        "database": f"datastore.database.{site.called.short}",
        "schema": site.called.schema,
        "table": table,
    }


def _table(site: Site) -> dict[str, Any]:
    called = site.called
    title = words(called.many).capitalize()
    head = _head(site, called.many, title, f"One row for each {words(called.one)}.", called.table)
    return head | {
        "x-json-schema": f"data_model.entity.{called.one}",
        "columns": {
            "id": {"type": "uuid", "property": "id"},
            "organization_id": {"type": "uuid", "property": "organizationId"},
            "created_at": {"type": "timestamptz", "property": "createdAt"},
            "updated_at": {"type": "timestamptz", "property": "updatedAt"},
            "version": {"type": "bigint", "property": "version"},
            "name": {"type": "varchar(120)", "property": "name"},
            "description": {"type": "varchar(2000)", "property": "description", "nullable": True},
            "owner_id": {"type": "uuid", "property": "ownerId"},
            "status": {"type": "text", "property": "status"},
            "archived_at": {"type": "timestamptz", "property": "archivedAt", "nullable": True},
        },
        "primaryKey": ["organization_id", "id"],
        "indexes": [
            {
                "name": f"{called.table}_by_status"[:63],
                "columns": ["organization_id", "status", "created_at desc"],
            }
        ],
    }


def _outbox(site: Site) -> dict[str, Any]:
    head = _head(
        site,
        f"{site.called.short}-outbox",
        f"Outbox of {site.called.service}",
        "Events in the transaction that made them, until they are published.",
        "outbox",
    )
    return head | {
        "columns": {
            "id": {"type": "uuid"},
            "aggregate_id": {"type": "uuid"},
            "sequence": {"type": "bigint", "description": "Counts the events of one aggregate"},
            "type": {"type": "text"},
            "payload": {"type": "jsonb", "description": "The CloudEvent as it will be sent"},
            "occurred_at": {"type": "timestamptz"},
            "published_at": {"type": "timestamptz", "nullable": True},
        },
        "primaryKey": ["id"],
        "indexes": [
            {
                "name": "outbox_aggregate_sequence",
                "columns": ["aggregate_id", "sequence"],
                "unique": True,
            },
            {
                "name": "outbox_unpublished",
                "columns": ["occurred_at", "id"],
                "where": "published_at IS NULL",
            },
        ],
        "retention": "7d",
    }


def _idempotency_keys(site: Site) -> dict[str, Any]:
    head = _head(
        site,
        f"{site.called.short}-idempotency-keys",
        f"Idempotency keys of {site.called.service}",
        "What was answered to a keyed request of the last day, to be answered again.",
        "idempotency_keys",
    )
    return head | {
        "columns": {
            "key": {"type": "text"},
            "principal": {"type": "text"},
            "request_hash": {"type": "text", "description": "Digest of method, path and body"},
            "response": {"type": "jsonb"},
            "expires_at": {"type": "timestamptz"},
        },
        "primaryKey": ["key", "principal"],
        "indexes": [{"name": "idempotency_keys_expiry", "columns": ["expires_at"]}],
        "retention": "1d",
    }


def route(site: Site) -> Elements:
    """The way from the gateway."""
    called = site.called
    return {
        f"api-{called.many}": {
            "id": f"navigation.route.api-{called.many}",
            "name": f"API: {words(called.many).capitalize()}",
            "description": f"Everything below /v1/{called.many}.",
            "path": f"/v1/{called.many}/**",
            "kind": "api",
            "service": site.service,
            "contracts": [f"api.rest-api.{called.short}"],
            "guard": {"requiredPermissions": [f"{called.one}:read"]},
        }
    }
