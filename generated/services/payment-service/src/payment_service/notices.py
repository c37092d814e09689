"""What comes from outside: providers' notifications, models of risk, and keys."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import UNAVAILABLE, breaks_rule
from cloudsync_chassis.providers.secrets import SCHEME
from cloudsync_chassis.store.system import inbox
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from .generated import models, port, problems, tables
from .ledger import itself
from .methods import Methods
from .provider import ProviderUnavailableError

RISK_MODEL = "payment-risk"
PROVIDER_KEYS = {
    "payment-service/provider-main": models.PaymentProvider.main,
    "payment-service/provider-standby": models.PaymentProvider.standby,
}
"""Where secret-service keeps the keys of the providers."""

_FRESH = timedelta(minutes=5)
_PAYMENTS = models.PaymentStatus
_REFERENCE = Field(pattern="^[a-z]{2,4}_[A-Za-z0-9]{14,64}$", max_length=69)

log = logger("notices")


class Notice(BaseModel):
    """What a provider says once its signature holds; `reference` is a payment's or a refund's."""

    type: Literal[
        "proof.succeeded",
        "proof.failed",
        "refund.succeeded",
        "refund.failed",
        "dispute.opened",
        "dispute.won",
        "dispute.lost",
        "mandate.confirmed",
    ]
    reference: Annotated[str, _REFERENCE] | None = None
    case: Annotated[str, _REFERENCE] | None = None
    method: UUID | None = None
    amount: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    reason: Annotated[str, Field(pattern="^[0-9]{2}(\\.[0-9]{1,2})?$")] | None = None
    due: AwareDatetime | None = None


class Notices(Methods):
    """Believes nobody without a signature."""

    async def receive_provider_notification(
        self, ctx: Context, request: port.ReceiveProviderNotification
    ) -> None:
        """Turn a signed notification into what it means; a known delivery changes nothing.

        Raises:
            Problem: `signature-invalid`, `rule-broken`.
        """
        sent = request.body
        provider = self.providers[sent.provider]
        try:
            content = base64.b64decode(sent.body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise problems.SIGNATURE_INVALID("the body is not Base64") from error
        text = f"{sent.delivery_id}.{int(sent.signed_at.timestamp())}.".encode() + content
        fresh = abs(ctx.now - sent.signed_at) <= _FRESH
        if not provider.signed(text, sent.signature) or not fresh:
            raise problems.SIGNATURE_INVALID("the signature does not fit, or is too old")
        try:
            notice = Notice.model_validate_json(content)
        except ValidationError as error:
            raise breaks_rule("not a notification of ours", pointer="/body") from error
        if await self._first_time(ctx, sent.provider, sent.delivery_id):
            await self._carry_out(ctx, notice)

    async def _first_time(
        self, ctx: Context, provider: models.PaymentProvider, delivery: str
    ) -> bool:
        """Note a delivery in the transaction of what it does."""
        known = {"consumer": f"provider:{provider.value}", "event_id": delivery}
        connection = await ctx.unit.connection()
        wanted = [inbox.c[name] == each for name, each in known.items()]
        if await connection.scalar(sa.select(inbox.c.event_id).where(*wanted)):
            return False
        await connection.execute(sa.insert(inbox).values(**known, handled_at=ctx.now))
        return True

    async def _carry_out(self, ctx: Context, notice: Notice) -> None:
        table: sa.Table = tables.payments
        column, value = table.c.provider_reference, notice.reference or notice.case
        if notice.type.startswith("refund."):
            table = tables.refunds
            column = table.c.refund_reference
        if notice.type in ("dispute.won", "dispute.lost"):
            table = tables.disputes
            column, value = table.c.case_reference, notice.case
        if notice.type == "mandate.confirmed":
            await self._confirm_mandate(ctx, notice)
            return
        statement = sa.select(table.c.organization_id, table.c.id).where(column == value)
        row = (await (await ctx.unit.connection()).execute(statement)).first()
        if row is None or value is None:
            log.info("notice_of_something_unknown", type=notice.type)
            return
        inside = itself(ctx.within(row.organization_id))
        if notice.type.startswith("proof."):
            await self._prove(inside, row.id, notice.type == "proof.succeeded")
        elif notice.type.startswith("refund."):
            await self._end_refund(inside, row.id, notice)
        else:
            await self._dispute(inside, row.id, notice)

    async def _prove(self, ctx: Context, key: UUID, yes: bool) -> None:
        payment = await self.payment.find(ctx, id=key)
        if payment is None or payment.status is not _PAYMENTS.requires_action:
            return
        payment = await self.proven(ctx, payment, yes)
        self.advance_later(ctx, payment)

    async def _end_refund(self, ctx: Context, key: UUID, notice: Notice) -> None:
        refund = await self.refund.find(ctx, id=key)
        if refund is None or refund.refund_status is not models.RefundStatus.sent:
            return
        if notice.type == "refund.failed" or notice.reference is None:
            await self.fail_refund(ctx, port.FailRefund(refund_id=key))
            return
        body = models.SettleRefundRequest(refund_reference=notice.reference)
        await self.settle_refund(ctx, port.SettleRefund(refund_id=key, body=body))

    async def _dispute(self, ctx: Context, key: UUID, notice: Notice) -> None:
        if notice.type == "dispute.won":
            case = await self.dispute.find(ctx, id=key)
            if case is not None and case.dispute_status is models.DisputeStatus.answered:
                await self.record_dispute_won(ctx, port.RecordDisputeWon(dispute_id=key))
            return
        if notice.type == "dispute.lost":
            case = await self.dispute.find(ctx, id=key)
            if case is not None and case.outcome is None:
                await self.record_dispute_lost(ctx, port.RecordDisputeLost(dispute_id=key))
            return
        payment = await self.payment.find(ctx, id=key)
        whole = (notice.case, notice.amount, notice.reason, notice.due)
        if payment is None or any(each is None for each in whole):
            raise breaks_rule("a dispute names case, amount, reason and deadline", pointer="/body")
        fields = {
            "paymentId": payment.id,
            "causeId": payment.cause_id,
            "caseReference": notice.case,
            "amountMinor": notice.amount,
            "currency": payment.currency,
            "networkReason": notice.reason,
            "evidenceDueAt": notice.due,
        }
        body = models.RegisterDisputeRequest.model_validate(fields, strict=False)
        await self.register_dispute(ctx, port.RegisterDispute(body=body))

    async def _confirm_mandate(self, ctx: Context, notice: Notice) -> None:
        table = tables.payment_methods
        statement = sa.select(table.c.organization_id).where(table.c.id == notice.method)
        tenant = await (await ctx.unit.connection()).scalar(statement)
        if tenant is None or notice.method is None:
            return
        inside = itself(ctx.within(tenant))
        method = await self.payment_method.find(inside, id=notice.method)
        waiting = models.PaymentMethodStatus.pending_verification
        if method is not None and method.method_status is waiting:
            request = port.VerifyPaymentMethod(payment_method_id=method.id)
            await self.verify_payment_method(inside, request)

    async def adopt_risk_model(self, ctx: Context, request: port.AdoptRiskModel) -> None:
        """Use the thresholds of a new version of our model."""
        if request.body.model_key == RISK_MODEL:
            self.risk.adopt(request.body.semver)

    async def restore_risk_thresholds(
        self, ctx: Context, request: port.RestoreRiskThresholds
    ) -> None:
        """Drop the thresholds of a version that was taken back."""
        told = request.body
        if told.model_key == RISK_MODEL:
            self.risk.drop(told.semver, told.previous_semver)

    async def adopt_provider_key(self, ctx: Context, request: port.AdoptProviderKey) -> None:
        """Fetch a provider's new key and use it once it has proven good.

        Raises:
            Problem: `unavailable`: the provider refuses the key; the old one stays.
        """
        name = PROVIDER_KEYS.get(request.body.path)
        if name is None:
            return
        version = request.body.current_version_number
        key = await self.runtime.secrets.get(SCHEME + request.body.path, version=version)
        try:
            await self.providers[name].adopt(key.get_secret_value())
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("the provider does not take the key") from error
        log.info("provider_key_adopted", provider=name.value, version=version)

    async def on_model_deployed(self, ctx: Context, event: Received[models.ModelDeployed]) -> None:
        """A new version of payment-risk brings its thresholds."""
        await self.adopt_risk_model(ctx, port.AdoptRiskModel(body=event.data))

    async def on_model_rolled_back(
        self, ctx: Context, event: Received[models.ModelRolledBack]
    ) -> None:
        """The thresholds before it count again."""
        await self.restore_risk_thresholds(ctx, port.RestoreRiskThresholds(body=event.data))

    async def on_secret_rotated(self, ctx: Context, event: Received[models.SecretRotated]) -> None:
        """The new key of a provider is used from now on."""
        await self.adopt_provider_key(ctx, port.AdoptProviderKey(body=event.data))
