"""What comes back: receipts of providers, bars on addresses, and who asks to be left alone."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import VALIDATION_FAILED
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .catalogue import MANDATORY
from .domains import Domains
from .generated import models, port, problems
from .sending import host_class, hourly

_WEEK = timedelta(days=7)
_SOFT_ENDS = timedelta(days=14)
_RECEIPT_LASTS = timedelta(days=1)
_STOPPABLE = ("collaboration", "productNews")
_FEWEST = 100
"""Delivered mails of a week below which a ratio of complaints says nothing."""
_PAGE = 200
_KINDS = models.ReceiptKind
_STATES = models.EmailStatus

log = logger("receipts")


def signed_text(receipt: models.ProviderReceipt) -> bytes:
    """What a provider signs of a receipt: provider, its id, kind and moment, one a line."""
    at = receipt.occurred_at.isoformat()
    parts = (str(receipt.provider), receipt.provider_message_id, str(receipt.receipt_kind), at)
    return "\n".join(parts).encode()


class Receipts(Domains):
    """Receipts are matched by the provider's id, whatever tenant they come in."""

    async def record_delivery_receipt(
        self, ctx: Context, request: port.RecordDeliveryReceipt
    ) -> None:
        """Check who signed and take the step that the receipt means; once, and in any order.

        A receipt that is faster than the row of its mail is tried again for a day.

        Raises:
            Problem: `signature-invalid`.
        """
        receipt = request.body
        key = await self.world.keys.get(f"receipts/{receipt.provider}")
        right = hmac.digest(key, signed_text(receipt), "sha256").hex()
        if not hmac.compare_digest(receipt.signature.encode(), right.encode()):
            log.warning("receipt_forged", provider=str(receipt.provider))
            raise problems.SIGNATURE_INVALID("not signed by the provider that it names")
        posted = await self.posted.find(
            ctx.within(PLATFORM), providerMessageId=receipt.provider_message_id
        )
        if posted is None:
            await self._later(ctx, receipt)
            return
        inside = ctx.within(posted.tenant)
        mail = await self.email_message.find(inside, id=posted.message_id)
        if mail is not None and mail.provider_message_id == receipt.provider_message_id:
            await self._take(inside, mail, receipt)

    async def _later(self, ctx: Context, receipt: models.ProviderReceipt) -> None:
        if ctx.now - receipt.occurred_at < _RECEIPT_LASTS:
            await self.runtime.queues.send(
                ctx, "notify.email.receipt.retry", "record-delivery-receipt", {"body": receipt}
            )
        else:
            log.warning("receipt_unknown", provider=str(receipt.provider))

    async def _take(
        self, ctx: Context, mail: models.EmailMessage, receipt: models.ProviderReceipt
    ) -> None:
        kind, key = receipt.receipt_kind, mail.id
        if kind == _KINDS.delivery and mail.status == _STATES.handed_over:
            await self.record_delivery(ctx, port.RecordDelivery(email_message_id=key, body=receipt))
        elif kind in (_KINDS.hard_bounce, _KINDS.soft_bounce):
            if mail.status in (_STATES.handed_over, _STATES.delivered):
                await self.record_bounce(ctx, port.RecordBounce(email_message_id=key, body=receipt))
        elif kind == _KINDS.complaint:
            if mail.status == _STATES.handed_over:
                # the complaint overtook its delivery, without which nobody could complain
                await self.record_delivery(
                    ctx, port.RecordDelivery(email_message_id=key, body=receipt)
                )
                mail = await self.email_message.get(ctx, key)
            if mail.status == _STATES.delivered:
                await self.record_complaint(
                    ctx, port.RecordComplaint(email_message_id=key, body=receipt)
                )
        elif kind == _KINDS.deferral:
            await self.step(ctx, mail, receipt.diagnostic_code or "deferred")

    async def record_delivery(self, ctx: Context, request: port.RecordDelivery) -> None:
        """The receiving host took the mail; the event says after how long."""
        mail = await self.email_message.get(ctx, request.email_message_id)
        body = request.body
        latency = int(max(0.0, (body.occurred_at - mail.created_at).total_seconds()) * 1000)
        fields = {"occurredAt": body.occurred_at, "latencyMs": min(latency, 604_800_000)}
        done = await self.email_message.transition(ctx, "record-delivery", mail.id, fields)
        if done.version == mail.version:
            return
        await self.step(ctx, done)
        await self.tally(ctx, f"delivered:{mail.category}", ctx.now, 1)

    async def record_bounce(self, ctx: Context, request: port.RecordBounce) -> None:
        """The mail came back: hard ones bar the address, five soft ones in a week do for a time."""
        body = request.body
        hard = body.receipt_kind != _KINDS.soft_bounce
        kind = models.BounceKind.hard if hard else models.BounceKind.soft
        fields = {"bounceKind": kind, "diagnosticCode": body.diagnostic_code}
        mail = await self.email_message.get(ctx, request.email_message_id)
        done = await self.email_message.transition(ctx, "record-bounce", mail.id, fields)
        if done.version == mail.version:
            return
        await self.step(ctx, done, body.diagnostic_code)
        await self._bounce_ratio(ctx, done)
        if hard:
            await self._bar(ctx, done.address_hash, models.SuppressionCause.hard_bounce)
        else:
            await self._soft(ctx, done)

    async def _bounce_ratio(self, ctx: Context, mail: models.EmailMessage) -> None:
        """Bounced through handed-over mail of this hour, by provider and kind of host."""
        provider, kind = str(mail.provider), host_class(mail.to_address)
        bounced = await self.tally(ctx, hourly("bounced", provider, kind, ctx.now), ctx.now, 1)
        handed = await self.tally(ctx, hourly("handed", provider, kind, ctx.now), ctx.now)
        self.metrics.email_bounce_ratio(
            min(1.0, bounced / max(handed, 1)), provider=provider, recipient_domain_class=kind
        )

    async def _soft(self, ctx: Context, mail: models.EmailMessage) -> None:
        noted = {"addressHash": mail.address_hash, "messageId": mail.id}
        if await self.bounces.find(ctx, messageId=mail.id) is None:
            await self.bounces.insert(ctx, noted)
        since = ctx.now - _WEEK
        recent = 0
        async for each in self.bounces.each(ctx, addressHash=mail.address_hash):
            if each.created_at > since:
                recent += 1
            else:
                await self.bounces.remove(ctx, each)
        if recent >= self.settings.soft_bounces_a_week:
            cause, until = models.SuppressionCause.hard_bounce, ctx.now + _SOFT_ENDS
            await self._bar(ctx, mail.address_hash, cause, until=until, bounces=recent)

    async def record_complaint(self, ctx: Context, request: port.RecordComplaint) -> None:
        """Never write to the address again; too many complaints stop what nobody asked for."""
        mail = await self.email_message.get(ctx, request.email_message_id)
        fields = {
            "bounceKind": models.BounceKind.complaint,
            "diagnosticCode": request.body.diagnostic_code,
        }
        done = await self.email_message.transition(ctx, "record-complaint", mail.id, fields)
        if done.version == mail.version:
            return
        await self.step(ctx, done)
        await self._bar(ctx, done.address_hash, models.SuppressionCause.complaint)
        await self._ratio(ctx, str(done.category))

    async def _ratio(self, ctx: Context, category: str) -> None:
        await self.tally(ctx, f"complained:{category}", ctx.now, 1)
        week = [ctx.now - timedelta(days=each) for each in range(7)]
        complaints = sum([await self.tally(ctx, f"complained:{category}", day) for day in week])
        delivered = sum([await self.tally(ctx, f"delivered:{category}", day) for day in week])
        ratio = complaints / max(delivered, 1)
        self.metrics.email_complaint_ratio(ratio, category=category)
        stops = ratio > self.settings.complaint_stop_ratio and delivered >= _FEWEST
        if category in _STOPPABLE and stops:
            log.error("mail_stopped", category=category)
            await self.note_tenant(ctx, {"stopped": list(_STOPPABLE)})

    async def _bar(
        self,
        ctx: Context,
        address_hash: str,
        cause: models.SuppressionCause,
        *,
        scope: models.SuppressionScope = models.SuppressionScope.all,
        until: datetime | None = None,
        bounces: int = 0,
    ) -> None:
        """Bar an address, or make the bar that it has as wide and as lasting as this one."""
        fields = {"cause": cause, "scope": scope, "until": until, "bounceCount": bounces}
        found = await self.suppression_entry.find(ctx, addressHash=address_hash)
        if found is None:
            await self.suppression_entry.insert(ctx, {"addressHash": address_hash, **fields})
            return
        if found.cause == models.SuppressionCause.complaint:
            return
        lasts = found.until is None or found.until > ctx.now
        whole = lasts and found.scope == models.SuppressionScope.all and found.until is None
        if whole and cause != models.SuppressionCause.complaint:
            return
        if lasts and found.scope not in (scope, models.SuppressionScope.all):
            fields["scope"] = models.SuppressionScope.all
        await self.suppression_entry.rewrite(ctx, found, fields)

    async def unsubscribe_recipient(self, ctx: Context, request: port.UnsubscribeRecipient) -> None:
        """One click (RFC 8058): the token says whose address it is, and nobody else may be meant.

        Raises:
            Problem: `validation-failed` for what we did not sign, `token-expired`,
                `category-mandatory`.
        """
        token = await self.token_read(request.body.token)
        if token is None:
            raise VALIDATION_FAILED("not a token of ours")
        tenant, address_hash, until = token
        if until <= ctx.now.timestamp():
            raise problems.TOKEN_EXPIRED("the mail is older than 30 days")
        scope = request.body.scope
        if scope == models.SuppressionScope.all:
            raise problems.CATEGORY_MANDATORY(f"{' and '.join(sorted(MANDATORY))} cannot be ended")
        cause = models.SuppressionCause.unsubscribe
        await self._bar(ctx.within(tenant), address_hash, cause, scope=scope)

    async def lift_suppression(self, ctx: Context, request: port.LiftSuppression) -> None:
        """Let mail go to an address again; the reason stays in the audit trail.

        Raises:
            Problem: `not-found`, `complaint-not-liftable`.
        """
        found = await self.suppression_entry.get(ctx, request.address_hash)
        if found.cause != models.SuppressionCause.complaint:
            why = {"justification": request.body.justification}
            await self.suppression_entry.rewrite(ctx, found, why)
        await super().lift_suppression(ctx, request)

    async def get_delivery_timeline(
        self, ctx: Context, request: port.GetDeliveryTimeline
    ) -> models.DeliveryTimelinePage:
        """The steps of a person's mails, latest first; people see their own."""
        body = request.body
        if ctx.principal.subject == str(body.recipient_user_id):
            ctx.grant.given = True
        after = self.runtime.cursors.decode(body.cursor) if body.cursor else None
        query = ListQuery(
            PageRequest(_PAGE, "-createdAt", after),
            {"recipientUserId": body.recipient_user_id},
            due={"createdAt": body.occurred_to - timedelta(microseconds=1)},
        )
        page = await self.steps.repository.select(ctx, query)
        items = [each for each in page.items if each.created_at >= body.occurred_from]
        entries = [
            {
                "occurredAt": each.created_at,
                "notificationId": each.message_id,
                "notificationKey": each.notification_key,
                "status": each.status,
                "provider": each.provider,
                "diagnosticCode": each.diagnostic_code,
            }
            for each in items
        ]
        answer: dict[str, object] = {
            "items": [
                {name: value for name, value in each.items() if value is not None}
                for each in entries
            ]
        }
        if page.following is not None and len(items) == len(page.items):
            answer["nextCursor"] = self.runtime.cursors.encode(page.following)
        return models.DeliveryTimelinePage.model_validate(answer, strict=False)
