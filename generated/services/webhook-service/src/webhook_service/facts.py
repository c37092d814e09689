"""The eight facts: what of an event goes out, what it is about, and the documented examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """A webhook: `thin` are the fields that thin endpoints get, `key` the one that it is about."""

    name: str
    key: str
    thin: tuple[str, ...]
    full: Callable[[Data], dict[str, Any]]
    example: Data

    def data(self, event: Data, thin: bool = False) -> dict[str, Any]:
        """What an endpoint is sent of an event's data."""
        found = self.full(event)
        return {name: each for name, each in found.items() if not thin or name in self.thin}

    def about(self, event: Data) -> UUID:
        """The ordering key."""
        return UUID(str(event[self.key]))


def _only(*names: str) -> Callable[[Data], dict[str, Any]]:
    return lambda data: {name: data[name] for name in names if name in data}


def _deleted(data: Data) -> dict[str, Any]:
    return {
        "organizationId": data["organizationId"],
        "requestedBy": data["deletionRequestedBy"],
        "purgeAfter": data["purgeAfter"],
    }


def _paid(data: Data) -> dict[str, Any]:
    known = _only("paymentId", "purpose", "orderId", "invoiceId", "methodKind")(data)
    amount = {"amountMinor": data["capturedMinor"], "currency": data["currency"]}
    return {**known, "amount": amount}


def _invoiced(data: Data) -> dict[str, Any]:
    known = _only("invoiceId", "invoiceNumber", "dueOn", "collectionMode")(data)
    total = {"amountMinor": data["totalMinor"], "currency": data["currency"]}
    href = f"/v1/invoices/{data['invoiceId']}/document"
    return {**known, "total": total, "documentHref": href}


def _changed(data: Data) -> dict[str, Any]:
    names = ("planCode", "seatQuantity", "status")
    after = {name: data[name] for name in names}
    earlier = {name: data.get("from" + name[0].upper() + name[1:]) for name in names}
    before = {name: after[name] if each is None else each for name, each in earlier.items()}
    known = _only("subscriptionId", "effectiveAt", "prorationMinor")(data)
    return {**known, "change": data["lastChange"], "before": before, "after": after}


_ID = "018f2b6a-13c0-7a52-8e11-0c9d4e5f6a7b"
_WHEN = "2025-11-24T09:15:41Z"

FACTS = {
    each.name: each
    for each in (
        Fact(
            "user.created",
            "userId",
            ("userId",),
            _only("userId", "kind", "locale", "timeZone", "provisioningSource"),
            {"userId": _ID, "kind": "employee", "locale": "en", "timeZone": "Europe/Dublin"},
        ),
        Fact(
            "organization.deleted",
            "organizationId",
            ("organizationId", "requestedBy"),
            _deleted,
            {"organizationId": _ID, "deletionRequestedBy": _ID, "purgeAfter": _WHEN},
        ),
        Fact(
            "document.updated",
            "documentId",
            ("documentId", "toSequence"),
            _only(
                "documentId",
                "title",
                "fromSequence",
                "toSequence",
                "editorIds",
                "origin",
                "attachedFileIds",
                "detachedFileIds",
            ),
            {
                "documentId": _ID,
                "title": "Minutes",
                "fromSequence": 1,
                "toSequence": 2,
                "editorIds": [_ID],
                "origin": "edit",
                "attachedFileIds": [],
                "detachedFileIds": [],
            },
        ),
        Fact(
            "file.uploaded",
            "fileId",
            ("fileId",),
            _only(
                "fileId",
                "mediaType",
                "sizeBytes",
                "contentSha256",
                "origin",
                "target",
                "scanVerdict",
            ),
            {
                "fileId": _ID,
                "mediaType": "text/plain",
                "sizeBytes": 42,
                "contentSha256": "ab" * 32,
                "origin": "upload",
                "scanVerdict": "clean",
            },
        ),
        Fact(
            "task.completed",
            "taskId",
            ("taskId", "boardKey"),
            _only(
                "taskId",
                "boardKey",
                "number",
                "headline",
                "completedBy",
                "completedAt",
                "cycleMinutes",
                "documentIds",
            ),
            {
                "taskId": _ID,
                "boardKey": "OPS",
                "number": 418,
                "headline": "Rotate the staging certificates",
                "completedBy": _ID,
                "completedAt": _WHEN,
                "cycleMinutes": 2865,
                "documentIds": [],
            },
        ),
        Fact(
            "payment.processed",
            "paymentId",
            ("paymentId", "orderId", "invoiceId"),
            _paid,
            {
                "paymentId": _ID,
                "purpose": "invoice",
                "invoiceId": _ID,
                "capturedMinor": 12_300,
                "currency": "eur",
                "methodKind": "card",
            },
        ),
        Fact(
            "invoice.issued",
            "invoiceId",
            ("invoiceId",),
            _invoiced,
            {
                "invoiceId": _ID,
                "invoiceNumber": "EU-2025-0000001",
                "totalMinor": 12_300,
                "currency": "eur",
                "dueOn": "2025-12-24",
                "collectionMode": "automatic",
            },
        ),
        Fact(
            "subscription.changed",
            "subscriptionId",
            ("subscriptionId",),
            _changed,
            {
                "subscriptionId": _ID,
                "lastChange": "seats",
                "planCode": "team-2026",
                "seatQuantity": 12,
                "fromSeatQuantity": 10,
                "status": "active",
                "effectiveAt": _WHEN,
            },
        ),
    )
}

_SOURCES = {
    "user-created.v1": "user.created",
    "organization-deleted.v1": "organization.deleted",
    "document-updated.v1": "document.updated",
    "file-scanned.v1": "file.uploaded",
    "task-completed.v1": "task.completed",
    "payment-processed.v1": "payment.processed",
    "invoice-issued.v1": "invoice.issued",
    "subscription-changed.v1": "subscription.changed",
}


def fact_of(event_type: str) -> Fact | None:
    """The fact that an event becomes."""
    name = _SOURCES.get(event_type.rsplit(".", 2)[-2] + "." + event_type.rsplit(".", 1)[-1])
    return FACTS[name] if name else None
