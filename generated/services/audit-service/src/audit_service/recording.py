"""Writing down: events and the service's own deeds become links of an organisation's chain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Actor, Event
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.masking import MASK
from cloudsync_chassis.problem import VERSION_CONFLICT, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.store.idempotency import OvertakenError
from cloudsync_chassis.store.query import ListQuery, PageRequest
from cloudsync_chassis.store.repository import UniqueViolationError
from cloudsync_chassis.store.system import documents
from pydantic_core import to_jsonable_python

from . import chain, memory
from .actions import ACTIONS, Action, event_name, retention_of, severity_of
from .base import STAFF, Base, bounds, is_staff
from .generated import problems
from .generated.models import ActorType, AuditOutcome, AuditRecord
from .generated.service import SERVICE

KEPT = timedelta(days=400)
"""How long a body lies in the log, and how long a record of the standard class is kept."""

_SPIFFE = "spiffe://cloudsync.internal/ns/production/sa/"
_WORKLOAD = re.compile(r"[a-z-]+")
_UUID = re.compile(r"[0-9a-f-]{36}")
_LONGEST = 16384
_LATEST = PageRequest(limit=1, sort="-day")
_SECRETIVE = re.compile(r"hash|token|secret|password|identifier", re.IGNORECASE)


class Recording(Base):
    """Appends to chains."""

    async def record_action(self, ctx: Context, event: Event) -> None:
        """See `Port.record_action`.

        Raises:
            Problem: `schema-violation`: an event of no known type.
        """
        action = ACTIONS.get(event_name(event.type))
        if action is None:
            raise problems.SCHEMA_VIOLATION("an event of no known type")
        inside = ctx.within(event.organization_id or PLATFORM)
        if await self.audit_record.find(inside, id=event.id) is not None:
            return
        record = await self.append(inside, {"id": event.id, **_told(event, action)})
        lag = (ctx.now - event.time).total_seconds()
        ctx.unit.after_commit(lambda: self._measure(record, producer_of(event), lag, event.actor))

    async def note(
        self, ctx: Context, resource: object, home: UUID | None = None, told: Any = None
    ) -> None:
        """Write down what somebody does to the trail itself, in the trail of `home` or, without
        it, their own organisation. What the service does by the clock is no deed of anybody's.
        """
        caller = ctx.principal
        if caller.kind != "user":
            return
        inside = ctx.within(home or ctx.tenant)
        actor, permission = Actor.of(caller), ctx.operation.permission or "audit:read"
        staff = is_staff(caller)
        fields = {
            "id": uuid7(),
            "occurredAt": ctx.now,
            "actorType": ActorType.support if staff else ActorType.user,
            "actorId": caller.subject,
            "actorIp": ctx.source_ip,
            "resourceId": str(resource)[:128],
            "changes": patch(told) if told else None,
            "traceId": ctx.trace.trace_id,
            **_judged(permission, AuditOutcome.success, staff),
        }
        record = await self.append(inside, fields)
        ctx.unit.after_commit(lambda: self._measure(record, SERVICE.name, 0.0, actor))

    async def append(self, ctx: Context, fields: Mapping[str, Any]) -> AuditRecord:
        """The next link of the tenant's chain.

        Raises:
            OvertakenError: another replica has just added one.
            Problem: `invariant-broken`.
        """
        last = await self._head(ctx)
        at = max(ctx.now, last.recorded_at) if last else ctx.now
        follows = last.hash if last else chain.FIRST
        day = last if last and last.day == at.date() else None
        whole = {
            "severity": "info",
            **fields,
            "recordedAt": at,
            "sequence": day.sequence + 1 if day else 1,
            "previousHash": follows,
            "hash": chain.FIRST,
            "status": "recorded",
        }
        known = {name: each for name, each in whole.items() if each is not None}
        envelope = {"organizationId": ctx.tenant, "createdAt": at, "updatedAt": at, "version": 1}
        draft = AuditRecord.model_validate({**known, **envelope}, strict=False)
        record = await self.audit_record.insert(ctx, {**known, "hash": chain.digest(draft)})
        try:
            await self._move_head(ctx, day, follows, record)
        except UniqueViolationError as error:
            raise OvertakenError(VERSION_CONFLICT()) from error
        except Problem as error:
            if error.kind is not VERSION_CONFLICT:
                raise
            raise OvertakenError(error) from error
        return record

    async def _head(self, ctx: Context) -> memory.Day | None:
        """The latest day of the tenant's chain, for nobody else to append to until this is over."""
        found = await self.days.repository.select(ctx, ListQuery(_LATEST))
        if not found.items:
            return None
        row = sa.and_(
            documents.c.organization_id == ctx.tenant, documents.c.id == found.items[0].id
        )
        await (await ctx.unit.connection()).execute(
            sa.select(documents.c.id).where(row).with_for_update()
        )
        # whoever had it before has moved it, or has begun another day
        found = await self.days.repository.select(ctx, ListQuery(_LATEST))
        return found.items[0]

    async def _move_head(
        self, ctx: Context, day: memory.Day | None, follows: str, record: AuditRecord
    ) -> None:
        at, number = record.recorded_at, record.sequence
        hours = [each.model_dump() for each in day.hours] if day else []
        if hours and hours[-1]["hour"] == at.hour:
            hours[-1]["last"] = number
        else:
            new = memory.Hour(hour=at.hour, first=number, last=number, previous=follows)
            hours.append(new.model_dump())
        fields = {"sequence": number, "hash": record.hash, "recordedAt": at, "hours": hours}
        fields["unsealedSince"] = unsealed_since(at, hours)
        if day is not None:
            await self.days.rewrite(ctx, day, fields)
            return
        over = bounds(at.date())[1]
        due = {
            "addressesDue": over + timedelta(days=self.settings.address_truncation_days),
            "archiveDue": over + KEPT,
            "expiryDue": over + KEPT,
        }
        fresh = {"day": at.date(), "previousHash": follows}
        await self.days.insert(ctx, {**fields, **due, **fresh})

    def _measure(self, record: AuditRecord, producer: str, lag: float, actor: Actor | None) -> None:
        outcome = record.outcome
        self.metrics.audit_records_total(producer=producer, action=record.action, outcome=outcome)
        self.metrics.audit_ingest_lag_seconds(max(0.0, lag))
        if record.policy_id is not None:
            self.metrics.audit_denied_actions_total(policy=record.policy_id)
        if record.actor_type is ActorType.support:
            for role in sorted(STAFF.intersection(actor.roles if actor else ())) or ["none"]:
                self.metrics.audit_support_access_total(role=role)


def unsealed_since(at: datetime, hours: list[dict[str, Any]]) -> datetime | None:
    """When the first hour of a day without a seal was over."""
    unsealed = [each["hour"] for each in hours if not each["sealed"]]
    return bounds(at.date(), unsealed[0])[1] if unsealed else None


def producer_of(event: Event) -> str:
    """The service that announced an event."""
    return event.source.rpartition("/")[2]


def patch(data: Mapping[str, Any]) -> str | None:
    """What an event says as an RFC 6902 patch in ASCII, so that no control character is left in
    it; names alone of what it calls changed, and nothing of what may be secret. As many members
    as fit.
    """
    text = ""
    for each in _operations(data):
        longer = f"{text}, {json.dumps(each)}" if text else json.dumps(each)
        if len(longer) + 2 <= _LONGEST:
            text = longer
    return f"[{text}]" if text else None


def _operations(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in data.items():
        if name == "changedFields" and isinstance(value, list):
            for field in value:
                yield {"op": "replace", "path": _pointer(field), "value": MASK}
            continue
        shown = MASK if _SECRETIVE.search(name) else to_jsonable_python(value)
        yield {"op": "replace", "path": _pointer(name), "value": shown}


def _pointer(name: object) -> str:
    return "/" + str(name).replace("~", "~0").replace("/", "~1")


def _told(event: Event, action: Action) -> dict[str, Any]:
    """What an event says of who did what, but for its place in the chain."""
    kind, name = _actor(event, action)
    policy = str(event.data.get(action.policy, ""))[:80] if action.policy else None
    return {
        "occurredAt": event.time,
        "actorType": kind,
        "actorId": name,
        "resourceId": event.subject[:128] or str(event.id),
        "policyId": policy and policy.ljust(3, "-"),
        "changes": patch(event.data),
        "traceId": (Trace.parse(event.traceparent) or Trace.new()).trace_id,
        **_judged(action.permission, action.outcome, kind is ActorType.support),
    }


def _judged(permission: str, outcome: AuditOutcome, staff: bool) -> dict[str, Any]:
    return {
        "action": permission,
        "resourceType": permission.partition(":")[0],
        "outcome": outcome,
        "severity": severity_of(permission, outcome, staff),
        "retentionClass": retention_of(permission),
    }


def _actor(event: Event, action: Action) -> tuple[ActorType, str | None]:
    """Who brought an event about. An older publisher's event names nobody: then its service did.

    Who signs in was nobody yet when they began, and is somebody once they succeeded.
    """
    actor = event.actor
    if actor is None:
        return _workload(producer_of(event))
    if actor.type == "unauthenticated":
        user = str(event.data.get("userId", ""))
        if action.outcome is AuditOutcome.success and _UUID.fullmatch(user):
            return ActorType.user, user
        return ActorType.anonymous, None
    name = actor.id or ""
    if actor.type == "service_account":
        return _workload(name)
    if not _UUID.fullmatch(name):
        return ActorType.anonymous, None
    if actor.type == "api_key":
        return ActorType.integration, name
    staff = event.organization_id == PLATFORM or not STAFF.isdisjoint(actor.roles)
    return (ActorType.support if staff else ActorType.user), name


def _workload(name: str) -> tuple[ActorType, str | None]:
    if _UUID.fullmatch(name):
        return ActorType.integration, name
    if _WORKLOAD.fullmatch(name):
        return ActorType.service, _SPIFFE + name
    return ActorType.anonymous, None
