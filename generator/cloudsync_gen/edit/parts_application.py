"""Layer 04 of a new service: the service itself, its aggregate and life, commands, events."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.edit.names import words
from cloudsync_gen.edit.parts_data import STATES
from cloudsync_gen.edit.site import Elements, Site

EVENTS = {"created": "create", "archived": "archive", "deleted": "delete"}
"""What happened -> the verb of the command that made it happen."""


def service(site: Site) -> Elements:
    """The service."""
    called, offered = site.called, site.offered
    return {
        called.service: {
            "id": site.service,
            "name": f"{words(called.short).capitalize()} service",
            "description": f"Keeps {words(called.many)} and says what became of them.",
            "domain": offered.domain,
            "owner": offered.owner,
            "realizes": [*offered.realizes],
            "tier": 2,
            "style": "rest",
            "port": offered.port,
            "stores": [
                {
                    "store": f"datastore.database.{called.short}",
                    "access": "write",
                    "purpose": f"All {words(called.many)}, and the events not yet published",
                }
            ],
            "scaling": {"minReplicas": 2, "maxReplicas": 6, "targetCpu": 60},
            "resources": {"cpu": "250m", "memory": "256Mi", "memoryLimit": "512Mi"},
            "placement": {
                "regions": [*offered.regions],
                "namespace": offered.namespace,
                "nodePool": offered.node_pool,
            },
            "resilience": {
                "maxConcurrentPerCallee": 64,
                "poolPerStore": 10,
                "rateLimit": {"perSecond": 200, "burst": 400},
                "breaker": {
                    "requests": 20,
                    "failureRatio": 0.5,
                    "window": "10s",
                    "openFor": "15s",
                    "probes": 3,
                },
            },
        }
    }


def aggregate(site: Site) -> Elements:
    """What it keeps, and the life of that; in a file of its own: its key may be the service's."""
    called, one = site.called, site.called.one
    return {
        one: {
            "id": site.aggregate,
            "name": called.title,
            "description": f"One of the {words(called.many)}, changed as a whole.",
            "service": site.service,
            "schema": f"data_model.entity.{one}",
            "store": f"datastore.table.{called.many}",
        },
        f"{one}-life": _life(site),
    }


def _life(site: Site) -> dict[str, Any]:
    one, (active, archived) = site.called.one, STATES
    roles = [site.offered.role]
    moves: tuple[tuple[str, list[str], str], ...] = (
        ("create", [], active),
        ("archive", [active], archived),
        ("restore", [archived], active),
    )
    return {
        "id": f"application.lifecycle.{one}-life",
        "name": f"Life of {words(site.called.many)}",
        "description": "In use until it is archived, from where it can come back.",
        "aggregate": site.aggregate,
        "stateField": "status",
        "initial": active,
        "states": [
            {"name": active, "description": "In use"},
            {"name": archived, "description": "Put away; nobody changes it"},
        ],
        "transitions": [
            {
                "command": f"application.command.{verb}-{one}",
                "from": sources,
                "to": target,
                "roles": roles,
            }
            for verb, sources, target in moves
        ],
    }


def performed(site: Site) -> Elements:
    """Five commands and two queries."""
    one, many = site.called.one, site.called.many
    entity = f"data_model.entity.{one}"
    created = {"sets": [{"field": "ownerId", "source": "context.subject"}]}
    archived = {"sets": [{"field": "archivedAt", "source": "context.now"}]}

    def message(name: str) -> dict[str, Any]:
        return {"input": f"data_model.message.{name}-request", "output": entity}

    verbs: dict[str, tuple[str, str, str, dict[str, Any], dict[str, Any]]] = {
        "create": (
            "Opens a new one in the caller's name.",
            "create",
            "key",
            message(f"create-{one}"),
            created,
        ),
        "update": (
            "Changes name or description.",
            "update",
            "if-match",
            message(f"update-{one}"),
            {},
        ),
        "archive": ("Puts it away.", "transition", "natural", {"output": entity}, archived),
        "restore": (
            "Brings it back.",
            "transition",
            "natural",
            {"output": entity},
            {"clears": ["archivedAt"]},
        ),
        "delete": ("Removes it for good.", "delete", "natural", {}, {}),
    }
    found: Elements = {}
    for verb, (description, effect, idempotency, schemas, changes) in verbs.items():
        emits = [f"application.event.{one}-{what}" for what, by in EVENTS.items() if by == verb]
        found[f"{verb}-{one}"] = {
            "id": f"application.command.{verb}-{one}",
            "name": f"{verb.capitalize()} {words(one)}",
            "description": description,
            "service": site.service,
            "aggregate": site.aggregate,
            "effect": effect,
            **schemas,
            "permission": f"{one}:{'archive' if verb == 'restore' else verb}",
            **changes,
            **({"emits": emits} if emits and site.offered.broker else {}),
            "idempotency": idempotency,
        }
    return found | _queries(site, one, many)


def _queries(site: Site, one: str, many: str) -> Elements:
    shared = {"service": site.service, "aggregate": site.aggregate}
    return {
        f"get-{one}": {
            "id": f"application.query.get-{one}",
            "name": f"Get {words(one)}",
            "description": "One by its id.",
            **shared,
            "kind": "get",
            "output": f"data_model.entity.{one}",
            "permission": f"{one}:read",
        },
        f"list-{many}": {
            "id": f"application.query.list-{many}",
            "name": f"List {words(many)}",
            "description": "All of the tenant, by state, newest first unless asked otherwise.",
            **shared,
            "kind": "list",
            "output": f"data_model.message.{one}-page",
            "permission": f"{one}:read",
            "filters": ["status"],
            "sorts": ["name", "createdAt"],
        },
    }


def events(site: Site) -> Elements:
    """What it announces."""
    called = site.called
    return {
        f"{called.one}-{what}": {
            "id": f"application.event.{called.one}-{what}",
            "name": f"{called.class_name}{what.capitalize()}",
            "description": f"{_a(called.one)} {words(called.one)} was {what}.",
            "service": site.service,
            "aggregate": site.aggregate,
            "topic": f"technology.topic.{called.domain}-{called.one}-v1",
            "key": called.key,
            "payload": f"data_model.payload.{called.one}-{what}",
        }
        for what in EVENTS
    }


def _a(word: str) -> str:
    return "An" if word[0] in "aeiou" else "A"
