"""Events as their producers tell them: taken, set apart, released, and reported where refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.repository import UniqueViolationError

from . import checks, memory, wordings
from .base import NOTHING, REASONS, STATES, itself
from .generated import models, port, problems
from .registry import Registry
from .sealing import NOBODY

_LARGEST_BATCH = 1 << 20
_SAMPLES = 5
_MINUTE = 60.0
_WINDOW = timedelta(minutes=5)
_LASTING = frozenset({REASONS.oversize, REASONS.clock_skew})
"""Reasons that no change of a schema takes away."""

_SOURCES = models.EventSource
_ANALYTICS = models.ConsentPurpose.analytics


class Collecting(Registry):
    """The front door."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=memory.REFUSALS.name, since="minute", after=_MINUTE)
        runtime.work.every(_MINUTE, "report-quarantine", self.report_due, due)

    async def collect_events(
        self, ctx: Context, request: port.CollectEvents
    ) -> models.CollectionReceipt:
        """Take a batch; tenant and person are those of the token. What is known is dropped.

        Raises:
            Problem: `tenant-mismatch`, `ingest-quota`; `rule-broken`: over 1 MiB;
                `invariant-broken`: not collected for operation.
        """
        events = request.body.events
        if sum(len(each.payload) for each in events) > _LARGEST_BATCH:
            raise breaks_rule("more than 1 MiB of payloads", pointer="/events")
        self._check_tenant(ctx, events)
        source = source_of(ctx)
        if source is not _SOURCES.service:
            await self._count_producer(ctx, len(events))
        accepted, duplicate, apart = 0, 0, []
        for each in events:
            outcome = await self._take(ctx, each, source)
            self.metrics.events_collected_total(source=source.value, result=outcome)
            accepted += outcome == "accepted"
            duplicate += outcome == "duplicate"
            if outcome == "quarantined":
                apart.append(each.event_id)
        if accepted:
            self.runtime.work.wake(ctx, "enrich-events")
        return models.CollectionReceipt(
            accepted=accepted, duplicate=duplicate, quarantined_ids=apart
        )

    def _check_tenant(self, ctx: Context, events: Iterable[models.SubmittedEvent]) -> None:
        for each in events:
            named = (checks.told(each.payload) or {}).get("organizationId", str(ctx.tenant))
            if named != str(ctx.tenant):
                raise problems.TENANT_MISMATCH("an event names another organisation")

    async def _count_producer(self, ctx: Context, events: int) -> None:
        person = await self.pseudonym(ctx, ctx.principal.subject)
        minute = ctx.now.replace(second=0, microsecond=0)
        known = await self.producers.find(ctx, person=person)
        before = known.events if known is not None and known.minute == minute else 0
        if before + events > self.settings.client_events_per_minute:
            raise problems.INGEST_QUOTA("more events than one person may send in a minute")
        fields = {"minute": minute, "events": before + events}
        if known is None:
            await self.producers.insert(ctx, {"person": person, **fields})
        else:
            await self.producers.rewrite(ctx, known, fields)

    async def _take(
        self, ctx: Context, event: models.SubmittedEvent, source: models.EventSource
    ) -> str:
        if await self.collected_event.find(ctx, eventId=event.event_id) is not None:
            return "duplicate"
        reason = await self._fault(ctx, event, source)
        person = _person(ctx)
        record: dict[str, Any] = {
            **_envelope(event),
            "source": source,
            "status": STATES.accepted,
            "receivedAt": ctx.now,
            "payload": event.payload,
            "occurredAt": self._believed(ctx, event),
        }
        if person is not None and _ANALYTICS in event.consent_purposes:
            record["actorKey"] = await self.pseudonym(ctx, str(person))
        if person is not None or reason is not None:
            sealed = await self.seal(ctx, person or NOBODY, event.payload)
            if sealed is None:
                reason, sealed = REASONS.oversize, await self.seal(ctx, person or NOBODY, NOTHING)
            record["payloadKeyId"], record["payload"] = sealed or (None, NOTHING)
        return await self._write(ctx, record, reason)

    async def _write(
        self, ctx: Context, record: dict[str, Any], reason: models.QuarantineReason | None
    ) -> str:
        try:
            entity = await self.collected_event.insert(ctx, record)
        except UniqueViolationError:
            return "duplicate"
        await self.note_sealed(ctx, entity)
        if reason is None:
            return "accepted"
        await self.set_apart(ctx, entity, reason)
        return "quarantined"

    def _believed(self, ctx: Context, event: models.SubmittedEvent) -> Any:
        """The time of an event; of one from the future the latest that can be kept."""
        latest = ctx.now + timedelta(seconds=self.settings.clock_ahead_limit)
        return min(event.occurred_at, latest)

    async def _fault(
        self, ctx: Context, event: models.SubmittedEvent, source: models.EventSource
    ) -> models.QuarantineReason | None:
        """The first thing that a check finds wrong."""
        found = checks.first_fault(self.settings, event, ctx.now)
        return found or await self.misfit(
            ctx, event.event_type, event.schema_version, source, event.payload
        )

    async def misfit(
        self,
        ctx: Context,
        event_type: str,
        version: int,
        source: models.EventSource,
        payload: str,
    ) -> models.QuarantineReason | None:
        """What is wrong with a payload by the wording of its type as that is now."""
        schema = await self.wording(ctx, event_type, version)
        if schema is None or not (source is _SOURCES.service or schema.client_allowed):
            return REASONS.unknown_schema
        value = checks.told(payload)
        if value is None or not wordings.fits(schema.json_schema, value):
            return REASONS.schema_violation
        allowed = frozenset(each.root for each in schema.pii_paths)
        return REASONS.pii_detected if checks.names_a_person(value, allowed) else None

    async def set_apart(
        self, ctx: Context, event: models.CollectedEvent, reason: models.QuarantineReason
    ) -> None:
        """Quarantine an event that was accepted, and count it for its owner."""
        body = models.QuarantineEventRequest(quarantine_reason=reason)
        wish = port.QuarantineEvent(collected_event_id=event.id, body=body)
        await self.quarantine_event(itself(ctx), wish)
        await self._count_refusal(ctx, event, reason)

    async def _count_refusal(
        self, ctx: Context, event: models.CollectedEvent, reason: models.QuarantineReason
    ) -> None:
        minute = ctx.now.replace(second=0, microsecond=0)
        key = {"eventType": event.event_type, "reason": reason.value, "minute": minute}
        known = await self.refusals.find(ctx, **key)
        if known is None:
            first = {"count": 1, "samples": [event.event_id]}
            await self.refusals.insert(ctx, {**key, **first})
            return
        samples = [*known.samples, event.event_id][:_SAMPLES]
        await self.refusals.rewrite(ctx, known, {"count": known.count + 1, "samples": samples})

    async def report_due(self, ctx: Context) -> None:
        """Tell of the tenant's refusals whose minute is over."""
        by = {"minute": ctx.now - timedelta(seconds=_MINUTE)}
        async for each in self.refusals.each(ctx, by):
            report = models.QuarantineReport(
                event_type=each.event_type,
                quarantine_reason=models.QuarantineReason(each.reason),
                count=each.count,
                sample_ids=each.samples,
            )
            await self.report_quarantine(ctx, port.ReportQuarantine(body=report))
            await self.refusals.remove(ctx, each)

    async def report_quarantine(self, ctx: Context, request: port.ReportQuarantine) -> None:
        """Tell the owner of a type what was refused of it, and measure its share."""
        report = to_record(request.body)
        await self.collected_event.announce(ctx, "event-quarantined", report)
        kind = request.body.event_type
        since = ctx.now - _WINDOW
        refused, all_ = 0, 0
        async for each in self.newest(ctx, since, eventType=kind):
            all_ += 1
            refused += each.status is STATES.quarantined
        if all_:
            # anybody may make types up, and each would be a series of its own
            told = kind if await self.is_registered(ctx, kind) else "unregistered"
            self.metrics.events_quarantined_ratio(refused / all_, event_type=told)

    async def release_quarantined(
        self, ctx: Context, request: port.ReleaseQuarantined
    ) -> models.ReleaseReport:
        """Judge events anew by the wordings of now; those that pass are in.

        Raises:
            Problem: `still-invalid`: none of them passes.
        """
        wish = request.body
        wanted = set(wish.event_ids or ())
        released, still = 0, 0
        async for each in self.collected_event.each(
            ctx,
            eventType=wish.event_type,
            quarantineReason=wish.quarantine_reason,
            status=STATES.quarantined,
        ):
            if wanted and each.event_id not in wanted:
                continue
            ctx.deadline.check()
            passes = await self._release(ctx, each)
            released, still = released + passes, still + (not passes)
        if still and not released:
            raise problems.STILL_INVALID(f"none of {still} events passes")
        self.runtime.work.wake(ctx, "enrich-events")
        return models.ReleaseReport(released=released, still_invalid=still)

    async def _release(self, ctx: Context, event: models.CollectedEvent) -> bool:
        payload = await self.unsealed(ctx, event)
        if event.quarantine_reason in _LASTING or payload is None:
            return False
        kind, version = event.event_type, event.schema_version
        if await self.misfit(ctx, kind, version, event.source, payload) is not None:
            return False
        free = {"quarantineReason": None}
        await self.collected_event.transition(ctx, "release-quarantined", event.id, free)
        return True

    async def discard_event(self, ctx: Context, request: port.DiscardEvent) -> None:
        """Drop a refused event that nobody has mended in thirty days, with what it said.

        Raises:
            Problem: `not-due`, `not-found`, `illegal-transition`.
        """
        fields = {"payload": NOTHING, "actorKey": None, "sessionKey": None, "clientContext": None}
        await self.collected_event.transition(
            ctx, "discard-event", request.collected_event_id, fields
        )


def source_of(ctx: Context) -> models.EventSource:
    """Which kind of program the caller is: a service, or what its token says of a person's."""
    if ctx.principal.kind == "workload":
        return _SOURCES.service
    told = str(ctx.principal.attributes.get("client", _SOURCES.web.value))
    clients = (_SOURCES.ios, _SOURCES.android, _SOURCES.desktop, _SOURCES.integration)
    return next((each for each in clients if each.value == told), _SOURCES.web)


def _person(ctx: Context) -> UUID | None:
    """Whose event it is; a service's own are nobody's."""
    return UUID(ctx.principal.subject) if ctx.principal.kind == "user" else None


def _envelope(event: models.SubmittedEvent) -> dict[str, Any]:
    """What is kept as it was told; a session only with consent."""
    record = to_record(event)
    names = ["eventId", "eventType", "schemaVersion", "consentPurposes", "clientContext", "traceId"]
    if _ANALYTICS in event.consent_purposes:
        names.append("sessionKey")
    return {name: record[name] for name in names if name in record}
