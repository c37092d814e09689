"""Issuing: numbers, receipts, documents, payments and reminders."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.runtime import Runtime

from .documents import key_of, pdf, xml, xml_key
from .drafts import Drafts
from .generated import models, port, problems
from .numbers_drawn import invoice_number
from .profiles import itself
from .sums import adds_up, digest, line, net, portion, worked_out

_STATES = models.InvoiceStatus
_UNPAID = (_STATES.issued, _STATES.overdue, _STATES.disputed)
_IN_FORCE = (*_UNPAID, _STATES.paid, _STATES.uncollectible)
_BY_ITSELF = (models.InvoiceOrigin.period, models.InvoiceOrigin.final)
_RENDER = "render-documents"
_HOUR = 3600.0
_OLDEST = timedelta(days=7)
_REST = timedelta(hours=24)
_CHANNELS = models.DunningChannel
_BY_LEVEL = {
    1: _CHANNELS.email,
    2: _CHANNELS.in_app,
    3: _CHANNELS.account_manager,
    4: _CHANNELS.account_manager,
}

log = logger("issuing")


class Issuing(Drafts):
    """From the number to the last reminder."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        rested = Due(
            aggregate="invoice",
            where={
                "status": _STATES.draft.value,
                "origin": tuple(each.value for each in _BY_ITSELF),
            },
            since="updatedAt",
            after=_REST.total_seconds(),
        )
        unpaid = Due(aggregate="invoice", where={"status": _STATES.issued.value})
        bare = Due(
            aggregate="invoice",
            where={"status": tuple(each.value for each in _IN_FORCE), "documentKey": None},
        )
        runtime.work.every(_HOUR, "issue-drafts", self.issue_due, rested)
        runtime.work.every(_HOUR, "mark-overdue", self.mark_due, unpaid)
        runtime.work.every(300.0, _RENDER, self.render_due, bare)

    async def issue_invoice(self, ctx: Context, request: port.IssueInvoice) -> models.Invoice:
        """Number and freeze a draft; one that is issued already is answered as it is.

        Raises:
            Problem: what the contract declares, `rule-broken`, `illegal-transition`.
        """
        draft = await self.invoice.get(ctx, request.invoice_id)
        if draft.status not in (_STATES.draft, _STATES.void):
            return draft
        if draft.drafted_by is not None and str(draft.drafted_by) == ctx.principal.subject:
            raise problems.SELF_ISSUE("who drafted it cannot issue it")
        if draft.status is _STATES.draft:
            return await self._issued(ctx, draft, request.body.issue_on)
        return await self.invoice.transition(ctx, "issue-invoice", draft.id)

    async def _issued(self, ctx: Context, draft: models.Invoice, day: date) -> models.Invoice:
        if not await self.flags.billing_invoice_issuing(ctx):
            raise problems.ISSUING_HALTED("a number range is being looked into")
        _check_day(day, ctx.now.date())
        billed, discount = net(draft.lines)
        if not adds_up(draft) or billed < discount or not draft.lines:
            raise problems.TOTALS_MISMATCH("lines and sums disagree")
        profile = await self.profile_of(ctx)
        exempt = profile.tax_standing is models.TaxStanding.exempt
        tax = await self.tax_on(draft.bill_to, draft.legal_entity, exempt)
        term = profile.payment_term_days
        if draft.collection_mode is not models.CollectionMode.send_invoice:
            term = 0
        sequence, number = await invoice_number(ctx, draft.legal_entity)
        fields: dict[str, Any] = {
            **worked_out(draft.lines, tax),
            "invoiceNumber": number,
            "sequence": sequence,
            "fiscalYear": ctx.now.year,
            "issuedOn": day,
            "dueOn": day + timedelta(days=term),
        }
        fields["contentHash"] = digest({**to_record(draft), **fields})
        periods = {each.usage_period_id for each in draft.lines if each.usage_period_id}
        if periods:
            fields["usagePeriodIds"] = sorted(periods)[:24]
        self.runtime.work.wake(ctx, _RENDER)
        return await self.invoice.transition(ctx, "issue-invoice", draft.id, fields)

    async def issue_receipt(self, ctx: Context, request: port.IssueReceipt) -> None:
        """The invoice of an order that is paid; one for each order."""
        paid = request.body
        if paid.order_id is None or paid.captured_minor == 0:
            return
        if await self.invoice.find(ctx, orderId=paid.order_id) is not None:
            return
        profile = await self.profile_of(ctx)
        tax = await self.tax_of(profile)
        before_tax = portion(paid.captured_minor, 10_000, 10_000 + tax.basis_points)
        day = (paid.captured_at or ctx.now).date()
        bought = line(models.LineKind.seats, f"Order {paid.order_id}", "1", before_tax)
        fields: dict[str, Any] = {
            **worked_out([bought], tax),
            "origin": models.InvoiceOrigin.order,
            "orderId": paid.order_id,
            "legalEntity": profile.legal_entity,
            "fiscalYear": ctx.now.year,
            "billTo": profile.party.model_dump(by_alias=True, exclude_none=True),
            "servicePeriodStart": day,
            "servicePeriodEnd": day + timedelta(days=1),
            "issuedOn": ctx.now.date(),
            "dueOn": ctx.now.date(),
            "currency": paid.currency,
            "taxMinor": paid.captured_minor - before_tax,
            "totalMinor": paid.captured_minor,
            "paidMinor": paid.captured_minor,
            "amountDueMinor": 0,
            "paymentIds": [paid.payment_id],
        }
        sequence, number = await invoice_number(ctx, profile.legal_entity)
        fields |= {"sequence": sequence, "invoiceNumber": number}
        fields["contentHash"] = digest(fields)
        told = {"stillOverdue": 0, "afterDunningLevel": 0}
        await self.invoice.create(ctx, "issue-receipt", {**fields, **told})
        self.runtime.work.wake(ctx, _RENDER)

    async def apply_payment(self, ctx: Context, request: port.ApplyPayment) -> None:
        """Lower what is due, once for each payment."""
        paid = request.body
        if paid.invoice_id is None:
            return
        invoice = await self.known(ctx, paid.invoice_id)
        if paid.payment_id in (invoice.payment_ids or ()) or invoice.status not in _UNPAID:
            return
        applied = min(paid.captured_minor, invoice.amount_due_minor)
        fields = {
            "paidMinor": invoice.paid_minor + applied,
            "amountDueMinor": invoice.amount_due_minor - applied,
            "paymentIds": [*(invoice.payment_ids or ()), paid.payment_id],
        }
        await self.lowered(ctx, "apply-payment", invoice, fields)

    async def known(self, ctx: Context, key: UUID) -> models.Invoice:
        """The invoice that an event speaks of.

        Raises:
            Problem: `not-found`.
        """
        found = await self.invoice.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND(f"an event speaks of the unknown invoice {key}")
        return found

    async def lowered(
        self, ctx: Context, command: str, invoice: models.Invoice, fields: dict[str, Any]
    ) -> models.Invoice:
        """What is due shrinks; at nought the invoice is paid, which is announced."""
        if fields["amountDueMinor"] > 0 or invoice.status not in _UNPAID:
            return await self.invoice.rewrite(ctx, invoice, fields)
        others = 0
        if invoice.subscription_id is not None:
            filters = {"subscriptionId": invoice.subscription_id, "status": _STATES.overdue}
            others = await self.invoice.count(ctx, **filters)
            others -= invoice.status is _STATES.overdue
        told = {"stillOverdue": others, "afterDunningLevel": invoice.dunning_level}
        return await self.invoice.transition(itself(ctx), command, invoice.id, {**fields, **told})

    async def note_failed_collection(
        self, ctx: Context, request: port.NoteFailedCollection
    ) -> None:
        """Remember that a charge failed."""
        if request.body.invoice_id is None:
            return
        invoice = await self.known(ctx, request.body.invoice_id)
        if invoice.status in _UNPAID:
            fields = {"collectionFailedAt": ctx.now}
            await self.invoice.update(ctx, "note-failed-collection", invoice.id, fields)

    async def escalate_dunning(self, ctx: Context, request: port.EscalateDunning) -> None:
        """The reminders of the tenant that are due, one level each and one a day at most."""
        days = self._dunning_days()
        async for each in self.invoice.each(ctx, status=_STATES.overdue):
            level = each.dunning_level + 1
            if level > len(days) or each.due_on is None:
                continue
            if each.due_on + timedelta(days=days[level - 1]) > ctx.now.date():
                continue
            if await self._reminded_today(ctx, each.id):
                continue
            await self.invoice.transition(ctx, "escalate-dunning", each.id, {"dunningLevel": level})
            await self._write_reminder(ctx, each, level, days)

    async def _reminded_today(self, ctx: Context, invoice: UUID) -> bool:
        """Whether the last reminder is younger than a day, as where several levels are late."""
        async for each in self.dunning_attempt.each(ctx, invoiceId=invoice):
            if each.sent_at + _REST > ctx.now:
                return True
        return False

    def _dunning_days(self) -> tuple[int, ...]:
        """Days after the due date, by level."""
        return tuple(int(each) for each in self.settings.dunning_days.split(","))[:4]

    async def _write_reminder(
        self, ctx: Context, invoice: models.Invoice, level: int, days: tuple[int, ...]
    ) -> None:
        fields: dict[str, Any] = {
            "invoiceId": invoice.id,
            "level": level,
            "channel": _BY_LEVEL[level],
            "sentAt": ctx.now,
            "outstandingMinor": invoice.amount_due_minor,
        }
        if level < min(4, len(days)) and invoice.due_on is not None:
            following = invoice.due_on + timedelta(days=days[level])
            fields["nextAttemptAt"] = datetime.combine(following, time(9), UTC)
        await self.dunning_attempt.insert(ctx, fields)

    async def mark_due(self, ctx: Context) -> None:
        """Mark the tenant's invoices overdue whose day has passed in every zone."""
        async for each in self.invoice.each(ctx, status=_STATES.issued):
            if each.due_on is None or each.amount_due_minor == 0:
                continue
            if datetime.combine(each.due_on, time(0), UTC) + _REST <= ctx.now:
                await self.mark_overdue(ctx, port.MarkOverdue(invoice_id=each.id))

    async def issue_due(self, ctx: Context) -> None:
        """Issue the tenant's drafts that nobody wrote by hand and that have rested for a day."""
        rested = {"updatedAt": ctx.now - _REST}
        async for each in self.invoice.each(ctx, rested, status=_STATES.draft, origin=_BY_ITSELF):
            ripe = (
                each.origin is models.InvoiceOrigin.final
                or each.service_period_end <= ctx.now.date()
                or any(one.kind is models.LineKind.seats for one in each.lines)
            )
            billed, discount = net(each.lines)
            if ripe and each.lines and billed >= discount:
                await self._issued(ctx, each, ctx.now.date())

    async def render_due(self, ctx: Context) -> None:
        """Render the tenant's issued invoices that have no picture."""
        async for each in self.invoice.each(ctx, status=_IN_FORCE, documentKey=None):
            if digest(to_record(each)) != each.content_hash:
                log.error("content_differs_from_its_digest", invoice_id=str(each.id))
                continue
            key = key_of(each)
            await self.documents.put(key, pdf(each))
            await self.documents.put(xml_key(key), xml(each))
            body = models.AttachDocumentRequest(document_key=key)
            await self.attach_document(ctx, port.AttachDocument(invoice_id=each.id, body=body))

    async def download_invoice(
        self, ctx: Context, request: port.DownloadInvoice
    ) -> models.InvoiceLink:
        """An address that lapses in five minutes.

        Raises:
            Problem: `document-not-ready`.
        """
        invoice = await self.invoice.get(ctx, request.invoice_id)
        if invoice.document_key is None:
            problem = problems.DOCUMENT_NOT_READY("it is being rendered")
            problem.headers = {"Retry-After": "60"}
            raise problem
        wanted = request.format_ or models.InvoiceFormat.pdf
        self.traces.document_format(wanted)
        expires = ctx.now + timedelta(seconds=self.settings.document_link_lifetime)
        key = invoice.document_key
        if wanted is not models.InvoiceFormat.pdf:
            key = xml_key(key)
        return models.InvoiceLink(
            address=await self.documents.link(key, ctx.tenant, expires),
            expires_at=expires,
            format=wanted,
            content_hash=invoice.content_hash,
        )

    async def on_payment_processed(
        self, ctx: Context, event: Received[models.PaymentProcessed]
    ) -> None:
        """An invoice is paid, or a paid order gets its receipt."""
        await self.apply_payment(ctx, port.ApplyPayment(body=event.data))
        await self.issue_receipt(ctx, port.IssueReceipt(body=event.data))

    async def on_payment_failed(self, ctx: Context, event: Received[models.PaymentFailed]) -> None:
        """The next reminder mentions it."""
        await self.note_failed_collection(ctx, port.NoteFailedCollection(body=event.data))


def _check_day(day: date, today: date) -> None:
    if not today - _OLDEST <= day <= today or (day.year, day.month) != (today.year, today.month):
        raise breaks_rule("today or up to seven days back in this month", pointer="/issueOn")
