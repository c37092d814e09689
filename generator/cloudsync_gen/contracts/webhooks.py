"""Webhook sources -> published OpenAPI 3.1 documents that say how a delivery is proven genuine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cloudsync_gen.contracts.made import Packed
from cloudsync_gen.contracts.openapi import Transcriber
from cloudsync_gen.contracts.publication import Publication
from cloudsync_gen.contracts.schemas import Rewriter, Schemas
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.contracts import ContractDocument
from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.layers.api import Webhook, WebhookDelivery
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.sources import WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref

_ANSWERS = {
    "2XX": "The delivery is taken over.",
    "410": "The endpoint is gone for good; no more deliveries are sent to it.",
    "429": "Too many deliveries; `Retry-After` is honoured.",
    "503": "Not now; `Retry-After` is honoured.",
}
"""What a receiver may answer; everything else counts as a failure and is tried again."""


def compile_webhooks(
    source: WebhookSource,
    schemas: Schemas,
    publication: Callable[[], Publication],
    model: Model,
) -> ContractDocument:
    """The published form of one source."""
    return ContractDocument(
        name=source.document,
        path=f"webhooks/{source.document}.yaml",
        source="",
        file=source.file,
        packing=Packed(lambda: _data(source, schemas, publication(), model)),
    )


def faults_of_webhooks(source: WebhookSource, schemas: Schemas) -> list[Diagnostic]:
    """What keeps a source from being published as it is."""
    rewriter = Rewriter(schemas.names)
    _root(source, rewriter)
    for _ in _operations(source, rewriter):
        pass
    return rewriter.found


def _data(
    source: WebhookSource, schemas: Schemas, publication: Publication, model: Model
) -> dict[str, Any]:
    rewriter = Rewriter(schemas.names)
    events = {
        each.webhook_name: model.get(Event, each.event or "")
        for each in model.where(Webhook, "document", source.document)
    }
    webhooks = {
        name: {"post": _delivery(operation, name, events.get(name), model)}
        for name, operation in _operations(source, rewriter)
    }
    promised = {"x-delivery": _promise(publication.delivery)} if publication.delivery else {}
    return {
        "openapi": "3.1.0",
        **_root(source, rewriter),
        **promised,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas.section(rewriter.uses),
            "parameters": _parameters(publication),
        },
    }


def _root(source: WebhookSource, rewriter: Rewriter) -> dict[str, Any]:
    """`info` and `tags` as they are published."""
    copy, place = Transcriber(rewriter).copy, Ref(source.file)
    return {
        key: copy(source.data[key], place.at(key))
        for key in ("info", "tags")
        if key != "tags" or key in source.data
    }


def _operations(source: WebhookSource, rewriter: Rewriter) -> Iterator[tuple[str, Any]]:
    """(webhook, its operation as it is published), in the order of the source."""
    copy, place = Transcriber(rewriter).copy, Ref(source.file)
    for name, item in source.data["webhooks"].items():
        yield name, copy(item.get("post", {}), place.at("webhooks", name, "post"))


def _delivery(
    copied: Mapping[str, Any], name: str, event: Event | None, model: Model
) -> dict[str, Any]:
    texts = ("tags", "summary", "description", "deprecated")
    parameters = ("WebhookId", "WebhookTimestamp", "WebhookSignature")
    responses = {status: {"description": text} for status, text in _ANSWERS.items()}
    operation = {key: copied[key] for key in texts if key in copied}
    return {
        **operation,
        "operationId": copied.get("operationId", name.replace(".", "-")),
        "parameters": [
            *copied.get("parameters", ()),
            *({"$ref": f"#/components/parameters/{each}"} for each in parameters),
        ],
        **({"requestBody": copied["requestBody"]} if "requestBody" in copied else {}),
        "responses": {**responses, **copied.get("responses", {})},
        **({"x-event": event_type(model, event)} if event else {}),
    }


def _parameters(publication: Publication) -> dict[str, Any]:
    """The headers of a delivery: HMAC-SHA256 (RFC 2104) over `<id>.<timestamp>.<body>`."""
    names, window = _headers(publication), publication.replay_seconds
    signature = (
        f"`v1=<hex>` of HMAC-SHA256 with the endpoint's secret over `{names[0]}`, a dot, "
        f"`{names[1]}`, a dot and the body as received. While a secret is exchanged there "
        "are two, separated by a comma; one that fits is enough. Compare in constant time."
    )
    timestamp = (
        f"When the delivery was signed, in seconds since 1970 UTC. Refuse a delivery whose time "
        f"is more than {window} seconds from now."
    )
    return {
        "WebhookId": _header(
            names[0],
            "Id of the delivery, the same at every attempt. Refuse one that was seen before.",
            {"type": "string", "format": "uuid"},
        ),
        "WebhookSignature": _header(
            names[2],
            signature,
            {
                "type": "string",
                "maxLength": 200,
                "pattern": "^v1=[0-9a-f]{64}(,v1=[0-9a-f]{64})*$",
            },
        ),
        "WebhookTimestamp": _header(
            names[1], timestamp, {"type": "integer", "format": "int64", "minimum": 0}
        ),
    }


def _headers(publication: Publication) -> tuple[str, str, str]:
    """Names of the headers with id, moment and signature, after the project where nothing says."""
    said = publication.delivery
    if said is not None:
        return said.id_header, said.timestamp_header, said.signature_header
    prefix = f"{publication.header_prefix}-Webhook"
    return f"{prefix}-Id", f"{prefix}-Timestamp", f"{prefix}-Signature"


def _promise(delivery: WebhookDelivery) -> dict[str, Any]:
    """What receivers may count on: when a delivery is tried again, and how long it waits."""
    return {
        "algorithm": delivery.algorithm,
        "attempts": list(delivery.attempts),
        "jitterPercent": delivery.jitter_percent,
        "retryAfterAtMost": delivery.retry_after_at_most,
        "connectTimeout": delivery.connect_timeout,
        "timeout": delivery.timeout,
    }


def _header(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": text, "required": True, "schema": schema}
