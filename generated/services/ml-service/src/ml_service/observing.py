"""What events tell of subjects: marks, rows to learn from, and bands of sign-in risk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event, Received
from cloudsync_chassis.problem import NOT_FOUND

from . import features as known
from .features import LONGEST, features, with_mark
from .generated import models, port
from .memory import Mark, Sample
from .serving import Serving

LOGIN, PAYMENT, CHURN = "login-risk", "payment-risk", "churn"
_TENANT = "tenant"
_BANDS = models.RiskBand
_HIGH, _ELEVATED = 0.8, 0.4
_STOLEN = (models.RevocationReason.token_reuse, models.RevocationReason.risk_detected)
_GOOD, _BAD = 0.0, 1.0


class Observing(Serving):
    """Subjects and what they do."""

    async def mark(self, ctx: Context, ref: str, mark: Mark) -> dict[str, float]:
        """Write down what happened to a subject; its features at that moment."""
        trace = await self.trails.find(ctx, entityRef=ref)
        marks = with_mark(trace.marks if trace is not None else (), mark)
        told = {"marks": [each.model_dump(exclude_defaults=True) for each in marks]}
        if trace is None:
            await self.trails.insert(ctx, {"entityRef": ref, **told})
        else:
            await self.trails.rewrite(ctx, trace, told)
        return features(marks, mark.at)

    async def _learn_later(
        self, ctx: Context, key: str, ref: str, about: str, row: dict[str, float], label: float
    ) -> None:
        """Keep a row, once for each thing that is judged."""
        if await self.samples.find(ctx, modelKey=key, about=about) is None:
            fields = {"modelKey": key, "entityRef": ref, "about": about, "features": row}
            at = _event(ctx).time
            await self.samples.insert(ctx, {**fields, "at": at, "label": label})

    async def weigh_sign_in(self, ctx: Context, request: port.WeighSignIn) -> None:
        """Count a sign-in and judge its account anew; another band is told, another score is not.

        Raises:
            Problem: `not-found`: no event is handled.
        """
        body, event = request.body, _event(ctx)
        ref = self.pseudonym(ctx, "actor", body.user_id)
        mark = Mark(
            at=event.time,
            kind=known.SIGNED_IN,
            value=float(body.risk_score),
            label=body.country_code,
        )
        row = await self.mark(ctx, ref, mark)
        row["subjects_failing_hour"] = await self._spray(ctx, event)
        about = self.pseudonym(ctx, "session", body.session_id)
        await self._learn_later(ctx, LOGIN, ref, about, row, _GOOD)
        await self._judge(ctx, body.user_id, ref, row)

    async def _spray(self, ctx: Context, event: Event) -> float:
        """How many identifiers of the tenant somebody failed at within the hour."""
        trace = await self.trails.find(ctx, entityRef=self.pseudonym(ctx, _TENANT, ctx.tenant))
        marks = trace.marks if trace is not None else []
        return features(marks, event.time)["subjects_failing_hour"]

    async def _judge(self, ctx: Context, user: UUID, ref: str, row: dict[str, float]) -> None:
        answer = await self.judged(ctx, LOGIN, ref, row)
        band = _BANDS.low
        if answer.score >= _ELEVATED:
            band = _BANDS.high if answer.score >= _HIGH else _BANDS.elevated
        present = await self.bands.find(ctx, entityRef=ref)
        valid = present is not None and present.valid_until > ctx.now
        before = present.band if present is not None and valid else _BANDS.low.value
        until = ctx.now + timedelta(seconds=self.settings.band_valid)
        fields: dict[str, Any] = {"band": band.value, "validUntil": until}
        if present is None:
            await self.bands.insert(ctx, {"entityRef": ref, **fields})
        else:
            await self.bands.rewrite(ctx, present, fields)
        if before != band.value:
            told = {"userId": user, "band": band, "validUntil": until}
            await self.prediction.announce(ctx, "login-risk-band-changed", told)

    async def count_failed_sign_in(self, ctx: Context, request: port.CountFailedSignIn) -> None:
        """Count a failure of what was typed, of the account if it is known, and of the tenant.

        Raises:
            Problem: `not-found`: no event is handled.
        """
        body, at = request.body, _event(ctx).time
        typed = self.pseudonym(ctx, "identifier", body.identifier_hash)
        mark = Mark(at=at, kind=known.FAILED, value=1.0, label=typed[:12])
        refs = [typed, self.pseudonym(ctx, _TENANT, ctx.tenant)]
        if body.user_id is not None:
            refs.append(self.pseudonym(ctx, "actor", body.user_id))
        for each in refs:
            await self.mark(ctx, each, mark)

    async def count_revoked_session(self, ctx: Context, request: port.CountRevokedSession) -> None:
        """A session that was ended as stolen raises the band of its account, and teaches.

        Raises:
            Problem: `not-found`: no event is handled.
        """
        body, at = request.body, _event(ctx).time
        if body.reason not in _STOLEN:
            return
        ref = self.pseudonym(ctx, "actor", body.user_id)
        row = await self.mark(ctx, ref, Mark(at=at, kind=known.STOLEN, value=1.0))
        about = self.pseudonym(ctx, "session", body.session_id)
        sample = await self.samples.find(ctx, modelKey=LOGIN, about=about)
        if sample is not None:
            await self.samples.rewrite(ctx, sample, {"label": _BAD})
        await self._judge(ctx, body.user_id, ref, row)

    async def label_payment(self, ctx: Context, request: port.LabelPayment) -> None:
        """Move the features of the payer, and join the outcome to what was judged.

        Raises:
            Problem: `not-found`: no event is handled.
        """
        event = _event(ctx)
        payment = UUID(str(event.data["paymentId"]))
        ref = self.pseudonym(ctx, "organization", ctx.tenant)
        about = self.pseudonym(ctx, "payment", payment)
        kind, value = known.CAPTURED, float(event.data.get("capturedMinor", 0))
        if "disputeId" in event.data:
            kind, value = known.DISPUTED, float(event.data["amountMinor"])
        elif "declineCode" in event.data:
            kind, value = known.DECLINED, 1.0
        row = await self.mark(ctx, ref, Mark(at=event.time, kind=kind, value=value))
        if kind == known.DECLINED:
            return
        label = _BAD if kind == known.DISPUTED else _GOOD
        sample = await self.samples.find(ctx, modelKey=PAYMENT, about=about)
        if sample is None:
            await self._learn_later(ctx, PAYMENT, ref, about, row, label)
        if label == _BAD:
            await self._dispute(ctx, about)
        await self._join(ctx, payment, label)

    async def _dispute(self, ctx: Context, about: str) -> None:
        """A label is believed once the dispute is thirty days old."""
        sample = await self.samples.find(ctx, modelKey=PAYMENT, about=about)
        if sample is not None and sample.disputed_at is None:
            fields = {"label": _BAD, "disputedAt": _event(ctx).time}
            await self.samples.rewrite(ctx, sample, fields)

    async def _join(self, ctx: Context, payment: UUID, label: float) -> None:
        """The outcome of a payment that was judged under its own id; a dispute stays one."""
        kept = await self.prediction.find(ctx, requestId=payment)
        if kept is None or kept.model_key != PAYMENT or kept.outcome == _BAD:
            return
        if kept.served_at + timedelta(seconds=self.settings.outcome_window) >= ctx.now:
            fields = {"outcome": label, "outcomeAt": _event(ctx).time}
            await self.prediction.rewrite(ctx, kept, fields)

    async def label_churn(self, ctx: Context, request: port.LabelChurn) -> None:
        """Keep what a subscription did; one that ended makes the sixty days before a warning.

        Raises:
            Problem: `not-found`: no event is handled.
        """
        event = _event(ctx)
        ref = self.pseudonym(ctx, "organization", ctx.tenant)
        ended = "endedAt" in event.data
        kind = known.CANCELLED if ended else known.SEATS
        seats = float(event.data["seatQuantity"])
        row = await self.mark(ctx, ref, Mark(at=event.time, kind=kind, value=seats))
        if event.data.get("status") == models.SubscriptionStatus.past_due.value:
            row = await self.mark(ctx, ref, Mark(at=event.time, kind=known.PAST_DUE, value=1.0))
        if not ended:
            about = self.pseudonym(ctx, "change", event.id)
            await self._learn_later(ctx, CHURN, ref, about, row, _GOOD)
            return
        async for each in self.samples.each(ctx, modelKey=CHURN, entityRef=ref):
            if each.at + LONGEST >= event.time:
                await self.samples.rewrite(ctx, each, {"label": _BAD})

    async def on_login_succeeded(
        self, ctx: Context, event: Received[models.LoginSucceeded]
    ) -> None:
        """Counters of the account move on and its risk band is judged anew."""
        await self.weigh_sign_in(ctx, port.WeighSignIn(body=event.data))

    async def on_login_failed(self, ctx: Context, event: Received[models.LoginFailed]) -> None:
        """Failures are counted by the digest of what was typed."""
        await self.count_failed_sign_in(ctx, port.CountFailedSignIn(body=event.data))

    async def on_session_revoked(
        self, ctx: Context, event: Received[models.SessionRevoked]
    ) -> None:
        """A session that was ended as stolen raises the band of its account for a day."""
        await self.count_revoked_session(ctx, port.CountRevokedSession(body=event.data))

    async def on_payment_processed(
        self, ctx: Context, event: Received[models.PaymentProcessed]
    ) -> None:
        """A captured payment is a good one until somebody disputes it."""
        await self.label_payment(ctx, port.LabelPayment())

    async def on_payment_failed(self, ctx: Context, event: Received[models.PaymentFailed]) -> None:
        """A refusal counts towards the payer's hour and day."""
        await self.label_payment(ctx, port.LabelPayment())

    async def on_payment_disputed(
        self, ctx: Context, event: Received[models.PaymentDisputed]
    ) -> None:
        """The label of payment-risk turns to bad."""
        await self.label_payment(ctx, port.LabelPayment())

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """Fewer seats are the feature that churn is told by most."""
        await self.label_churn(ctx, port.LabelChurn())

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """The organisation becomes a positive label of churn for the sixty days before."""
        await self.label_churn(ctx, port.LabelChurn())


def believed(sample: Sample, ctx: Context) -> bool:
    """Whether a label may be learnt from: one of a dispute only after thirty days."""
    wait = timedelta(days=30)
    return sample.disputed_at is None or sample.disputed_at + wait <= ctx.now


def _event(ctx: Context) -> Event:
    if ctx.cause is None:
        raise NOT_FOUND("subjects are known by events alone")
    return ctx.cause
