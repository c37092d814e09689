"""Layer 06 of a new service: its OpenAPI source. Compile adds security, errors, paging, headers."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.edit.names import words
from cloudsync_gen.edit.site import Site
from cloudsync_gen.naming import camel

JSON, PATCH = "application/json", "application/merge-patch+json"
SORTS = ["name", "-name", "createdAt", "-createdAt"]


def file(site: Site) -> str:
    """Path of the source."""
    return site.path("api", "rest-apis", f"{site.called.short}.openapi.yaml")


def document(site: Site) -> dict[str, Any]:
    """The source."""
    called = site.called
    return {
        "openapi": "3.1.0",
        "x-id": f"api.rest-api.{called.short}",
        "x-archimate-ref": site.service,
        **({"x-business-service-ref": site.offered.realizes[0]} if site.offered.realizes else {}),
        "info": {
            "title": words(called.many).capitalize(),
            "version": "1.0.0",
            "description": f"Everything about {words(called.many)}.",
        },
        "tags": [{"name": _tag(site), "description": f"What {called.spoken} keeps."}],
        "paths": _paths(site),
    }


def _tag(site: Site) -> str:
    return words(site.called.many).capitalize()


def _paths(site: Site) -> dict[str, Any]:
    called = site.called
    one, many = called.one, called.many
    entity = site.schema(file(site), site.data(), one)
    page = site.schema(file(site), site.data("messages"), f"{one}-page")
    parameter = {
        "name": called.key,
        "in": "path",
        "required": True,
        "description": f"Id of the {words(one)}.",
        "schema": site.value(file(site), "uuid"),
    }

    def command(
        verb: str, summary: str, answer: dict[str, Any], body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        head = _operation(site, f"command.{verb}-{one}", summary, "150ms")
        return {**head, **(body or {}), "responses": answer}

    def body(verb: str, media: str) -> dict[str, Any]:
        schema = site.schema(file(site), site.data("messages"), f"{verb}-{one}-request")
        return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}}

    def transition(verb: str, summary: str) -> dict[str, Any]:
        answer = _answer("200", f"The {words(one)} as it is now.", entity)
        return {"parameters": [parameter], "post": command(verb, summary, answer)}

    created = _answer("201", f"The new {words(one)}.", entity)
    changed = _answer("200", f"The changed {words(one)}.", entity)
    return {
        f"/v1/{many}": {
            "get": {
                **_operation(site, f"query.list-{many}", f"List {words(many)}", "100ms"),
                "parameters": _list_parameters(site),
                "responses": _answer("200", f"A page of {words(many)}.", page),
            },
            "post": command("create", "Create one", created, body("create", JSON)),
        },
        f"/v1/{many}/{{{called.key}}}": {
            "parameters": [parameter],
            "get": {
                **_operation(site, f"query.get-{one}", "Get one by its id", "50ms"),
                "responses": _answer("200", f"The {words(one)}.", entity),
            },
            "patch": command("update", "Change one", changed, body("update", PATCH)),
            "delete": command("delete", "Delete one", {"204": {"description": "Gone."}}),
        },
        f"/v1/{many}/{{{called.key}}}/archive": transition("archive", "Put one away"),
        f"/v1/{many}/{{{called.key}}}/restore": transition("restore", "Bring one back"),
    }


def _operation(site: Site, performed: str, summary: str, latency: str) -> dict[str, Any]:
    return {
        "operationId": camel(performed.partition(".")[2]),
        "summary": summary,
        "tags": [_tag(site)],
        "x-command": f"application.{performed}",
        "x-apm-sla-target-latency": latency,
        "x-apm-criticality": "medium",
    }


def _answer(status: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {status: {"description": description, "content": {JSON: {"schema": schema}}}}


def _list_parameters(site: Site) -> list[dict[str, Any]]:
    status = site.schema(file(site), site.data("enumerations"), f"{site.called.one}-status")
    return [
        {
            "name": "status",
            "in": "query",
            "description": "Only those in this state.",
            "schema": status,
        },
        {
            "name": "sort",
            "in": "query",
            "description": "Newest first unless asked otherwise.",
            "schema": {"type": "string", "enum": SORTS, "default": "-createdAt"},
        },
    ]
