"""Objections and credit notes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .generated import models, port, problems
from .issuing import Issuing
from .numbers_drawn import credit_note_number
from .profiles import itself
from .sums import portion

SERVICE_ID = UUID("01890000-0000-7000-8000-0000000000f1")
"""Who has written a credit note where no person did: this service."""

LARGE_MINOR = 500_000
"""Above it a second person agrees, as the life cycle of credit notes says."""

_STATES = models.InvoiceStatus
_NOTES = models.CreditNoteState
_NOT_ISSUED = (_STATES.draft, _STATES.void)


class Credits(Issuing):
    """What is given back on paper."""

    async def dispute_invoice(
        self, ctx: Context, request: port.DisputeInvoice
    ) -> models.InvoiceDispute:
        """Object to lines of an invoice.

        Raises:
            Problem: what the contract declares.
        """
        invoice = await self.invoice.get(ctx, request.invoice_id)
        if invoice.status in _NOT_ISSUED or invoice.issued_on is None:
            raise problems.INVOICE_NOT_ISSUED(f"the invoice is {invoice.status.value}")
        issued = datetime.combine(invoice.issued_on, datetime.min.time(), UTC)
        if issued + timedelta(seconds=self.settings.dispute_window) < ctx.now:
            raise problems.DISPUTE_WINDOW_CLOSED("sixty days have passed")
        if await self._disputed(ctx, invoice.id):
            raise problems.DISPUTE_OPEN("an objection waits for its answer")
        places = {each.position for each in invoice.lines}
        if not places.issuperset(each.root for each in request.body.line_positions):
            raise problems.LINE_UNKNOWN("no line at one of the positions")
        fields = {
            "linePositions": [each.root for each in request.body.line_positions],
            "statement": request.body.statement,
            "openedBy": UUID(ctx.principal.subject),
        }
        return await self.invoice_dispute.create(
            ctx, "dispute-invoice", fields, invoiceId=invoice.id
        )

    async def _disputed(self, ctx: Context, invoice: UUID) -> int:
        opened = models.InvoiceDisputeState.open
        return await self.invoice_dispute.count(ctx, invoiceId=invoice, state=opened)

    async def hold_for_dispute(self, ctx: Context, request: port.HoldForDispute) -> None:
        """Take an invoice out of collection, unless the objection is answered already."""
        invoice = await self.known(ctx, request.body.invoice_id)
        waiting = invoice.status in (_STATES.issued, _STATES.overdue)
        if waiting and await self._disputed(ctx, invoice.id):
            await self.invoice.transition(ctx, "hold-for-dispute", invoice.id)

    async def release_from_dispute(self, ctx: Context, request: port.ReleaseFromDispute) -> None:
        """Let an invoice run again, unless another objection is open."""
        invoice = await self.known(ctx, request.body.invoice_id)
        if invoice.status is _STATES.disputed and not await self._disputed(ctx, invoice.id):
            await self.invoice.transition(ctx, "release-from-dispute", invoice.id)

    async def issue_credit_note(
        self, ctx: Context, request: port.IssueCreditNote
    ) -> models.CreditNote:
        """Credit an invoice at once, or ask a second person where it is much.

        Raises:
            Problem: `credit-exceeds-billed`, `invoice-not-issued`.
        """
        invoice = await self.invoice.get(ctx, request.invoice_id)
        wish = request.body
        if invoice.status in _NOT_ISSUED:
            raise problems.INVOICE_NOT_ISSUED(f"the invoice is {invoice.status.value}")
        await self._check_room(ctx, invoice, wish.amount_minor, (_NOTES.issued, _NOTES.requested))
        fields: dict[str, Any] = {
            "amountMinor": wish.amount_minor,
            "currency": invoice.currency,
            "reason": wish.reason.value,
            "writtenBy": UUID(ctx.principal.subject),
            "taxShareMinor": _tax_share(invoice, wish.amount_minor),
        }
        if wish.explanation is not None:
            fields["explanation"] = wish.explanation
        large = wish.amount_minor > LARGE_MINOR
        if not large:
            fields |= await self._counted(ctx, invoice, wish.amount_minor)
        command = "issue-credit-note"
        notes = self.credit_note.telling() if large else self.credit_note
        return await notes.create(ctx, command, fields, invoiceId=invoice.id)

    async def _check_room(
        self,
        ctx: Context,
        invoice: models.Invoice,
        amount: int,
        states: tuple[models.CreditNoteState, ...],
    ) -> None:
        credited = 0
        async for each in self.credit_note.each(ctx, invoiceId=invoice.id, state=states):
            credited += each.amount_minor
        if credited + amount > invoice.total_minor:
            raise problems.CREDIT_EXCEEDS_BILLED(f"{invoice.total_minor - credited} is left")

    async def _counted(self, ctx: Context, invoice: models.Invoice, amount: int) -> dict[str, Any]:
        """Count a credit on its invoice; number, day and surplus of its note."""
        counted = min(amount, invoice.amount_due_minor)
        if counted:
            fields = {
                "creditedMinor": invoice.credited_minor + counted,
                "amountDueMinor": invoice.amount_due_minor - counted,
            }
            await self.lowered(ctx, "credit-invoice", invoice, fields)
        found: dict[str, Any] = {
            "creditNoteNumber": await credit_note_number(ctx, invoice.legal_entity),
            "issuedOn": ctx.now.date(),
        }
        if amount > counted:
            found["accountCreditMinor"] = amount - counted
        return found

    async def approve_credit_note(
        self, ctx: Context, request: port.ApproveCreditNote
    ) -> models.CreditNote:
        """The second person's yes.

        Raises:
            Problem: what the contract declares.
        """
        note = await self.credit_note.get(ctx, request.credit_note_id, invoiceId=request.invoice_id)
        if note.state is _NOTES.issued:
            return note
        if note.state is _NOTES.withdrawn:
            raise problems.ILLEGAL_TRANSITION("the note was withdrawn")
        invoice = await self.invoice.get(ctx, note.invoice_id)
        if ctx.principal.subject in (str(note.written_by), str(invoice.drafted_by)):
            raise problems.SELF_APPROVAL("by somebody else, please")
        if invoice.status in _NOT_ISSUED:
            raise problems.CREDIT_EXCEEDS_BILLED("the invoice was voided meanwhile")
        await self._check_room(ctx, invoice, note.amount_minor, (_NOTES.issued,))
        fields = {
            **await self._counted(ctx, invoice, note.amount_minor),
            "approvedBy": UUID(ctx.principal.subject),
        }
        return await self.credit_note.transition(ctx, "approve-credit-note", note.id, fields)

    async def credit_invoice(self, ctx: Context, request: port.CreditInvoice) -> None:
        """Count what issued notes say and their invoices do not; changes nothing where they agree.

        `_counted` does it note by note; this is the repair over all of a tenant.
        """
        said: dict[UUID, int] = {}
        async for note in self.credit_note.each(ctx, state=_NOTES.issued):
            counted = note.amount_minor - (note.account_credit_minor or 0)
            said[note.invoice_id] = said.get(note.invoice_id, 0) + counted
        for key, credited in said.items():
            invoice = await self.known(ctx, key)
            missing = min(credited - invoice.credited_minor, invoice.amount_due_minor)
            if missing > 0:
                fields = {
                    "creditedMinor": invoice.credited_minor + missing,
                    "amountDueMinor": invoice.amount_due_minor - missing,
                }
                await self.lowered(ctx, "credit-invoice", invoice, fields)

    async def write_credit_note(self, ctx: Context, request: port.WriteCreditNote) -> None:
        """Write the notes of a tenant's void invoices that have none."""
        async for each in self.invoice.each(ctx, status=_STATES.void):
            await self._write_cancellation(ctx, each)

    async def _write_cancellation(self, ctx: Context, invoice: models.Invoice) -> None:
        if invoice.invoice_number is None or invoice.total_minor == 0:
            return
        reason = models.CreditReason.cancellation
        left = invoice.total_minor
        async for each in self.credit_note.each(ctx, invoiceId=invoice.id, state=_NOTES.issued):
            if each.reason is reason:
                return
            left -= each.amount_minor
        if left <= 0:
            return
        credited = invoice.credited_minor + invoice.amount_due_minor
        changes = {"creditedMinor": credited, "amountDueMinor": 0}
        await self.invoice.rewrite(ctx, invoice, changes)
        await self._write(ctx, invoice, left, {"reason": reason})

    async def _write(
        self, ctx: Context, invoice: models.Invoice, amount: int, fields: dict[str, Any]
    ) -> None:
        known: dict[str, Any] = {
            "amountMinor": amount,
            "currency": invoice.currency,
            "writtenBy": SERVICE_ID,
            "taxShareMinor": _tax_share(invoice, amount),
            "creditNoteNumber": await credit_note_number(ctx, invoice.legal_entity),
            "issuedOn": ctx.now.date(),
        }
        await self.credit_note.create(
            itself(ctx), "write-credit-note", {**known, **fields}, invoiceId=invoice.id
        )

    async def _write_refund(self, ctx: Context, refunded: models.PaymentRefunded) -> None:
        """Document a refund: what was paid of the invoice is credited instead."""
        if refunded.amount_minor == 0:
            return
        if await self.credit_note.find(ctx, refundId=refunded.refund_id) is not None:
            return
        async for invoice in self.invoice.each(ctx, paymentIds=refunded.payment_id):
            back = min(refunded.amount_minor, invoice.paid_minor)
            if back == 0 or invoice.status in _NOT_ISSUED:
                return
            changes = {
                "paidMinor": invoice.paid_minor - back,
                "creditedMinor": invoice.credited_minor + back,
            }
            await self.invoice.rewrite(ctx, invoice, changes)
            fields = {"reason": models.CreditReason.refund, "refundId": refunded.refund_id}
            await self._write(ctx, invoice, back, fields)
            return

    async def on_invoice_disputed(
        self, ctx: Context, event: Received[models.InvoiceDisputed]
    ) -> None:
        """Reminders rest."""
        await self.hold_for_dispute(ctx, port.HoldForDispute(body=event.data))

    async def on_invoice_dispute_resolved(
        self, ctx: Context, event: Received[models.InvoiceDisputeResolved]
    ) -> None:
        """The invoice runs again."""
        await self.release_from_dispute(ctx, port.ReleaseFromDispute(body=event.data))

    async def on_invoice_voided(self, ctx: Context, event: Received[models.InvoiceVoided]) -> None:
        """A void invoice is credited in full."""
        await self._write_cancellation(ctx, await self.known(ctx, event.data.invoice_id))

    async def on_payment_refunded(
        self, ctx: Context, event: Received[models.PaymentRefunded]
    ) -> None:
        """A refund is documented."""
        await self._write_refund(ctx, event.data)


def _tax_share(invoice: models.Invoice, amount: int) -> int:
    """The part of a credit that is tax."""
    if invoice.total_minor == 0:
        return 0
    return portion(amount, invoice.tax_minor, invoice.total_minor)
