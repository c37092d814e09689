"""From an order to a mail: who the recipient is, what they wish, and when it may arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from cloudsync_chassis import daily
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.runtime import Runtime

from . import memory
from .base import ORDERS, SEND, Base, Wishes
from .catalogue import MANDATORY
from .generated import models, port

_MANY = 200
_DEFAULT_SENDER = "notifications"

log = logger("mail")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to. `gone`: there is no such account, and never will be again."""

    address: str = ""
    locale: str = "en"
    name: str = ""
    gone: bool = False


class Ordering(Base):
    """Turns orders into queued mails; what cannot be looked up now waits and loses nothing."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=memory.MAIL_ORDERS.name, since="dueAt")
        runtime.work.every(1.0, ORDERS, self.look_up_recipients, due)

    async def enqueue_email(self, ctx: Context, request: port.EnqueueEmail) -> None:
        """A mail as it was ordered; once for a fact, a key and an address.

        The digest of the address is our own, whatever the sender says: suppressions go by it.
        """
        body = request.body
        await self.queue(ctx, body.model_dump(by_alias=True, exclude_none=True))

    async def queue(self, ctx: Context, fields: Mapping[str, Any]) -> models.EmailMessage | None:
        """A queued mail of these fields; None where the same is there already."""
        address = _lower_host(str(fields["toAddress"]))
        named = {**fields, "toAddress": address, "addressHash": self.digest_of(address)}
        same = {name: named[name] for name in ("sourceEventId", "notificationKey", "addressHash")}
        if await self.email_message.find(ctx, **same) is not None:
            return None
        sender = await self._sender(ctx, str(named["category"]))
        made = await self.email_message.create(
            ctx, "enqueue-email", {**named, "fromIdentity": sender} if sender else named
        )
        await self.step(ctx, made)
        self.runtime.work.wake(ctx, SEND)
        return made

    async def _sender(self, ctx: Context, category: str) -> str | None:
        """The organisation's own sender, where its domain is verified; never for warnings."""
        if category in ("security", "billing"):
            return None
        async for each in self.sender_domain.each(ctx, spfState="valid", dkimState="valid"):
            if each.verified_at is not None:
                return f"{_DEFAULT_SENDER}@{each.domain_name.lower()}"
        return None

    async def look_up_recipients(self, ctx: Context) -> None:
        """Make mails of what was ordered, so many a round; each in a transaction of its own."""
        tenant = ctx.tenant

        async def due(inside: Context) -> list[memory.MailOrder]:
            found = []
            async for each in self.orders.each(inside, {"dueAt": inside.now}):
                found.append(each)
                if len(found) == _MANY:
                    break
            return found

        for order in await self.run(tenant, due):
            try:
                await self._carry_out(tenant, order)
            except Exception as error:
                # one order that nobody can carry out stops no other
                log.error("order_failed", order_id=str(order.id), error=error)
                await self.run(tenant, partial(self._again, order))

    async def _again(self, order: memory.MailOrder, ctx: Context) -> None:
        found = await self.orders.find(ctx, id=order.id)
        if found is not None and found.expires_at <= ctx.now:
            await self.orders.remove(ctx, found)
        elif found is not None:
            await self.put_off(ctx, found)

    async def _carry_out(self, tenant: UUID, order: memory.MailOrder) -> None:
        recipient, wishes = await self._recipient(order), Wishes()
        if recipient is not None and order.recipient_user_id and not recipient.gone:
            wishes = await self.wishes_of(tenant, order.recipient_user_id)

        async def write(ctx: Context) -> None:
            found = await self.orders.find(ctx, id=order.id)
            if found is None or found.version != order.version:
                return
            if ctx.now >= order.expires_at or (recipient is not None and recipient.gone):
                log.info("mail_not_made", notification_key=order.notification_key)
                await self.orders.remove(ctx, found)
            elif recipient is None or not (wishes.known or order.category in MANDATORY):
                await self.put_off(ctx, found)
            elif await self._made(ctx, order, recipient, wishes):
                await self.orders.remove(ctx, found)
            else:
                await self.put_off(ctx, found)

        await self.run(tenant, write)

    async def _recipient(self, order: memory.MailOrder) -> Recipient | None:
        """Whom it goes to; None while user-service does not answer."""
        if order.to_address is not None:
            return Recipient(order.to_address, order.locale or "en")
        if order.recipient_user_id is None:
            return Recipient(gone=True)
        try:
            user = await self.clients.user.client.get_user(user_id=order.recipient_user_id)
        except RefusedError as error:
            return Recipient(gone=True) if error.status in (404, 410) else None
        except CallError as error:
            log.warning("recipient_unread", error=error)
            return None
        return Recipient(user.primary_email, order.locale or user.locale, user.display_name)

    async def _made(
        self, ctx: Context, order: memory.MailOrder, recipient: Recipient, wishes: Wishes
    ) -> bool:
        """Queue the mail, suppressed at once where it is not wanted, or lay it into the basket of
        who never asked for it at once; False where no words count.
        """
        says = wishes.says(order.topic, order.category)
        if order.line and not says:
            if says is None and order.recipient_user_id is not None:
                await self._collected(ctx, order, order.recipient_user_id)
            return True
        words = await self.words(ctx, order.template_key, "email", recipient.locale)
        if words is None:
            return False
        fields: dict[str, Any] = {
            "notificationKey": order.notification_key,
            "category": order.category,
            "sourceEventId": order.source_event_id,
            "recipientUserId": order.recipient_user_id,
            "toAddress": recipient.address,
            "templateKey": order.template_key,
            "templateVersion": words.revision,
            "locale": recipient.locale,
            "variables": {**order.variables, "name": recipient.name or "there"},
            "expiresAt": min(order.expires_at, ctx.now + timedelta(days=7)),
            "notBefore": self.not_before(ctx.now, order.category, order.expires_at, wishes),
        }
        made = await self.queue(
            ctx, {name: each for name, each in fields.items() if each is not None}
        )
        if made is not None and not wishes.allows(order.topic, order.category):
            await self.suppress(ctx, made, models.SuppressionReason.preference)
        return True

    async def _collected(self, ctx: Context, order: memory.MailOrder, user_id: UUID) -> None:
        same = {"userId": user_id, "sourceEventId": order.source_event_id}
        if await self.baskets.find(ctx, **same) is None:
            fields = {
                **same,
                "templateKey": order.line,
                "variables": order.variables,
                "happenedAt": order.created_at,
                "expiresAt": order.expires_at,
            }
            await self.baskets.insert(ctx, fields)

    def not_before(
        self, now: datetime, category: str, expires: datetime, wishes: Wishes
    ) -> datetime | None:
        """When the recipient's quiet hours are over; warnings wait for nobody, nor does what would
        not be worth reading any more.
        """
        if wishes.quiet is None or category == "security":
            return None
        until = daily.ends(now, *wishes.quiet)
        return until if until is not None and until < expires else None

    async def suppress(
        self, ctx: Context, mail: models.EmailMessage, reason: models.SuppressionReason
    ) -> None:
        """End a queued mail that shall not be sent."""
        ended = await self.email_message.transition(
            ctx, "suppress-email", mail.id, {"suppressionReason": reason}
        )
        await self.step(ctx, ended)
        self.metrics.email_suppressed_total(cause=str(reason))


def _lower_host(address: str) -> str:
    """The address with its host in lower case; what stands before it is the host's affair."""
    name, _, host = address.rpartition("@")
    return f"{name}@{host.lower()}"
