"""Calendar files on their way into a calendar, worked off beside the requests.

A worker is this process itself: it begins once a file was taken in, and where one was left lying by
a process that ended, whoever next asks how far it has got sets it going again. Events are found by
their UID, so that nothing comes in twice, however often a file does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from pydantic import ValidationError

from .generated import models, port, problems
from .ics import Component, MalformedError, SkippedError, components, event_of
from .scheduling import Scheduling, zone_of

T = TypeVar("T")

_UNDER_WAY = ("queued", "running")
_BATCH = 50
_TURN = 0.12
"""Seconds between two batches in which others may write: SQLite lets one write at a time, and who
waits looks again every tenth of a second.
"""
_KEPT = timedelta(days=7 * 365)
_PAUSE = 60.0
"""Seconds after which an import that failed is tried again."""

_WORK = Operation(id="work-off-ics-import", access="workload", writes=True, timeout=60.0)

log = logger("imports")


class IcsImports(Scheduling):
    """The command, the query, and the worker."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._not_before: dict[UUID, float] = {}

    async def import_ics(self, ctx: Context, request: port.ImportIcs) -> models.IcsImport:
        calendar = await self.granted_calendar(ctx, request.calendar_id)
        await self.check_thawed(ctx)
        try:
            found = len(components(request.body.ics_text))
        except MalformedError as error:
            raise problems.ICS_MALFORMED(str(error)) from error
        if await self.ics_import.count(ctx, calendarId=calendar.id, stage=_UNDER_WAY):
            raise problems.IMPORT_RUNNING("another file is on its way into the calendar")
        fields = {
            "icsText": request.body.ics_text,
            "broughtBy": self.person(ctx),
            "foundEvents": found,
        }
        made = await self.ics_import.create(ctx, "import-ics", fields, calendarId=calendar.id)
        self._after(ctx, made.id)
        return made

    async def get_ics_import(self, ctx: Context, request: port.GetIcsImport) -> models.IcsImport:
        found = await super().get_ics_import(ctx, request)
        if found.stage in _UNDER_WAY:
            self._after(ctx, found.id)
        return found

    def _after(self, ctx: Context, import_id: UUID) -> None:
        organization = ctx.tenant
        ctx.unit.after_commit(lambda: self._begin(organization, import_id))

    def _begin(self, organization: UUID, import_id: UUID) -> None:
        waits = self._not_before.get(import_id, 0.0) > time.monotonic()
        if import_id not in self._running and not waits:
            running = asyncio.create_task(self._guarded(organization, import_id))
            self._running[import_id] = running
            running.add_done_callback(lambda _: self._running.pop(import_id, None))

    async def _guarded(self, organization: UUID, import_id: UUID) -> None:
        try:
            await self._work_off(organization, import_id)
            self._not_before.pop(import_id, None)
            return
        except Problem as error:
            log.warning("import_stopped", import_id=str(import_id), error=str(error))
        except Exception:
            log.exception("import_failed", import_id=str(import_id))
        self._not_before[import_id] = time.monotonic() + _PAUSE

    async def _work_off(self, organization: UUID, import_id: UUID) -> None:
        """From the queue to the end."""

        async def take(ctx: Context) -> models.IcsImport | None:
            found = await self.ics_import.find(ctx, id=import_id)
            if found is None or found.stage not in _UNDER_WAY:
                return None
            if found.stage == "queued":
                await self.start_ics_import(ctx, port.StartIcsImport(ics_import_id=found.id))
            return found

        taken = await self.as_service(organization, take)
        if taken is None:
            return
        try:
            found = components(taken.ics_text or "")
        except MalformedError:
            await self._abandon(organization, import_id)
            return
        # Series before their overrides, which need them.
        found.sort(key=lambda each: "RECURRENCE-ID" in each.properties)
        imported = 0
        for begin in range(0, len(found), _BATCH):
            some = found[begin : begin + _BATCH]

            async def write(ctx: Context, some: list[Component] = some) -> int:
                return sum([await self._take_in(ctx, taken, each) for each in some])

            imported += await self.as_service(organization, write)
            await asyncio.sleep(_TURN)
        counted = {
            "foundEvents": len(found),
            "importedEvents": imported,
            "skippedEvents": len(found) - imported,
        }
        body = from_record(models.FinishIcsImportRequest, counted)

        async def finish(ctx: Context) -> None:
            await self.finish_ics_import(
                ctx, port.FinishIcsImport(ics_import_id=import_id, body=body)
            )

        await self.as_service(organization, finish)

    async def _abandon(self, organization: UUID, import_id: UUID) -> None:
        body = models.AbandonIcsImportRequest.model_validate({"brokenBecause": "ics-malformed"})

        async def abandon(ctx: Context) -> None:
            request = port.AbandonIcsImport(ics_import_id=import_id, body=body)
            await self.abandon_ics_import(ctx, request)

        await self.as_service(organization, abandon)

    async def _take_in(self, ctx: Context, taken: models.IcsImport, component: Component) -> bool:
        """Write one event, or find that it cannot be taken over."""
        calendar = await self.known_calendar(ctx, taken.calendar_id)
        usual = zone_of(calendar.default_time_zone) or ZoneInfo("Etc/UTC")
        try:
            fields = event_of(component, usual, ctx.now - _KEPT)
            original: datetime | None = fields.get("originalStart")
            known = await self._known(ctx, calendar.id, fields.get("icalUid"))
            if original is not None:
                if known is None or known.recurrence_rule is None:
                    return False
                fields["seriesId"] = known.id
                known = await self.calendar_event.find(
                    ctx, seriesId=known.id, originalStart=original
                )
            if known is None:
                fields |= {"calendarId": calendar.id, "organizerId": taken.brought_by}
                event = await self.add(ctx, fields)
            else:
                event = await self.write(ctx, known, {**_EMPTY, **fields})
            await self.settle(ctx, event)
        except (SkippedError, ValidationError, Problem) as error:
            log.info("event_skipped", import_id=str(taken.id), cause=type(error).__name__)
            return False
        await self.block_people(ctx, event)
        return True

    async def _known(
        self, ctx: Context, calendar_id: UUID, uid: str | None
    ) -> models.CalendarEvent | None:
        """What an earlier import of the file has made of a UID."""
        if uid is None:
            return None
        return await self.calendar_event.find(
            ctx, calendarId=calendar_id, icalUid=uid, seriesId=None
        )

    async def as_service(self, organization: UUID, action: Callable[[Context], Awaitable[T]]) -> T:
        """Carry something out for an organisation, in a transaction of its own."""
        me = workload(self.runtime.spec.name, organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        return await self.runtime.executor.run(_WORK, incoming, action)


_EMPTY: dict[str, Any] = {
    "agenda": None,
    "location": None,
    "recurrenceRule": None,
    "recurrenceCount": None,
    "exceptionDates": [],
    "status": "confirmed",
    "holdUntil": None,
    "cancelledBy": None,
}
"""What a file says by not saying it."""
