"""Copies of the trail for a customer's own tools."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from pydantic_core import to_jsonable_python

from .asking import Asking
from .generated import models, port
from .generated.models import (
    AuditExport,
    AuditExportFormat,
    AuditRecord,
    AuditSeverity,
    ExportStatus,
)

WRITE = "write-exports"

_OFFERED = timedelta(hours=24)
_COLUMNS = (
    *("id", "occurredAt", "recordedAt", "actorType", "actorId", "actorIp", "userAgent", "action"),
    *("resourceType", "resourceId", "outcome", "policyId", "severity", "changes", "traceId"),
    *("sequence", "previousHash", "hash", "retentionClass"),
)
_SEVERITIES = {
    AuditSeverity.info: 2,
    AuditSeverity.notice: 4,
    AuditSeverity.warning: 7,
    AuditSeverity.critical: 10,
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Exporting(Asking):
    """Writes copies, and lets go of those whose day is over."""

    async def request_audit_export(
        self, ctx: Context, request: port.RequestAuditExport
    ) -> models.AuditExport:
        """See `Port.request_audit_export`."""
        found = await super().request_audit_export(ctx, request)
        self.runtime.work.wake(ctx, WRITE)
        told = {"rangeFrom": found.range_from, "rangeTo": found.range_to, "format": found.format}
        await self.note(ctx, found.id, told=told)
        return found

    async def write_exports(self, ctx: Context) -> None:
        """Write the copies that the tenant waits for."""
        async for each in self.audit_export.each(ctx, status=ExportStatus.running):
            await self._write(ctx, each)

    async def _write(self, ctx: Context, export: AuditExport) -> None:
        counted = 0

        async def lines() -> AsyncIterator[bytes]:
            nonlocal counted
            yield heading(export.format)
            form = _FORMS[export.format]
            stretch = self.stretch(ctx, "occurredAt", export.range_from, export.range_to)
            async for record in stretch:
                (whole,) = await self.whole(ctx, record.recorded_at.date(), [record])
                counted += 1
                yield form(whole)

        name = f"{ctx.tenant}-{export.id}.{export.format.value}"
        try:
            digest = await self.exports.keep(name, ctx.now + _OFFERED, lines())
        except OSError:
            failed = models.FailAuditExportRequest(problem="storage-unavailable")
            wish = port.FailAuditExport(audit_export_id=export.id, body=failed)
            await self.fail_audit_export(ctx, wish)
            return
        body = models.CompleteAuditExportRequest(record_count=counted, sha256=digest)
        done = port.CompleteAuditExport(audit_export_id=export.id, body=body)
        await self.complete_audit_export(ctx, done)

    async def sweep_exports(self, ctx: Context) -> None:
        """Delete copies that nobody fetched in time."""
        await self.exports.sweep(ctx.now)


def heading(form: AuditExportFormat) -> bytes:
    """What a copy begins with."""
    return _sheet(_COLUMNS) if form is AuditExportFormat.csv else b""


def as_row(record: AuditRecord) -> bytes:
    """A row of a sheet (RFC 4180); texts that a spreadsheet would calculate begin with a quote."""
    fields = _fields(record)
    return _sheet([_harmless(fields.get(name, "")) for name in _COLUMNS])


def as_line(record: AuditRecord) -> bytes:
    """A line of JSON."""
    fields = _fields(record)
    told = {name: fields[name] for name in _COLUMNS if name in fields}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def as_cef(record: AuditRecord) -> bytes:
    """A line of the Common Event Format (version 0, as security tools read it)."""
    fields = _fields(record)
    severity = _SEVERITIES[record.severity]
    action = _escaped(record.action, "\\|")
    head = f"CEF:0|cloudsync|audit-service|1.0.0|{action}|{action}|{severity}|"
    told = {
        "rt": int(record.occurred_at.timestamp() * 1000),
        "externalId": fields["id"],
        "suid": fields.get("actorId"),
        "suser": fields["actorType"],
        "src": fields.get("actorIp"),
        "requestClientApplication": fields.get("userAgent"),
        "outcome": fields["outcome"],
        "deviceCustomString1Label": "resource",
        "deviceCustomString1": f"{record.resource_type}/{record.resource_id}",
        "deviceCustomString2Label": "hash",
        "deviceCustomString2": record.hash,
        "deviceCustomString3Label": "trace",
        "deviceCustomString3": record.trace_id,
        "msg": fields.get("changes"),
    }
    pairs = (f"{n}={_escaped(str(v), chr(92) + '=')}" for n, v in told.items() if v is not None)
    return (head + " ".join(pairs)).encode() + b"\n"


_FORMS: dict[AuditExportFormat, Callable[[AuditRecord], bytes]] = {
    AuditExportFormat.csv: as_row,
    AuditExportFormat.jsonl: as_line,
    AuditExportFormat.cef: as_cef,
}


def _fields(record: AuditRecord) -> dict[str, Any]:
    found: dict[str, Any] = to_jsonable_python(to_record(record))
    return found


def _sheet(values: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _escaped(text: str, special: str) -> str:
    """With a backslash before each special character, and no line break."""
    for each in special:
        text = text.replace(each, "\\" + each)
    return text.replace("\r", " ").replace("\n", " ")
