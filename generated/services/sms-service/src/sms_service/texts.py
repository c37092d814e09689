"""Texts: taken in, judged, filled, held back, submitted, tried on another route, given up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from cloudsync_chassis import daily
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import CONDITION_NOT_MET, FORBIDDEN, ProblemType
from cloudsync_chassis.runtime import Runtime

from . import alphabet, world
from .base import Base, Bucket
from .generated import models, port, problems

SUBMIT = "submit-texts"
_MANY = 200
_HOUR = timedelta(hours=1)
_TEN_MINUTES = 600.0
_PER_TENANT = 600
"""Texts of an organisation in an hour, where its plan says nothing else."""

_NUMERIC_SENDER = "26787"
_PREFIX = 10
"""`+` and the first nine digits."""

_STATES = models.SmsDeliveryState
_FAILURES = models.DeliveryFailure
_REFUSALS: Mapping[models.DeliveryFailure, ProblemType] = {
    _FAILURES.country_not_enabled: problems.COUNTRY_NOT_ENABLED,
    _FAILURES.recipient_opted_out: problems.RECIPIENT_OPTED_OUT,
    _FAILURES.risk_too_high: problems.RISK_TOO_HIGH,
}

log = logger("texts")


@dataclass(frozen=True, slots=True)
class Way:
    """A route that would carry a text, and what a segment costs on it (millionths of USD)."""

    route: str
    price: int


class Texts(Base):
    """From an order to a carrier."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._looked_at: dict[UUID, frozenset[UUID]] = {}
        waiting = {"deliveryState": ("accepted", "throttled")}
        due = Due(aggregate="sms-message", where=waiting)
        runtime.work.every(1.0, SUBMIT, self.submit_texts, due)
        after = self.settings.reroute_after
        late = Due(
            aggregate="sms-message",
            where={"deliveryState": "submitted", "purpose": "oneTimeCode"},
            since="submittedAt",
            after=after,
        )
        runtime.work.every(2.0, "reroute-codes", self.reroute_codes, late)

    async def send_sms(self, ctx: Context, request: port.SendSms) -> None:
        """Take an order. What the rules forbid is kept as rejected, and told.

        Somebody who asks directly is refused besides; an order of the queue has been dealt with.

        Raises:
            Problem: `country-not-enabled`, `recipient-opted-out`, `risk-too-high`;
                `condition-not-met` where no words count or a variable is missing.
        """
        if ctx.cause is not None:
            await self.accept(ctx, request.body)
            return
        if "workload" not in ctx.principal.roles:
            raise FORBIDDEN("texts are ordered by services")
        # what is raised undoes this transaction, so the text is kept by one of its own
        failure = await self.run(ctx.tenant, lambda inside: self.accept(inside, request.body))
        if failure is None:
            return
        raise _REFUSALS[failure]("the text was rejected")

    async def accept(
        self, ctx: Context, body: models.SendSmsRequest, user_id: UUID | None = None
    ) -> models.DeliveryFailure | None:
        """A text that waits for a carrier; or a rejected one, and why."""
        fields = await self._shaped(ctx, body)
        failure = await self._against(ctx, body.purpose, fields)
        if failure is not None:
            rejected = {**fields, "deliveryState": _STATES.rejected, "failure": failure}
            made = await self.sms_message.insert(ctx, rejected)
            await self.sms_message.announce(ctx, "sms-failed", made)
            self.metrics.sms_blocked_total(cause=str(failure))
        else:
            made = await self.sms_message.create(ctx, "send-sms", fields)
            await self._count_neighbours(ctx, fields["phoneNumber"])
            self.runtime.work.wake(ctx, SUBMIT)
        if user_id is not None:
            await self.sent.insert(ctx, {"userId": user_id, "smsId": made.id})
        platform, same = ctx.within(PLATFORM), {"phoneHash": made.phone_hash, "tenant": ctx.tenant}
        if await self.numbered.find(platform, **same) is None:
            await self.numbered.insert(platform, same)
        return failure

    async def _shaped(self, ctx: Context, body: models.SendSmsRequest) -> dict[str, Any]:
        """The fields of a text that has its words, its segments and its risk.

        Raises:
            Problem: `condition-not-met`.
        """
        words = await self.words(ctx, body.template_key, body.locale or "en")
        if words is None:
            raise CONDITION_NOT_MET("no words of this key are published")
        variables = {name: each.root for name, each in body.variables.items()}
        missing = sorted(set(words.pieces[1::2]) - set(variables))
        if missing:
            raise CONDITION_NOT_MET(f"variables are missing: {', '.join(missing)}")
        text = alphabet.filled(words.pieces, variables)
        shape = alphabet.shape_of(text)
        if not text or shape.segments > 6:
            raise CONDITION_NOT_MET("the text is empty or longer than six segments")
        number = body.phone_number
        country = alphabet.country_of(number)
        policy = await self._policy(ctx, country) if country else None
        code = body.purpose == models.SmsPurpose.one_time_code
        return {
            "purpose": body.purpose,
            "phoneNumber": number,
            "phoneHash": self.digest_of(number),
            "countryCode": country or "ZZ",
            "senderIdentity": (
                "CloudSync" if policy and policy.alpha_sender_allowed else _NUMERIC_SENDER
            ),
            "encodingKind": shape.encoding,
            "textBody": text,
            "segmentCount": shape.segments,
            "validitySeconds": min(body.validity_seconds, 600) if code else body.validity_seconds,
            "riskScore": await self._risk(ctx, number, country),
        }

    async def _policy(self, ctx: Context, country: str) -> models.CountryPolicy | None:
        return await self.country_policy.find(ctx.within(PLATFORM), country=country)

    async def _against(
        self, ctx: Context, purpose: models.SmsPurpose, fields: Mapping[str, Any]
    ) -> models.DeliveryFailure | None:
        """Which of the three rules forbids a text."""
        policy = await self._policy(ctx, fields["countryCode"])
        if policy is None or purpose not in policy.enabled_purposes:
            return _FAILURES.country_not_enabled
        if policy.suspended_until is not None and policy.suspended_until > ctx.now:
            return _FAILURES.country_not_enabled
        out = await self.opt_out.find(ctx.within(PLATFORM), phoneHash=fields["phoneHash"])
        if out is not None and purpose in out.purposes:
            return _FAILURES.recipient_opted_out
        if fields["riskScore"] >= self.settings.risk_limit:
            return _FAILURES.risk_too_high
        return None

    async def _risk(self, ctx: Context, number: str, country: str | None) -> int:
        """0 to 100: who earns by texts to the number, and how many went to its neighbours lately."""
        if alphabet.is_premium(number) or country is None:
            return 100
        name = f"neighbours:{number[:_PREFIX]}"
        recent = await self.counted(ctx.within(PLATFORM), name, _HOUR, by=0)
        most = self.settings.neighbours_per_hour
        return 90 if recent >= most else round(60 * recent / most)

    async def _count_neighbours(self, ctx: Context, number: str) -> None:
        await self.counted(ctx.within(PLATFORM), f"neighbours:{number[:_PREFIX]}", _HOUR)

    async def submit_texts(self, ctx: Context) -> None:
        """Bring what waits a step on, codes before all else; each in transactions of its own.

        Where more waits than a round looks at, the next one goes on with the rest: what is held back
        stands in nobody's way.
        """
        tenant = ctx.tenant
        before = self._looked_at.pop(tenant, frozenset())

        async def due(inside: Context) -> list[UUID]:
            found: list[UUID] = []
            for purpose in models.SmsPurpose:
                waiting = self.sms_message.each(
                    inside, deliveryState=("accepted", "throttled"), purpose=purpose
                )
                async for each in waiting:
                    if each.id not in before:
                        found.append(each.id)
                    if len(found) == _MANY:
                        return found
            return found

        keys = await self.run(tenant, due)
        if len(keys) == _MANY:
            self._looked_at[tenant] = before.union(keys)
        for key in keys:
            try:
                await self._submit(tenant, key)
            except Exception as error:
                # one text that nobody can send stops no other; it ends with its validity
                log.error("text_failed", sms_id=str(key), error=error)

    async def _submit(self, tenant: UUID, key: UUID) -> None:
        ready = await self.run(tenant, partial(self._prepared, key=key))
        if ready is None:
            return
        text, ways, number = ready
        for way in ways:
            name = f"{text.id}-{number}"
            try:
                taken = await self.world.carriers.submit(
                    way.route, name, text.phone_number, text.sender_identity, text.text_body
                )
            except world.CarrierError as error:
                log.warning("not_submitted", route=way.route, error=error)
                await self.run(PLATFORM, partial(self.observe, way.route, text.country_code, False))
                continue
            await self.run(tenant, partial(self._submitted, text, way, taken))
            return

    async def _prepared(
        self, ctx: Context, key: UUID
    ) -> tuple[models.SmsMessage, list[Way], int] | None:
        """A text that may leave now, the ways that it can take, and how often it was submitted."""
        text = await self.sms_message.find(ctx, id=key)
        if text is None or text.delivery_state not in (_STATES.accepted, _STATES.throttled):
            return None
        throttled = text.delivery_state == _STATES.throttled
        if text.created_at + timedelta(seconds=text.validity_seconds) <= ctx.now:
            failure = _FAILURES.expired if throttled else _FAILURES.no_healthy_route
            await self.sms_message.transition(ctx, "expire-sms", key, {"failure": failure})
            return None
        fields = {"countryCode": text.country_code, "phoneHash": text.phone_hash, "riskScore": 0}
        reason = await self._against(ctx, text.purpose, fields)
        if reason is not None:
            if throttled:
                await self.sms_message.transition(ctx, "resume-sms", key)
            await self.sms_message.transition(ctx, "reject-sms", key, {"failure": reason})
            self.metrics.sms_blocked_total(cause=str(reason))
            return None
        if await self._quiet(ctx, text):
            return None
        made = [each async for each in self.attempts.each(ctx.within(PLATFORM), smsId=key)]
        ways = await self._ways(ctx, text, {each.route for each in made})
        if not ways:
            return None
        if not made and not await self._tokens(ctx, text):
            if not throttled:
                await self.sms_message.transition(ctx, "throttle-sms", key)
            return None
        if throttled:
            text = await self.sms_message.transition(ctx, "resume-sms", key)
        return text, ways, len(made) + 1

    async def _quiet(self, ctx: Context, text: models.SmsMessage) -> bool:
        """Whether the country wants silence now, which holds back neither codes nor warnings."""
        urgent = (models.SmsPurpose.one_time_code, models.SmsPurpose.security_alert)
        policy = await self._policy(ctx, text.country_code)
        if policy is None or text.purpose in urgent:
            return False
        if policy.quiet_from is None or policy.quiet_to is None:
            return False
        zone = alphabet.ZONES.get(policy.country, "UTC")
        return daily.ends(ctx.now, policy.quiet_from, policy.quiet_to, zone) is not None

    async def _tokens(self, ctx: Context, text: models.SmsMessage) -> bool:
        """Whether number, country and organisation each have a token left; takes one of each."""
        platform = ctx.within(PLATFORM)
        policy = await self._policy(ctx, text.country_code)
        cap = policy.hourly_cap if policy is not None else 0
        most = self.settings.texts_per_number
        return await self.take_tokens(
            (
                Bucket(platform, f"number:{text.phone_hash}", most, _TEN_MINUTES),
                Bucket(platform, f"country:{text.country_code}", cap, 3600.0),
                Bucket(ctx, "organization", _PER_TENANT, 3600.0),
            )
        )

    async def _ways(self, ctx: Context, text: models.SmsMessage, used: set[str]) -> list[Way]:
        """The routes below the country's price cap whose breakers let the text through, the
        cheapest first; of a route that is probed one text in twenty.
        """
        found = await self.ways_to(ctx, text.country_code, used)
        return [way for way, breaker in found if breaker != "halfOpen" or text.id.int % 20 == 0]

    async def ways_to(self, ctx: Context, country: str, used: set[str]) -> list[tuple[Way, str]]:
        """All usable routes to a country with their breakers, the cheapest first."""
        policy = await self._policy(ctx, country)
        preferred = policy.preferred_routes if policy is not None else list(models.SmsRoute)
        cap = policy.max_price_per_segment_micros if policy is not None else 5_000_000
        found: list[tuple[Way, str]] = []
        for route in map(str, preferred):
            price = self.world.carriers.price(route, country)
            if price is None or price > cap or route in used:
                continue
            health = await self.route_health.find(
                ctx.within(PLATFORM), routeName=route, destination=country
            )
            breaker = str(health.breaker) if health is not None else "closed"
            if breaker != "open":
                found.append((Way(route, price), breaker))
        return sorted(found, key=lambda each: (each[0].price, each[0].route))

    async def _submitted(
        self, text: models.SmsMessage, way: Way, reference: str, ctx: Context
    ) -> None:
        found = await self.sms_message.find(ctx, id=text.id)
        if found is None or found.delivery_state != _STATES.accepted:
            return
        cost = min(way.price * text.segment_count, 5_000_000)
        fields = {"route": way.route, "carrierReference": reference, "costMicros": cost}
        await self.sms_message.transition(ctx, "submit-sms", text.id, fields)
        attempt = {
            "route": way.route,
            "carrierReference": reference,
            "destination": text.country_code,
            "smsId": text.id,
            "tenant": ctx.tenant,
            "submittedAt": ctx.now,
        }
        await self.attempts.insert(ctx.within(PLATFORM), attempt)
        country, route = text.country_code, way.route
        self.metrics.sms_submitted_total(purpose=str(text.purpose), country=country, route=route)
        self.metrics.sms_cost_micros_total(cost, country=country, route=route)
        queue = "otp" if text.purpose == models.SmsPurpose.one_time_code else "alert"
        seconds = max(0.0, (ctx.now - text.created_at).total_seconds())
        self.metrics.sms_submission_seconds(seconds, queue=queue)

    async def reroute_codes(self, ctx: Context) -> None:
        """Take up again each code without a receipt for twenty seconds that has another route."""
        due = {"submittedAt": ctx.now - timedelta(seconds=self.settings.reroute_after)}
        where = {"deliveryState": "submitted", "purpose": "oneTimeCode"}
        late = [each async for each in self.sms_message.each(ctx, due, **where)][:_MANY]
        for text in late:
            request = port.RerouteSms(sms_message_id=text.id)
            if text.created_at + timedelta(seconds=text.validity_seconds) > ctx.now:
                await self.reroute_sms(ctx, request)

    async def reroute_sms(self, ctx: Context, request: port.RerouteSms) -> None:
        """Try the second route; where none is left the first may still deliver."""
        text = await self.sms_message.get(ctx, request.sms_message_id)
        made = [each async for each in self.attempts.each(ctx.within(PLATFORM), smsId=text.id)]
        if len(made) >= 2 or not await self._ways(ctx, text, {each.route for each in made}):
            return
        await super().reroute_sms(ctx, request)
        self.runtime.work.wake(ctx, SUBMIT)

    @abstractmethod
    async def observe(self, route: str, country: str, ok: bool, ctx: Context) -> None:
        """Count what a route did to a text; `Receipts` knows how."""
