"""Drafts: by hand, and from what subscriptions and meters report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis import propagation
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import UNAVAILABLE, breaks_rule
from subscription_client import models as sold
from usage_grpc_client import models as used

from .generated import models, port, problems
from .profiles import Profiles
from .sums import line, portion, worked_out
from .tariff import quantity

LARGEST_LINE_MINOR = 5_000_000
LONGEST = 500
_KINDS = models.LineKind
_CHANGES = models.SubscriptionChangeKind
_NEVER_PAID = frozenset(
    {
        sold.SubscriptionStatus.incomplete,
        sold.SubscriptionStatus.trialing,
        sold.SubscriptionStatus.expired,
    }
)


class Drafts(Profiles):
    """What will be billed, while it can still be changed."""

    async def draft_invoice(self, ctx: Context, request: port.DraftInvoice) -> models.Invoice:
        """An invoice by hand, for the organisation that the body names.

        Raises:
            Problem: what the contract declares, `rule-broken`.
        """
        wish = request.body
        inside = ctx.within(wish.billed_organization_id)
        profile = await self.profile_of(inside)
        if wish.subscription_id is not None:
            await self._check_billable(inside, wish.subscription_id)
        lines = [_by_hand(each) for each in wish.lines]
        if any(abs(each.amount_minor) > LARGEST_LINE_MINOR for each in lines):
            raise breaks_rule("a line bills more than 50,000.00", pointer="/lines")
        fields: dict[str, Any] = {
            **_head(profile, wish.service_period_start, wish.service_period_end, ctx),
            "origin": models.InvoiceOrigin.manual,
            "currency": wish.currency,
            "draftedBy": UUID(ctx.principal.subject),
            **worked_out(lines, await self.tax_of(profile)),
        }
        if wish.collection_mode is not None:
            fields["collectionMode"] = wish.collection_mode
        if wish.subscription_id is not None:
            fields["subscriptionId"] = wish.subscription_id
        return await self.invoice.create(inside, "draft-invoice", fields)

    async def tax_of(self, profile: models.BillingProfile) -> Any:
        """The tax by a profile; exempt ones pay none."""
        exempt = profile.tax_standing is models.TaxStanding.exempt
        return await self.tax_on(profile.party, profile.legal_entity, exempt)

    async def _check_billable(self, ctx: Context, subscription: UUID) -> None:
        try:
            held = await self.held(ctx, subscription)
        except RefusedError as error:
            if error.status != 404:
                raise
            raise problems.SUBSCRIPTION_NOT_BILLABLE("no such subscription") from error
        if held.status in _NEVER_PAID:
            raise problems.SUBSCRIPTION_NOT_BILLABLE(f"it is {held.status.value}")

    async def held(self, ctx: Context, subscription: UUID) -> sold.Subscription:
        """The subscription at subscription-service; a caller without an answer tries again.

        Raises:
            Problem: `unavailable`.
        """
        token = propagation.current.set(ctx)
        try:
            found = await self.clients.subscription.get_subscription(
                ctx, subscription_id=subscription
            )
        finally:
            propagation.current.reset(token)
        if found is None:
            raise UNAVAILABLE("subscription-service does not answer")
        return found

    async def add_manual_line(self, ctx: Context, request: port.AddManualLine) -> models.Invoice:
        """Another line on a draft.

        Raises:
            Problem: `invoice-frozen`, `line-too-large`, `rule-broken`.
        """
        draft = await self._draft(ctx, request.invoice_id)
        added = _by_hand(request.body)
        if abs(added.amount_minor) > LARGEST_LINE_MINOR:
            raise problems.LINE_TOO_LARGE("the line bills more than 50,000.00")
        if len(draft.lines) >= LONGEST:
            raise breaks_rule("the draft has five hundred lines")
        tax = await self.tax_on(draft.bill_to, draft.legal_entity)
        fields = worked_out([*draft.lines, added], tax)
        return await self.invoice.transition(ctx, "add-manual-line", draft.id, fields)

    async def recompute_taxes(self, ctx: Context, request: port.RecomputeTaxes) -> models.Invoice:
        """Make a draft out to another party.

        Raises:
            Problem: `invoice-frozen`, `tax-unavailable`.
        """
        draft = await self._draft(ctx, request.invoice_id)
        party = request.body.bill_to
        tax = await self.tax_on(party, draft.legal_entity)
        whole = party.model_dump(by_alias=True, exclude_none=True)
        address = {"line2": None, "region": None, **whole["address"]}
        fields = {
            "billTo": {"taxId": None, **whole, "address": address},
            **worked_out(draft.lines, tax),
        }
        return await self.invoice.transition(ctx, "recompute-taxes", draft.id, fields)

    async def _draft(self, ctx: Context, key: UUID) -> models.Invoice:
        draft = await self.invoice.get(ctx, key)
        if draft.status is not models.InvoiceStatus.draft:
            raise problems.INVOICE_FROZEN(f"the invoice is {draft.status.value}")
        return draft

    async def open_draft(self, ctx: Context, subscription: UUID) -> models.Invoice | None:
        """The draft of a subscription that lines of its period are put on."""
        async for each in self.invoice.each(
            ctx,
            subscriptionId=subscription,
            status=models.InvoiceStatus.draft,
            origin=models.InvoiceOrigin.period,
        ):
            return each
        return None

    async def _put(
        self,
        ctx: Context,
        command: str,
        held: sold.Subscription,
        lines: Sequence[models.InvoiceLine],
        days: tuple[date, date],
        origin: models.InvoiceOrigin = models.InvoiceOrigin.period,
    ) -> models.Invoice:
        """The lines on the open draft, whose period grows to hold them, or on a new one."""
        draft = None
        if origin is models.InvoiceOrigin.period:
            draft = await self.open_draft(ctx, held.id)
        start, end = days[0], max(days[1], days[0] + timedelta(days=1))
        if draft is not None:
            tax = await self.tax_on(draft.bill_to, draft.legal_entity)
            fields = {
                **worked_out([*draft.lines, *lines], tax),
                "servicePeriodStart": min(start, draft.service_period_start),
                "servicePeriodEnd": max(end, draft.service_period_end),
            }
            return await self.invoice.update(ctx, "add-proration-lines", draft.id, fields)
        profile = await self.profile_of(ctx)
        fields = {
            **_head(profile, start, end, ctx),
            "origin": origin,
            "currency": models.Currency(held.currency.value),
            "collectionMode": models.CollectionMode(held.collection_mode.value),
            "subscriptionId": held.id,
            **worked_out(lines, await self.tax_of(profile)),
        }
        cause = ctx.cause.id if ctx.cause is not None else None
        return await self.invoice.create(ctx, command, fields, cause=cause)

    async def add_metered_lines(self, ctx: Context, request: port.AddMeteredLines) -> None:
        """Bill a closed period once; where it is on a draft otherwise, usage-service is asked."""
        closed = request.body
        held = await self.held(ctx, closed.subscription_id)
        totals = {name: each.root for name, each in closed.totals_micros.items()}
        billed = [
            each
            async for invoice in self.invoice.each(ctx, subscriptionId=held.id)
            if invoice.status is not models.InvoiceStatus.void
            for each in invoice.lines
            if each.usage_period_id == closed.usage_period_id
        ]
        lines = list(self._metered(held, closed.usage_period_id, totals))
        if billed:
            if _facts(billed) == _facts(lines):
                return
            totals = await self._asked(ctx, held.id, closed.usage_period_id)
            known = {each.meter_code for each in billed}
            again = self._metered(held, closed.usage_period_id, totals)
            lines = [each for each in again if each.meter_code not in known]
        if lines:
            days = (closed.period_start.date(), closed.period_end.date())
            await self._put(ctx, "add-metered-lines", held, lines, days)

    async def _asked(self, ctx: Context, subscription: UUID, period: UUID | None) -> dict[str, int]:
        """The totals that usage-service stands by.

        Raises:
            Problem: `usage-unavailable`.
        """
        wish = used.GetUsageRequest(subscription_id=subscription)
        if period is not None:
            wish = used.GetUsageRequest(subscription_id=subscription, usage_period_id=period)
        found = await self.clients.usage.get_usage(ctx, wish)
        if found is None:
            raise problems.USAGE_UNAVAILABLE("usage-service does not answer")
        return {name: each.root for name, each in found.totals_micros.items()}

    def _metered(
        self, held: sold.Subscription, period: UUID, totals: dict[str, int]
    ) -> Iterator[models.InvoiceLine]:
        currency = models.Currency(held.currency.value)
        for meter, micros in sorted(totals.items()):
            rate = self.tariff.rate(meter, currency)
            units = quantity(micros, rate, held.seat_quantity) if rate else None
            if rate is not None and units:
                more = {"meter_code": meter, "usage_period_id": period}
                yield line(_KINDS.metered, rate.label, units, rate.unit_minor, **more)

    async def add_proration_lines(self, ctx: Context, request: port.AddProrationLines) -> None:
        """Put what the event that runs says about a change on the draft of its period."""
        event = ctx.cause
        if event is None or not event.type.endswith("subscription-changed.v1"):
            return
        known = models.SubscriptionChanged.model_validate(event.data, strict=False, extra="ignore")
        await self._prorate(ctx, known)

    async def _prorate(self, ctx: Context, changed: models.SubscriptionChanged) -> None:
        if changed.last_change is _CHANGES.renewal:
            held = await self.held(ctx, changed.subscription_id)
            length = held.current_period_end - held.current_period_start
            end = changed.current_period_end
            days = ((end - length).date(), end.date())
            await self._put(ctx, "add-proration-lines", held, _seats(held), days)
            return
        part = changed.proration_minor or 0
        if part == 0 or changed.effective_at is not None:
            return
        held = await self.held(ctx, changed.subscription_id)
        if changed.last_change is _CHANGES.seats:
            text = f"Seats, {changed.from_seat_quantity} to {changed.seat_quantity}, rest of period"
        else:
            text = f"Plan, {changed.from_plan_code} to {changed.plan_code}, rest of period"
        days = (ctx.now.date(), changed.current_period_end.date())
        lines = [line(_KINDS.proration, text, "1", part)]
        await self._put(ctx, "add-proration-lines", held, lines, days)

    async def draft_final_invoice(self, ctx: Context, request: port.DraftFinalInvoice) -> None:
        """What an ended subscription used and nobody billed; once, and not where it is nothing."""
        ended = request.body
        origin = models.InvoiceOrigin.final
        if await self.invoice.count(ctx, subscriptionId=ended.subscription_id, origin=origin):
            return
        held = await self.held(ctx, ended.subscription_id)
        try:
            found = await self.clients.usage.get_usage(
                ctx, used.GetUsageRequest(subscription_id=held.id)
            )
        except RefusedError as error:
            if error.status != 404:
                raise
            return
        if found is None:
            raise problems.USAGE_UNAVAILABLE("usage-service does not answer")
        totals = {name: each.root for name, each in found.totals_micros.items()}
        billed = {
            (each.usage_period_id, each.meter_code)
            async for invoice in self.invoice.each(ctx, subscriptionId=held.id)
            if invoice.status is not models.InvoiceStatus.void
            for each in invoice.lines
        }
        lines = [
            each
            for each in self._metered(held, found.usage_period_id, totals)
            if (each.usage_period_id, each.meter_code) not in billed
        ]
        if lines:
            days = (found.period_start.date(), ended.ended_at.date())
            await self._put(ctx, "draft-final-invoice", held, lines, days, origin)

    async def note_overage(self, ctx: Context, request: port.NoteOverage) -> None:
        """A sentence below the lines of the open draft, one for each meter."""
        draft = await self.open_draft(ctx, request.body.subscription_id)
        if draft is None:
            return
        said = f"The limit of {request.body.meter_code} was passed."
        if said in (draft.overage_note or ""):
            return
        note = f"{draft.overage_note} {said}" if draft.overage_note else said
        await self.invoice.update(ctx, "note-overage", draft.id, {"overageNote": note[:240]})

    async def preview_upcoming_invoice(
        self, ctx: Context, request: port.PreviewUpcomingInvoice
    ) -> models.UpcomingInvoice:
        """The open draft, the seats of the next period, and what was used up to this hour.

        Raises:
            Problem: `usage-unavailable`, `billing-profile-missing`.
        """
        try:
            held = await self.held(ctx, request.subscription_id)
            wish = used.GetUsageRequest(subscription_id=held.id)
            usage = await self.clients.usage.get_usage(ctx, wish)
        except RefusedError as error:
            if error.status == 404:
                raise problems.USAGE_UNAVAILABLE("no use is known of it") from error
            raise
        if usage is None:
            raise problems.USAGE_UNAVAILABLE("usage-service does not answer")
        totals = {name: each.root for name, each in usage.totals_micros.items()}
        draft = await self.open_draft(ctx, held.id)
        lines = [*(draft.lines if draft else ()), *_seats(held)]
        lines += self._metered(held, usage.usage_period_id, totals)
        profile = await self.profile_of(ctx)
        fields = worked_out(lines[:LONGEST], await self.tax_of(profile))
        currency = models.Currency(held.currency.value)

        def money(amount: int) -> models.Money:
            return models.Money(amount_minor=amount, currency=currency)

        return models.UpcomingInvoice(
            as_of=usage.as_of,
            service_period_start=held.current_period_start.date(),
            service_period_end=held.current_period_end.date(),
            lines=[from_record(models.InvoiceLine, each) for each in fields["lines"]],
            subtotal=money(fields["subtotalMinor"]),
            estimated_tax=money(fields["taxMinor"]),
            total=money(fields["totalMinor"]),
        )

    async def on_usage_period_closed(
        self, ctx: Context, event: Received[models.UsagePeriodClosed]
    ) -> None:
        """What was used is billed."""
        await self.add_metered_lines(ctx, port.AddMeteredLines(body=event.data))

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        """An order pays for the whole first period, and a trial for none: nothing is left."""
        await self.add_proration_lines(ctx, port.AddProrationLines())

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """The difference is put on the draft."""
        await self.add_proration_lines(ctx, port.AddProrationLines())

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """A final invoice is drafted."""
        await self.draft_final_invoice(ctx, port.DraftFinalInvoice(body=event.data))

    async def on_quota_exceeded(self, ctx: Context, event: Received[models.QuotaExceeded]) -> None:
        """The draft says which limit was passed."""
        await self.note_overage(ctx, port.NoteOverage(body=event.data))


def _head(profile: models.BillingProfile, start: date, end: date, ctx: Context) -> dict[str, Any]:
    return {
        "legalEntity": profile.legal_entity,
        "fiscalYear": ctx.now.year,
        "billTo": profile.party.model_dump(by_alias=True, exclude_none=True),
        "servicePeriodStart": start,
        "servicePeriodEnd": end,
    }


def _by_hand(wish: models.ManualLine) -> models.InvoiceLine:
    kind = _KINDS(wish.kind.value)
    found = line(kind, wish.description, wish.quantity, wish.unit_amount_minor)
    if (found.amount_minor > 0) == (kind is _KINDS.discount) and found.amount_minor:
        raise breaks_rule(
            "discounts are below zero, and nothing else is", pointer="/unitAmountMinor"
        )
    return found


def _seats(held: sold.Subscription) -> list[models.InvoiceLine]:
    """The seats of one period, and the discount on them."""
    text = f"{held.plan_code}, seats by the {held.billing_interval.value}"
    found = [line(_KINDS.seats, text, str(held.seat_quantity), held.unit_amount_minor)]
    off = portion(found[0].amount_minor, held.discount_basis_points, 10_000)
    if off:
        found.append(line(_KINDS.discount, "Discount", "1", -off))
    return found


def _facts(lines: Sequence[models.InvoiceLine]) -> set[tuple[str | None, str]]:
    return {(each.meter_code, each.quantity) for each in lines}
