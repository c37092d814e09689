"""Layer 07 of a new service: its entity, the states of it, messages, payloads."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.edit.names import words
from cloudsync_gen.edit.site import Elements, Site

NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 120}
NOTE: dict[str, Any] = {"type": "string", "maxLength": 2000}
STATES = ("active", "archived")


def entity(site: Site) -> Elements:
    """The entity: envelope, name, description, owner, state."""
    one, file = site.called.one, site.data()
    inner = {"x-classification": _short(site.offered.classification)}
    content = {"x-classification": _short(site.offered.content_classification)}
    own = {"readOnly": True, **inner}

    def value(kind: str) -> dict[str, Any]:
        return {**site.value(file, kind), **own}

    state = site.schema(file, site.data("enumerations"), f"{one}-status")
    properties = {
        "id": value("uuid"),
        "organizationId": value("uuid"),
        "createdAt": value("timestamp"),
        "updatedAt": value("timestamp"),
        "version": value("version"),
        "name": {**NAME, **content},
        "description": {**NOTE, **content},
        "ownerId": value("uuid"),
        "status": {**state, **own},
        "archivedAt": value("timestamp"),
    }
    optional = ("description", "archivedAt")
    return {
        one: {
            "id": f"data_model.entity.{one}",
            "name": site.called.title,
            "description": f"What {site.called.spoken} keeps: named, owned, and archived at last.",
            "x-archimate-ref": site.service,
            "x-security-classification": site.offered.content_classification,
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": [name for name in properties if name not in optional],
                "properties": properties,
            },
        }
    }


def _short(classification: str) -> str:
    return classification.rpartition(".")[2]


def enumerations(site: Site) -> Elements:
    """The states."""
    one = site.called.one
    return {
        f"{one}-status": {
            "id": f"data_model.enumeration.{one}-status",
            "name": f"Status of {_article(one)}",
            "description": "In use, or put away where it can still be read.",
            "x-archimate-ref": site.service,
            "schema": {"type": "string", "enum": [*STATES]},
        }
    }


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {words(name)}"


def messages(site: Site) -> Elements:
    """Bodies of requests, and a page of a list."""
    one, file = site.called.one, site.data("messages")
    items = site.schema(file, site.data(), one)
    fields = {"name": {**NAME}, "description": {**NOTE}}
    return {
        f"create-{one}-request": _message(
            site,
            f"create-{one}-request",
            f"New {words(one)}",
            f"What must be said of {_article(one)} to begin with.",
            {"required": ["name"], "properties": fields},
        ),
        f"update-{one}-request": _message(
            site,
            f"update-{one}-request",
            f"Change of {_article(one)}",
            "A merge patch: what is left out stays as it is.",
            {"minProperties": 1, "properties": fields},
        ),
        f"{one}-page": _message(
            site,
            f"{one}-page",
            f"Page of {words(site.called.many)}",
            "Some of a list, and where the next page begins.",
            {
                "required": ["items"],
                "properties": {
                    "items": {"type": "array", "maxItems": 100, "items": items},
                    "nextCursor": {"type": "string", "maxLength": 512},
                },
            },
        ),
    }


def _message(
    site: Site, name: str, title: str, description: str, schema: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"data_model.message.{name}",
        "name": title,
        "description": description,
        "x-archimate-ref": site.service,
        "schema": {"type": "object", "additionalProperties": False, **schema},
    }


def payloads(site: Site) -> Elements:
    """Data of the events: the key, and for a new one its owner."""
    one, file = site.called.one, site.data("events")
    key = {site.called.key: site.value(file, "uuid")}
    facts = {
        "created": ("was created, by whom.", {**key, "ownerId": site.value(file, "uuid")}),
        "archived": ("was archived.", key),
        "deleted": ("was deleted for good.", key),
    }
    return {
        f"{one}-{what}": {
            "id": f"data_model.payload.{one}-{what}",
            "name": f"{site.called.title} {what}",
            "description": f"Which {words(one)} {said}",
            "x-archimate-ref": site.service,
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": [*properties],
                "properties": properties,
            },
        }
        for what, (said, properties) in facts.items()
    }
