"""Facts of other services that are told by text: failed sign-ins, invoices, meetings."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from cloudsync_chassis import daily
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime

from . import memory
from .base import Wishes
from .countries import Countries
from .generated import models, port

ORDERS = "order-texts"
_MANY = 200
_FIFTH = 5
_TEN_MINUTES = timedelta(minutes=10)
_SECOND_REMINDER = 2
_WHOLE = frozenset({"jpy"})

log = logger("alerts")


class Alerts(Countries):
    """An order waits until the recipient's number is known; only codes carry it themselves."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=memory.ORDERS.name, since="dueAt")
        runtime.work.every(1.0, ORDERS, self.order_texts, due)

    async def order(self, ctx: Context, user_id: UUID, source: UUID, **fields: Any) -> None:
        """See that a text is sent to a person on a fact, unless it was ordered before."""
        same = {
            "userId": user_id,
            "sourceEventId": source,
            "templateKey": fields.pop("templateKey"),
        }
        wanted = {"dueAt": ctx.now, "expiresAt": ctx.now + timedelta(hours=12), **fields}
        found = await self.orders.find(ctx, **same)
        if found is None:
            await self.orders.insert(ctx, {**same, **wanted})
        else:
            await self.orders.rewrite(ctx, found, wanted)
        self.runtime.work.wake(ctx, ORDERS)

    async def on_login_failed(self, ctx: Context, event: Received[models.LoginFailed]) -> None:
        """A failed sign-in."""
        await self.text_security_alert(ctx, port.TextSecurityAlert(body=event.data))

    async def text_security_alert(self, ctx: Context, request: port.TextSecurityAlert) -> None:
        """Tell the fifth failure within ten minutes, and none but the fifth."""
        body = request.body
        number = await self.counted(ctx, f"failed:{body.identifier_hash}", _TEN_MINUTES)
        if number != _FIFTH or body.user_id is None:
            return
        warning = f"five sign-ins failed, the last from {body.country_code}"
        await self.order(
            ctx,
            body.user_id,
            body.session_id,
            templateKey="security-alert",
            purpose=str(models.SmsPurpose.security_alert),
            topic="security",
            variables={"warning": warning},
        )

    async def on_invoice_overdue(
        self, ctx: Context, event: Received[models.InvoiceOverdue]
    ) -> None:
        """A reminder of an invoice."""
        await self.text_billing_alert(ctx, port.TextBillingAlert(body=event.data))

    async def text_billing_alert(self, ctx: Context, request: port.TextBillingAlert) -> None:
        """Tell the billing contacts of the second reminder, once an invoice."""
        body = request.body
        if body.dunning_level != _SECOND_REMINDER:
            return
        minor, currency = body.amount_due_minor, str(body.currency)
        whole = currency in _WHOLE
        total = f"{minor}" if whole else f"{minor // 100}.{minor % 100:02}"
        variables = {
            "invoice": body.invoice_number or str(body.invoice_id),
            "total": f"{total} {currency.upper()}",
        }
        for user_id in await self.world.contacts.of(ctx.tenant):
            await self.order(
                ctx,
                user_id,
                body.invoice_id,
                templateKey="billing-alert",
                purpose=str(models.SmsPurpose.billing_alert),
                topic="billing",
                variables=variables,
            )

    async def on_meeting_scheduled(
        self, ctx: Context, event: Received[models.MeetingScheduled]
    ) -> None:
        """A meeting was planned, or planned anew."""
        await self.plan_meeting_reminder(ctx, port.PlanMeetingReminder(body=event.data))

    async def plan_meeting_reminder(self, ctx: Context, request: port.PlanMeetingReminder) -> None:
        """Note the reminder of ten minutes before; whether its host wants it is asked then.

        A meeting that moves moves it along; one that has begun is reminded of no more.
        """
        body = request.body
        if body.scheduled_start <= ctx.now:
            return
        await self.order(
            ctx,
            body.host_id,
            body.meeting_id,
            templateKey="meeting-reminder",
            purpose=str(models.SmsPurpose.meeting_reminder),
            topic="meetingReminder",
            variables={
                "title": "Your meeting",
                "starts": f"{body.scheduled_start:%H:%M} UTC",
            },
            dueAt=body.scheduled_start - _TEN_MINUTES,
            expiresAt=body.scheduled_start,
        )

    async def order_texts(self, ctx: Context) -> None:
        """Make texts of what is due; each order in a transaction of its own."""
        tenant = ctx.tenant

        async def due(inside: Context) -> list[memory.TextOrder]:
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

    async def _carry_out(self, tenant: UUID, order: memory.TextOrder) -> None:
        wishes = await self.wishes_of(tenant, order.user_id)
        if not self._wanted(order, wishes):
            again = self._again if not wishes.known else self._drop
            await self.run(tenant, partial(again, order))
            return
        number = await self._number(order.user_id)
        if number is None:
            await self.run(tenant, partial(self._again, order))
        elif number:
            await self.run(tenant, partial(self._text, order, number, wishes))
        else:
            await self.run(tenant, partial(self._drop, order))

    def _wanted(self, order: memory.TextOrder, wishes: Wishes) -> bool:
        """Warnings always are; all else only where the person asked for texts."""
        return order.topic == "security" or order.topic in wishes.wanted

    async def _number(self, user_id: UUID) -> str | None:
        """The person's number, empty if there is none; None while nobody answers."""
        try:
            user = await self.clients.user.client.get_user(user_id=user_id)
        except RefusedError as error:
            return "" if error.status in (404, 410) else None
        except CallError as error:
            log.warning("number_unread", error=error)
            return None
        return user.recovery_phone or ""

    async def _text(
        self, order: memory.TextOrder, number: str, wishes: Wishes, ctx: Context
    ) -> None:
        found = await self.orders.find(ctx, id=order.id)
        if found is None or found.version != order.version:
            return
        left = (order.expires_at - ctx.now).total_seconds()
        until = self._quiet_until(ctx.now, order, wishes)
        if until is not None and until < order.expires_at:
            await self.orders.rewrite(ctx, found, {"dueAt": until})
            return
        await self.orders.remove(ctx, found)
        if left < 60 or until is not None:
            return
        body = {
            "purpose": order.purpose,
            "phoneNumber": number,
            "templateKey": order.template_key,
            "variables": order.variables,
            "validitySeconds": int(min(left, 86_400)),
        }
        request = models.SendSmsRequest.model_validate(body, strict=False)
        try:
            await self.accept(ctx, request, order.user_id)
        except Problem as problem:
            log.error("alert_not_sent", template_key=order.template_key, error=problem)

    def _quiet_until(
        self, now: datetime, order: memory.TextOrder, wishes: Wishes
    ) -> datetime | None:
        if wishes.quiet is None or order.topic == "security":
            return None
        return daily.ends(now, *wishes.quiet)

    async def _again(self, order: memory.TextOrder, ctx: Context) -> None:
        """Try an order later, with pauses that double up to an hour, until it has expired."""
        found = await self.orders.find(ctx, id=order.id)
        if found is None:
            return
        if found.expires_at <= ctx.now:
            await self.orders.remove(ctx, found)
            return
        pause = timedelta(seconds=min(30 * 2 ** min(found.tries, 7), 3600))
        fields = {"dueAt": ctx.now + pause, "tries": found.tries + 1}
        await self.orders.rewrite(ctx, found, fields)

    async def _drop(self, order: memory.TextOrder, ctx: Context) -> None:
        found = await self.orders.find(ctx, id=order.id)
        if found is not None:
            await self.orders.remove(ctx, found)
