"""Calendar files on their way into a calendar, worked off in batches beside the requests.

Each batch and what was counted of it commit together, whichever replica goes on with a file. Events
are found by their UID, so that nothing comes in twice, however often a file does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime
from pydantic import ValidationError

from .generated import models, operations, port, problems
from .ics import Component, MalformedError, SkippedError, components, event_of
from .scheduling import EVENTS_KEPT, Scheduling, zone_of

T = TypeVar("T")

_UNDER_WAY = ("queued", "running")
_BATCH = 50
_BREATH = 0.12
"""Seconds between two batches in which others may write: SQLite lets one write at a time, and who
waits looks again every tenth of a second.
"""
_TURN = 20.0
"""Seconds after which another file has its turn."""

_PAUSE = 60.0
"""Seconds after which a file is gone on with that a failure or a crash has left lying."""

_START = operations.START_ICS_IMPORT.id
_WORK = Operation(id="work-off-ics-imports", access="workload", writes=True, timeout=120.0)
_STEP = Operation(id="write-ics-import", access="workload", writes=True, timeout=60.0)

log = logger("imports")


@dataclass(frozen=True, slots=True)
class _Count:
    """How many events of a file came in and how many were left out, so far."""

    imported: int
    skipped: int

    @property
    def done(self) -> int:
        return self.imported + self.skipped


class IcsImports(Scheduling):
    """The commands, and the work on files."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        running = Due(aggregate="ics-import", where={"stage": "running"})
        work = Job(operation=_WORK, every=_PAUSE, per="entity", due=running, call=self._work_off)
        runtime.work.add([work])

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
        self.runtime.work.wake(ctx, _START)
        return made

    async def start_ics_import(self, ctx: Context, request: port.StartIcsImport) -> None:
        await super().start_ics_import(ctx, request)
        self.runtime.work.wake(ctx, _WORK.id)

    async def _work_off(self, ctx: Context, import_id: UUID) -> None:
        """One turn of a file; each step commits by itself, this one begins no transaction."""
        ends = monotonic() + _TURN
        taken = await self._step(ctx, lambda c: self.ics_import.find(c, id=import_id))
        if taken is None or taken.stage != "running":
            return
        try:
            found = components(taken.ics_text or "")
        except MalformedError:
            await self._abandon(ctx, import_id)
            return
        # Series before their overrides, which need them.
        found.sort(key=lambda each: "RECURRENCE-ID" in each.properties)
        count = _Count(taken.imported_events, taken.skipped_events)
        while count.done < len(found):
            if monotonic() > ends:
                self.runtime.work.wake(ctx, _WORK.id)
                return
            some = found[count.done : count.done + _BATCH]

            async def write(
                inside: Context, some: list[Component] = some, before: _Count = count
            ) -> _Count | None:
                return await self._write(inside, import_id, some, before)

            written = await self._step(ctx, write)
            if written is None:
                return
            count = written
            await asyncio.sleep(_BREATH)
        counted = {
            "foundEvents": count.done,
            "importedEvents": count.imported,
            "skippedEvents": count.skipped,
        }
        body = from_record(models.FinishIcsImportRequest, counted)
        request = port.FinishIcsImport(ics_import_id=import_id, body=body)
        await self._step(ctx, lambda c: self.finish_ics_import(c, request))

    async def _write(
        self, ctx: Context, import_id: UUID, some: list[Component], before: _Count
    ) -> _Count | None:
        """One batch; None where another worker has written it, or the calendar is gone."""
        taken = await self.ics_import.find(ctx, id=import_id)
        if taken is None or taken.stage != "running":
            return None
        if before.done != taken.imported_events + taken.skipped_events:
            return None
        imported = sum([await self._take_in(ctx, taken, each) for each in some])
        count = _Count(before.imported + imported, before.skipped + len(some) - imported)
        counted = {"importedEvents": count.imported, "skippedEvents": count.skipped}
        await self.ics_import.rewrite(ctx, taken, counted)
        return count

    async def _abandon(self, ctx: Context, import_id: UUID) -> None:
        body = models.AbandonIcsImportRequest.model_validate({"brokenBecause": "ics-malformed"})
        request = port.AbandonIcsImport(ics_import_id=import_id, body=body)
        await self._step(ctx, lambda c: self.abandon_ics_import(c, request))

    async def _take_in(self, ctx: Context, taken: models.IcsImport, component: Component) -> bool:
        """Write one event, or find that it cannot be taken over."""
        calendar = await self.known_calendar(ctx, taken.calendar_id)
        usual = zone_of(calendar.default_time_zone) or ZoneInfo("Etc/UTC")
        try:
            fields = event_of(component, usual, ctx.now - EVENTS_KEPT)
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
                event = await self.calendar_event.rewrite(ctx, known, {**_EMPTY, **fields})
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

    async def _step(self, ctx: Context, action: Callable[[Context], Awaitable[T]]) -> T:
        """Carry something out in a transaction of its own."""
        incoming = Incoming(principal=ctx.principal, trace=ctx.trace)
        return await self.runtime.executor.run(_STEP, incoming, action)


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
