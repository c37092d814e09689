"""Digests: one mail of what was collected for a person, in the morning of their own time zone."""

from __future__ import annotations

from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from . import memory, wording
from .base import Wanted
from .catalogue import ROUTES
from .entries import Entries
from .generated import port
from .world import APP

_MORNING = 8
_WINDOW = timedelta(days=7)
_LINES = 60
_LENGTH = 7800

_PEOPLE = 1000


class Digests(Entries):
    """Baskets are emptied into a mail; an empty one makes none."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=memory.BASKETS.name)
        runtime.work.every(3600.0, "plan-digests", self.plan_digests, due)

    async def plan_digests(self, ctx: Context) -> None:
        """Put a message into the queue for each person with a basket whose morning has come."""
        people = {each.user_id: None async for each in self.baskets.each(ctx)}
        for user_id in list(people)[:_PEOPLE]:
            copy = await self.preferences.find(ctx, userId=user_id)
            place = _zone(copy.time_zone if copy else None)
            if ctx.now.astimezone(place).hour != _MORNING:
                continue
            end = ctx.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            body = {"userId": user_id, "windowFrom": end - _WINDOW, "windowTo": end}
            await self.runtime.queues.send(
                ctx, "notify.email.digest", "send-digest", {"body": body}, key=user_id
            )

    async def send_digest(self, ctx: Context, request: port.SendDigest) -> None:
        """Order one mail of all that waits in a person's window, and empty the basket of it.

        The window is the mail's identity: a second delivery of the message makes no second mail.
        """
        body = request.body
        items = [
            each
            async for each in self.baskets.each(
                ctx, {"happenedAt": body.window_to}, userId=body.user_id
            )
            if each.happened_at >= body.window_from
        ]
        if not items:
            return
        lines, left = [], _LENGTH
        for each in items[:_LINES]:
            line = await self._line(ctx, each)
            left -= len(line) + 1
            if line and left >= 0:
                lines.append(line)
        for each in items:
            await self.baskets.remove(ctx, each)
        if not lines:
            return
        if len(items) > len(lines):
            lines.append(f"+ {len(items) - len(lines)}")
        window = f"{body.user_id}/{body.window_from.isoformat()}/{body.window_to.isoformat()}"
        wanted = Wanted(
            source=uuid5(NAMESPACE_URL, f"digest:{window}"),
            route=ROUTES["digest"],
            variables={"lines": "\n".join(lines), "appLink": APP},
            user=body.user_id,
        )
        await self.order(ctx, wanted)

    async def _line(self, ctx: Context, item: memory.BasketItem) -> str:
        """An item in words; nothing where these were retired or it has become old."""
        if item.expires_at <= ctx.now:
            return ""
        words = await self.words(ctx, item.template_key, "email", "en")
        if words is None:
            return ""
        filled = wording.fill(words.plain_body, wording.stripped(item.variables))
        return " ".join(filled.split())


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
