"""Verifying: a stretch is hashed again, record by record, and held against its seals."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import not_valid
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import chain, memory
from .asking import Asking
from .base import LAST_ID, bounds
from .generated import models, port, problems
from .links import Fault, Step, first_fault, steps_of
from .sealing import SETTLED

_LONGEST = timedelta(days=31)


@dataclass(slots=True)
class Tally:
    """What was looked at so far, and the first thing that is wrong."""

    records: int = 0
    seals: int = 0
    fault: Fault | None = None


class Verifying(Asking):
    """Answers whether the chain holds."""

    async def verify_chain(self, ctx: Context, request: port.VerifyChain) -> models.ChainCheck:
        """See `Port.verify_chain`."""
        first, last = request.body.from_day, request.body.to_day
        if last < first:
            raise not_valid("before the first day", pointer="/toDay")
        if last - first > _LONGEST:
            raise not_valid("at most 31 days", pointer="/toDay")
        with self.asking((last - first).days + 1):
            await self.obey(ctx, ctx.tenant)
        days = await self._days(ctx, request)
        for day in days:
            over = [e for e in day.hours if bounds(day.day, e.hour)[1] + SETTLED <= ctx.now]
            if not all(each.sealed for each in over):
                raise problems.SEAL_MISSING("an hour of the stretch is not sealed yet")
        tally = Tally()
        follows: str | None = None
        for day in days:
            await self._check_day(ctx, day, follows, tally)
            if tally.fault is not None:
                break
            follows = day.hash
        fault = tally.fault
        told = {"fromDay": first, "toDay": last, "intact": fault is None}

        async def after(inside: Context) -> None:
            await self.note(self.asker(ctx, inside), ctx.tenant, told=told)
            if fault is not None:
                await self.report(inside, fault)

        await self.apart(ctx, after)
        return models.ChainCheck(
            intact=fault is None,
            records_checked=tally.records,
            seals_checked=tally.seals,
            broken_at=fault.sequence if fault else None,
        )

    async def _days(self, ctx: Context, request: port.VerifyChain) -> Sequence[memory.Day]:
        """The days of the stretch on which anything happened."""
        before = request.body.from_day - timedelta(days=1)
        after = Position("day", before.isoformat(), LAST_ID)
        query = ListQuery(PageRequest(limit=_LONGEST.days + 1, sort="day", after=after))
        found = (await self.days.repository.select(ctx, query)).items
        return [each for each in found if each.day <= request.body.to_day]

    async def _check_day(
        self, ctx: Context, day: memory.Day, follows: str | None, tally: Tally
    ) -> None:
        seals = {each.hour: each async for each in self.audit_seal.each(ctx, day=day.day)}
        steps = await self._steps(ctx, day)
        previous, number = day.previous_hash, 0
        if follows is not None and follows != previous:
            tally.fault = Fault(1, follows, previous)
        for hour in day.hours:
            if tally.fault is None and (hour.first, hour.previous) != (number + 1, previous):
                tally.fault = Fault(number + 1, previous, hour.previous)
            if tally.fault is not None:
                return
            links = [each for each in steps if hour.first <= each.sequence <= hour.last]
            if not hour.gone:
                tally.fault = first_fault(hour, links)
                tally.records += sum(each.record is not None for each in links)
            if tally.fault is None and hour.sealed:
                tally.fault = await self._seal_fault(ctx, day, hour, seals.get(hour.hour), links)
                tally.seals += 1
            previous, number = _end_of(day, hour), hour.last
        stray = next((each for each in steps if each.sequence > number), None)
        if tally.fault is None and stray is not None:
            tally.fault = Fault(stray.sequence, chain.FIRST, stray.hash)
        if tally.fault is None and (previous, number) != (day.hash, day.sequence):
            tally.fault = Fault(number + 1, day.hash, previous)

    async def _steps(self, ctx: Context, day: memory.Day) -> Sequence[Step]:
        """What is left of the day's links, by their numbers."""
        records = await self.whole(ctx, day.day, await self.records_of(ctx, day.day))
        found = steps_of(records)
        async for link in self.links.each(ctx, day=day.day):
            found.append(Step(link.sequence, link.previous_hash, link.hash))
        return sorted(found, key=lambda each: each.sequence)

    async def _seal_fault(
        self,
        ctx: Context,
        day: memory.Day,
        hour: memory.Hour,
        seal: models.AuditSeal | None,
        links: Sequence[Step],
    ) -> Fault | None:
        """Where the seal of an hour is not what was signed, or does not fit the links."""
        count = hour.last - hour.first + 1
        if seal is None:
            return Fault(hour.first, chain.FIRST, chain.FIRST)
        root = seal.merkle_root if hour.gone else chain.root([each.hash for each in links])
        told = chain.statement(day.day.isoformat(), hour.hour, root, count, str(ctx.tenant))
        signature = base64.b64decode(seal.signature)
        if await self.seal_keys.verify(told, signature, seal.key_version):
            return None
        return Fault(hour.first, seal.merkle_root, root)


def _end_of(day: memory.Day, hour: memory.Hour) -> str:
    """The hash of the last record of an hour, as the next hour or the day's head remembers it."""
    later = [each.previous for each in day.hours if each.first == hour.last + 1]
    return later[0] if later else day.hash
