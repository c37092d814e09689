"""People and tenants that are forgotten: keys are destroyed, then what pointed at them goes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from . import memory
from .base import STATES, itself
from .generated import models, port, problems
from .generated.aggregates import ERASURE_ORDER
from .replaying import Replaying
from .sealing import DESTROYED

_PAUSE = 60.0
_DAY = 86_400.0
_AT_ONCE = 500
_STAGES = models.ErasureStage
_EMPTYING, _EMPTY = "emptying", "empty"
_REDACTING = "redacting"
_BY_ITSELF = "Erasure of the account, carried out on the last day"


class Erasing(Replaying):
    """Forgetting."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        last_day = Due(
            aggregate=ERASURE_ORDER.name,
            where={"erasureStage": _STAGES.due.value},
            since="dueAt",
            after=-_DAY,
        )
        waiting = Due(aggregate=ERASURE_ORDER.name, where={"erasureStage": _STAGES.due.value})
        doomed = Due(aggregate=memory.SUBJECT_KEYS.name, where={"state": _REDACTING})
        emptying = Due(aggregate=memory.PURGES.name, where={"state": _EMPTYING})
        runtime.work.every(3600.0, "shred-subjects", self.shred_due, last_day)
        runtime.work.every(3600.0, "count-erasures", self.count_waiting, waiting)
        runtime.work.every(_PAUSE, "redact-events", self.redact_due, doomed)
        runtime.work.every(_PAUSE, "empty-tenants", self.empty_tenant, emptying)

    async def open_erasure_order(self, ctx: Context, request: port.OpenErasureOrder) -> None:
        """Note that the key of an erased person is to be destroyed, and by which name we know them."""
        fields = request.body.model_dump(by_alias=True, exclude_none=True)
        fields["subjectKey"] = await self.pseudonym(ctx, str(request.body.user_id))
        await self.erasure_order.create(ctx, "open-erasure-order", fields)

    async def shred_subject(self, ctx: Context, request: port.ShredSubject) -> models.ErasureOrder:
        """Destroy the key of a person; their events are redacted in the background.

        Raises:
            Problem: `legal-hold`, `not-found`.
        """
        wish = request.body
        order = await self.erasure_order.get(ctx, wish.erasure_order_id)
        if order.erasure_stage is _STAGES.held:
            raise problems.LEGAL_HOLD("a court keeps what the person did")
        if order.erasure_stage is _STAGES.shredded:
            return order
        affected = await self._destroy(ctx, order)
        fields: dict[str, Any] = {
            "legalBasis": wish.legal_basis,
            "subjectKey": None,
            "shreddedAt": ctx.now,
            "eventsAffected": affected,
            "userId": order.subject_id,
            "store": models.EventsErasureCompletedStore.events,
            "erasedItems": affected,
        }
        self.runtime.work.wake(ctx, "redact-events")
        return await self.erasure_order.transition(ctx, "shred-subject", order.id, fields)

    async def _destroy(self, ctx: Context, order: models.ErasureOrder) -> int:
        """How many events are under the key that is gone now."""
        key = await self.subject_keys.find(ctx, subjectId=order.subject_id)
        if key is None:
            # what is still to come of the person must find a key that seals nothing
            gone = {"subjectId": order.subject_id, "keyId": f"sk-{order.id.hex}"}
            await self.subject_keys.insert(ctx, {**gone, "state": DESTROYED})
            return 0
        await self.subject_keys.rewrite(ctx, key, {"state": _REDACTING, "secret": None})
        return await self.sealed_events.count(ctx, keyId=key.key_id)

    async def shred_due(self, ctx: Context) -> None:
        """Destroy keys on the last day of their orders."""
        by = {"dueAt": ctx.now + timedelta(seconds=_DAY)}
        async for each in self.erasure_order.each(ctx, by, erasureStage=_STAGES.due):
            body = models.ShredSubjectRequest(erasure_order_id=each.id, legal_basis=_BY_ITSELF)
            await self.shred_subject(ctx, port.ShredSubject(body=body))

    async def count_waiting(self, ctx: Context) -> None:
        """Measure how many people of the tenant wait for how many days."""
        waiting: Counter[int] = Counter()
        async for each in self.erasure_order.each(ctx, erasureStage=_STAGES.due):
            waiting[max(0, (each.due_at - ctx.now).days)] += 1
        for days, people in waiting.items():
            self.metrics.events_erasures_due(people, days_left=str(days))

    async def redact_due(self, ctx: Context) -> None:
        """Clear what pointed at people whose key is destroyed, 500 events at a time."""
        async for key in self.subject_keys.each(ctx, state=_REDACTING):
            done = 0
            async for each in self.sealed_events.each(ctx, keyId=key.key_id):
                if done == _AT_ONCE:
                    self.runtime.work.wake(ctx, "redact-events")
                    return
                await self._redact(ctx, each)
                done += 1
            await self.subject_keys.rewrite(ctx, key, {"state": DESTROYED})

    async def _redact(self, ctx: Context, sealed: memory.SealedEvent) -> None:
        event = await self.collected_event.find(ctx, id=sealed.collected_event_id)
        if event is not None and event.status is STATES.stored:
            await self.redact_event(itself(ctx), port.RedactEvent(collected_event_id=event.id))
        elif event is not None:
            # what never came into the archive is not redacted there, and must not point at anybody
            free = {"actorKey": None, "sessionKey": None, "clientContext": None}
            await self.collected_event.rewrite(ctx, event, free)
        await self.sealed_events.remove(ctx, sealed)

    async def purge_tenant_events(self, ctx: Context, request: port.PurgeTenantEvents) -> None:
        """Destroy all keys of a tenant, and let its rows go in the background."""
        if await self.purges.count(ctx):
            return
        await self.purges.insert(ctx, {"state": _EMPTYING})
        both: tuple[Aggregate[Any], ...] = (self.subject_keys, self.pseudonym_keys)
        for keys in both:
            async for each in keys.each(ctx):
                await keys.remove(ctx, each)
        self.runtime.work.wake(ctx, "empty-tenants")

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """The tenant's rows and its keys go, after which its streams cannot be read."""
        await self.purge_tenant_events(ctx, port.PurgeTenantEvents(body=event.data))

    async def empty_tenant(self, ctx: Context) -> None:
        """Remove rows of a purged tenant, 500 at a time; proof of erasures is kept."""
        done = 0
        rows: tuple[Aggregate[Any], ...] = (
            self.collected_event,
            self.sealed_events,
            self.stream_snapshot,
            self.streams,
            self.producers,
            self.refusals,
        )
        for aggregate in rows:
            async for each in aggregate.each(ctx):
                if done == _AT_ONCE:
                    self.runtime.work.wake(ctx, "empty-tenants")
                    return
                await aggregate.remove(ctx, each)
                done += 1
        async for purge in self.purges.each(ctx, state=_EMPTYING):
            await self.purges.rewrite(ctx, purge, {"state": _EMPTY})
