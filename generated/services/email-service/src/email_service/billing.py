"""Mails about money: to whoever pays, and to whoever placed an order that came to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.runtime import Runtime

from . import memory
from .base import Wanted
from .catalogue import ROUTES
from .facts import Facts, fact_of, name_of, when
from .generated import models, port
from .world import APP

_LINK = {"billingLink": f"{APP}/settings/billing"}
_WAIT = timedelta(minutes=10)
_WHOLE = frozenset({"jpy"})
"""Currencies without a smaller unit (ISO 4217)."""

log = logger("billing")


def money(minor: int, currency: str) -> str:
    """An amount of minor units in words: `12.50 EUR`."""
    if currency.lower() in _WHOLE:
        return f"{minor} {currency.upper()}"
    sign, units = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{units // 100}.{units % 100:02} {currency.upper()}"


class Billing(Facts):
    """Billing contacts are those who placed the organisation's orders."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=memory.ORDER_NOTICES.name, where={"told": False}, since="sendAt")
        runtime.work.every(30.0, "tell-of-cancelled-orders", self.tell_overdue, due)

    async def mail_billing_contacts(self, ctx: Context, request: port.MailBillingContacts) -> None:
        """Order mails on the present event for whoever pays."""
        del request
        event = fact_of(ctx)
        variables = _TOLD[name_of(event)](event.data)
        people = await self.contacts_of(ctx, "billing")
        if not people:
            log.warning("no_billing_contact", event_type=event.type)
        await self.tell(ctx, people, {**_LINK, **variables})

    async def _pay(self, ctx: Context) -> None:
        await self.mail_billing_contacts(ctx, port.MailBillingContacts())

    async def on_subscription_ordered(
        self, ctx: Context, event: Received[models.SubscriptionOrdered]
    ) -> None:
        """Confirm the order; who placed it is a billing contact from now on."""
        await self.note_contact(ctx, event.data.placed_by, "billing")
        await self._pay(ctx)

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        """Say that the seats can be used."""
        if not event.data.trial:
            await self.note_tenant(ctx, {"paying": True})
        await self._pay(ctx)

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """State before, after and what it costs."""
        del event
        await self._pay(ctx)

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """State the last day."""
        del event
        await self._pay(ctx)

    async def on_invoice_issued(self, ctx: Context, event: Received[models.InvoiceIssued]) -> None:
        """The invoice, as a link to its document."""
        del event
        await self._pay(ctx)

    async def on_invoice_paid(self, ctx: Context, event: Received[models.InvoicePaid]) -> None:
        """Thanks."""
        del event
        await self._pay(ctx)

    async def on_invoice_overdue(
        self, ctx: Context, event: Received[models.InvoiceOverdue]
    ) -> None:
        """A reminder of the dunning plan; an invoice without a number is a draft and reminds nobody."""
        if event.data.invoice_number is not None:
            await self._pay(ctx)

    async def on_payment_failed(self, ctx: Context, event: Received[models.PaymentFailed]) -> None:
        """What was refused on an invoice; an order's failure is told with its cancellation."""
        if event.data.invoice_id is not None:
            await self._pay(ctx)

    async def on_revenue_recorded(
        self, ctx: Context, event: Received[models.RevenueRecorded]
    ) -> None:
        """The receipt of a payment."""
        await self.send_notification(ctx, port.SendNotification(body=event.data))

    async def send_notification(self, ctx: Context, request: port.SendNotification) -> None:
        """Mail the receipt, once for a payment; money that went back is told as a refund."""
        body = request.body
        if body.amount_minor <= 0:
            return
        variables = {**_LINK, "total": money(body.amount_minor, body.currency)}
        for each in await self.contacts_of(ctx, "billing"):
            wanted = Wanted(
                source=body.payment_id,
                route=ROUTES["revenue-recorded"],
                variables=variables,
                user=each,
            )
            await self.order(ctx, wanted)

    async def on_order_cancelled(
        self, ctx: Context, event: Received[models.OrderCancelled]
    ) -> None:
        """An order came to nothing."""
        await self.open_order_notice(ctx, port.OpenOrderNotice(body=event.data))

    async def open_order_notice(self, ctx: Context, request: port.OpenOrderNotice) -> None:
        """Note whom to tell and why; the mail leaves once there is word of the money, or ten minutes
        later.
        """
        body = request.body
        await self.note_contact(ctx, body.notify_user_id, "billing")
        notice = await self._notice(ctx, body.order_id)
        fields = {
            "notifyUserId": body.notify_user_id,
            "reason": str(body.reason),
            "captured": len(body.captured_payment_ids),
        }
        notice = await self.notices.rewrite(ctx, notice, fields)
        await self._tell(ctx, notice, late=notice.send_at <= ctx.now)

    async def notify_customer(self, ctx: Context, request: port.NotifyCustomer) -> None:
        """Tell the customer now, with what is known of the money."""
        await self.open_order_notice(ctx, port.OpenOrderNotice(body=request.body))
        await self._tell(ctx, await self._notice(ctx, request.body.order_id), late=True)

    async def on_refund_skipped(self, ctx: Context, event: Received[models.RefundSkipped]) -> None:
        """Nothing was charged."""
        notice = await self._notice(ctx, event.data.order_id)
        notice = await self.notices.rewrite(ctx, notice, {"nothingCharged": True})
        await self._tell(ctx, notice)

    async def on_payment_refunded(
        self, ctx: Context, event: Received[models.PaymentRefunded]
    ) -> None:
        """Of a cancelled order the amount goes into its mail; any other refund is told by itself."""
        data = event.data
        if data.order_id is None or data.reason != models.RefundReason.order_cancelled:
            await self._pay(ctx)
            return
        notice = await self._notice(ctx, data.order_id)
        if data.refund_id in notice.refund_ids:
            return
        fields = {
            "refundIds": [*notice.refund_ids, data.refund_id],
            "amountMinor": notice.amount_minor + data.amount_minor,
            "currency": str(data.currency),
        }
        await self._tell(ctx, await self.notices.rewrite(ctx, notice, fields))

    async def _notice(self, ctx: Context, order_id: UUID) -> memory.OrderNotice:
        found = await self.notices.find(ctx, orderId=order_id)
        if found is not None:
            return found
        fields = {"orderId": order_id, "refundIds": [], "sendAt": ctx.now + _WAIT}
        return await self.notices.insert(ctx, fields)

    async def _tell(self, ctx: Context, notice: memory.OrderNotice, late: bool = False) -> None:
        """Send the mail, if all is known that it says or no more word is waited for."""
        refunded = notice.refund_ids and len(notice.refund_ids) >= notice.captured
        settled = notice.nothing_charged or refunded or late
        if notice.told or notice.notify_user_id is None or not settled:
            return
        if notice.amount_minor and notice.currency:
            sum_ = money(notice.amount_minor, notice.currency)
            told = f"{sum_} go back to where they came from."
        elif notice.nothing_charged:
            told = "Nothing was charged."
        else:
            told = "Whatever was charged goes back."
        variables = {**_LINK, "reason": notice.reason or "", "money": told}
        wanted = Wanted(
            source=notice.order_id,
            route=ROUTES["order-cancelled"],
            variables=variables,
            user=notice.notify_user_id,
        )
        await self.order(ctx, wanted)
        await self.notices.rewrite(ctx, notice, {"told": True})

    async def tell_overdue(self, ctx: Context) -> None:
        """Send, without an amount, what got no word of the money for ten minutes."""
        due = {"sendAt": ctx.now}
        for each in [one async for one in self.notices.each(ctx, due, told=False)][:200]:
            await self._tell(ctx, each, late=True)


Data = Mapping[str, Any]


def _ordered(data: Data) -> dict[str, str]:
    return {
        "seats": str(data["seatQuantity"]),
        "plan": str(data["planCode"]),
        "total": money(int(data["totalMinor"]), str(data["currency"])),
    }


def _activated(data: Data) -> dict[str, str]:
    return {
        "seats": str(data["seatQuantity"]),
        "plan": str(data["planCode"]),
        "periodEnd": when(_moment(data["periodEnd"])),
    }


def _changed(data: Data) -> dict[str, str]:
    names = ("planCode", "seatQuantity", "status")
    before = [str(data.get("from" + name[0].upper() + name[1:], data[name])) for name in names]
    cost = data.get("prorationMinor")
    return {
        "change": str(data["lastChange"]),
        "before": ", ".join(before),
        "after": ", ".join(str(data[name]) for name in names),
        "cost": "none" if not cost else f"{int(cost) / 100:.2f}",
    }


def _ended(data: Data) -> dict[str, str]:
    return {"plan": str(data["planCode"]), "endedAt": when(_moment(data["endedAt"]))}


def _refunded(data: Data) -> dict[str, str]:
    total = money(int(data["amountMinor"]), str(data["currency"]))
    return {"total": total, "reason": str(data["reason"])}


def _failed(data: Data) -> dict[str, str]:
    return {"invoice": str(data["invoiceId"]), "reason": str(data["declineCode"])}


def _invoice(data: Data, amount: str) -> dict[str, str]:
    return {
        "invoice": str(data["invoiceNumber"]),
        "total": money(int(data[amount]), str(data["currency"])),
        "documentLink": f"{APP}/invoices/{data['invoiceId']}/document",
    }


def _issued(data: Data) -> dict[str, str]:
    automatic = data["collectionMode"] == "automatic"
    how = "It is charged to your payment method." if automatic else "Please pay by transfer."
    return {**_invoice(data, "amountDueMinor"), "dueOn": str(data["dueOn"]), "collection": how}


def _overdue(data: Data) -> dict[str, str]:
    return {
        **_invoice(data, "amountDueMinor"),
        "dueOn": str(data.get("dueOn", "")),
        "level": str(data["dunningLevel"]),
    }


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(str(value))


_TOLD = {
    "subscription-ordered": _ordered,
    "subscription-activated": _activated,
    "subscription-changed": _changed,
    "subscription-cancelled": _ended,
    "payment-refunded": _refunded,
    "payment-failed": _failed,
    "invoice-issued": _issued,
    "invoice-paid": lambda data: _invoice(data, "paidMinor"),
    "invoice-overdue": _overdue,
}
