"""Copies of what people wish, and what is left of them once they are gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from . import memory
from .base import ORDERS
from .digests import Digests
from .generated import models, port

_STEPS_KEPT = timedelta(days=90)
_NOBODY = "erased@mail.cloudsync.example"
_OPEN = frozenset({"queued", "rendered"})


class People(Digests):
    """Preferences, erasure, and what goes by itself."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        kept = _STEPS_KEPT.total_seconds()
        due = Due(aggregate=memory.STEPS.name, since="createdAt", after=kept)
        runtime.work.every(86400.0, "forget-steps", self.forget_steps, due)

    async def on_preferences_changed(
        self, ctx: Context, event: Received[models.PreferencesChanged]
    ) -> None:
        """Renew the copy."""
        await self.copy_email_preferences(ctx, port.CopyEmailPreferences(body=event.data))

    async def copy_email_preferences(
        self, ctx: Context, request: port.CopyEmailPreferences
    ) -> None:
        """Read the preferences anew, since the event does not carry them.

        Where profile-service does not answer the old copy goes, and the next mail asks again.
        """
        user_id = request.body.user_id
        fields = await self.asked(user_id)
        found = await self.preferences.find(ctx, userId=user_id)
        if found is not None and fields is not None:
            await self.preferences.rewrite(ctx, found, fields)
        elif found is not None:
            await self.preferences.remove(ctx, found)
        elif fields is not None:
            await self.preferences.insert(ctx, fields)
        self.runtime.work.wake(ctx, ORDERS)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Erase the person."""
        await self.erase_mail_traces(ctx, port.EraseMailTraces(body=event.data))

    async def erase_mail_traces(self, ctx: Context, request: port.EraseMailTraces) -> None:
        """Destroy copy, basket, orders, steps, address and variables of a person, and report it.

        A second request is reported, too, with nothing left to erase. Digests that bar an address
        stay: they say nothing of whose it was, and somebody asked for them.
        """
        user_id = request.body.user_id
        erased = 0
        for kept in (
            self.preferences,
            self.baskets,
            self.contacts,
            self.followers,
        ):
            erased += await self._all_gone(ctx, kept, userId=user_id)
        for mails in (self.orders, self.steps):
            erased += await self._all_gone(ctx, mails, recipientUserId=user_id)
        mails_of = [each async for each in self.email_message.each(ctx, recipientUserId=user_id)]
        for mail in mails_of:
            if str(mail.status) in _OPEN:
                failure = {"failure": models.DeliveryFailure.expired}
                mail = await self.email_message.transition(ctx, "fail-email", mail.id, failure)
            left: dict[str, Any] = {
                "toAddress": _NOBODY,
                "variables": {},
                "recipientUserId": None,
                "subjectLine": None,
                "replyTo": None,
                "attachments": [],
            }
            await self.email_message.rewrite(ctx, mail, left)
            erased += 1
        fields = {
            "userId": user_id,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "email",
            "erasedItems": erased,
        }
        await self.email_message.announce(ctx, "email-erasure-completed", {"id": user_id, **fields})

    async def _all_gone(self, ctx: Context, kept: Aggregate[Any], **where: Any) -> int:
        """Remove what has these values; how many that were."""
        found = [each async for each in kept.each(ctx, **where)]
        for each in found:
            await kept.remove(ctx, each)
        return len(found)

    async def forget_steps(self, ctx: Context) -> None:
        """Drop steps of more than 90 days, some thousand a round."""
        due = {"createdAt": ctx.now - _STEPS_KEPT}
        number = 0
        async for each in self.steps.each(ctx, due):
            await self.steps.remove(ctx, each)
            number += 1
            if number == 5000:
                return
