"""What carriers say: receipts, how routes do by them, and words of those who want no texts."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from statistics import median
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest

from . import memory
from .generated import models, port, problems
from .texts import Texts

_DAY = timedelta(days=1)
_WINDOW = timedelta(minutes=10)
_OPEN_FOR = 120.0
_FEWEST = 10
_SAMPLE = 500
_PAGE = 200
_BAD, _GOOD = 0.6, 0.8
_STATES = models.SmsDeliveryState
_BREAKERS = models.RouteBreaker

log = logger("receipts")


class Receipts(Texts):
    """Receipts are matched by route and reference, whatever tenant they come in."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(
            aggregate="route-health",
            where={"breaker": "open"},
            since="updatedAt",
            after=_OPEN_FOR,
        )
        runtime.work.every(5.0, "probe-routes", self.probe_routes, due)
        old = Due(aggregate=memory.ATTEMPTS.name, since="submittedAt", after=90_000.0)
        runtime.work.every(3600.0, "forget-attempts", self.forget_attempts, old)

    async def record_carrier_receipt(
        self, ctx: Context, request: port.RecordCarrierReceipt
    ) -> None:
        """Settle the text of a receipt; once, and whichever route it was submitted to.

        Of the queue an unknown one is tried again for a day and then dropped.

        Raises:
            Problem: `receipt-unknown`.
        """
        body = request.body
        same = {"route": str(body.route), "carrierReference": body.carrier_reference}
        attempt = await self.attempts.find(ctx.within(PLATFORM), **same)
        if attempt is None:
            if ctx.cause is None:
                raise problems.RECEIPT_UNKNOWN("no text has this reference")
            if ctx.now - body.occurred_at < _DAY:
                await self.runtime.queues.send(
                    ctx, "notify.sms.receipt.retry", "record-carrier-receipt", {"body": body}
                )
            else:
                log.warning("receipt_dropped", route=str(body.route))
            return
        if attempt.ok is not None:
            return
        final = (_STATES.delivered, _STATES.undelivered, _STATES.rejected)
        if body.state in final:
            await self._settle(ctx, attempt, body)

    async def _settle(
        self, ctx: Context, attempt: memory.Attempt, body: models.CarrierReceipt
    ) -> None:
        ok = body.state == _STATES.delivered
        passed = max(0.0, (body.occurred_at - attempt.submitted_at).total_seconds())
        noted = {"ok": ok, "latencyMs": int(min(passed, 3600) * 1000)}
        await self.attempts.rewrite(ctx.within(PLATFORM), attempt, noted)
        route, country = attempt.route, attempt.destination
        self.metrics.sms_receipt_seconds(passed, country=country, route=route)
        await self.observe(route, country, ok, ctx)
        inside = ctx.within(attempt.tenant)
        text = await self.sms_message.find(inside, id=attempt.sms_id)
        if text is None:
            return
        text = await self._returned(inside, text, attempt, ok)
        if text.delivery_state != _STATES.submitted or str(text.route) != route:
            return
        settled = max(body.occurred_at, text.submitted_at or body.occurred_at)
        fields: dict[str, Any] = {"occurredAt": settled}
        if ok:
            latency = int((settled - text.created_at).total_seconds() * 1000)
            fields["latencyMs"] = max(0, min(latency, 604_800_000))
            await self.sms_message.transition(inside, "settle-sms-delivered", text.id, fields)
            return
        fields["bounceKind"] = body.bounce_kind or models.BounceKind.undelivered
        if body.carrier_error_code is not None:
            fields["carrierErrorCode"] = body.carrier_error_code
        await self.sms_message.transition(inside, "settle-sms-undelivered", text.id, fields)

    async def _returned(
        self, ctx: Context, text: models.SmsMessage, attempt: memory.Attempt, ok: bool
    ) -> models.SmsMessage:
        """A code that arrived by the route that was given up for it: as if it had not been."""
        on_the_way = text.delivery_state in (_STATES.accepted, _STATES.throttled, _STATES.submitted)
        if not ok or not on_the_way or str(text.route) == attempt.route:
            return text
        fields = {
            "deliveryState": _STATES.submitted,
            "route": attempt.route,
            "carrierReference": attempt.carrier_reference,
            "submittedAt": attempt.submitted_at,
        }
        return await self.sms_message.rewrite(ctx, text, fields)

    async def observe_route(self, ctx: Context, request: port.ObserveRoute) -> None:
        """Begin to count receipts of a route in a country, once."""
        await self._health(ctx.within(PLATFORM), str(request.body.route_name), request.body)

    async def _health(
        self, ctx: Context, route: str, body: models.ObserveRouteRequest
    ) -> models.RouteHealth:
        same = {"routeName": route, "destination": body.destination}
        found = await self.route_health.find(ctx, **same)
        if found is not None:
            return found
        return await self.route_health.create(ctx, "observe-route", same)

    async def observe(self, route: str, country: str, ok: bool, ctx: Context) -> None:
        """Work out anew how a route does in a country, from its last ten minutes, and open or close
        its breaker by it. A refused submission counts as a failure.
        """
        platform = ctx.within(PLATFORM)
        body = models.ObserveRouteRequest(route_name=models.SmsRoute(route), destination=country)
        health = await self._health(platform, route, body)
        refused = await self.counted(
            platform, f"refused:{route}:{country}", _WINDOW, by=0 if ok else 1
        )
        oks, latencies = 0, []
        number = 0
        query = ListQuery(
            PageRequest(_SAMPLE, "-createdAt"), {"route": route, "destination": country}
        )
        for each in (await self.attempts.repository.select(platform, query)).items:
            if each.ok is None or each.submitted_at < ctx.now - _WINDOW:
                continue
            number += 1
            oks += each.ok
            latencies.append(each.latency_ms or 0)
        lost = max(0, refused - (number - oks))
        total = number + lost
        fields = {
            "successRatio": round(oks / total, 4) if total else 1.0,
            "medianLatencyMs": int(median(latencies)) if latencies else 0,
            "sampleSize": total,
        }
        health = await self.route_health.rewrite(platform, health, fields)
        await self._turn(platform, health)

    async def _turn(self, ctx: Context, health: models.RouteHealth) -> None:
        """Open the breaker of a route that loses texts, close that of one that recovered."""
        ratio, breaker = health.success_ratio, health.breaker
        enough = health.sample_size >= _FEWEST or breaker == _BREAKERS.half_open
        if ratio < _BAD and enough and breaker != _BREAKERS.open:
            await self._move(ctx, health, "open-route-breaker")
        elif ratio >= _GOOD and breaker == _BREAKERS.half_open:
            await self._move(ctx, health, "close-route-breaker")

    async def _move(self, ctx: Context, health: models.RouteHealth, command: str) -> None:
        log.warning("route_breaker", command=command, route=str(health.route_name))
        await self.route_health.transition(ctx, command, health.id)

    async def probe_routes(self, ctx: Context) -> None:
        """Let a text in twenty try what was passed over for two minutes."""
        due = {"updatedAt": ctx.now - timedelta(seconds=_OPEN_FOR)}
        for each in [one async for one in self.route_health.each(ctx, due, breaker="open")]:
            await self.probe_route(ctx, port.ProbeRoute(route_health_id=each.id))

    async def forget_attempts(self, ctx: Context) -> None:
        """Drop what no receipt comes for any more, some thousand a round."""
        due, number = {"submittedAt": ctx.now - timedelta(hours=25)}, 0
        async for each in self.attempts.each(ctx, due):
            await self.attempts.remove(ctx, each)
            number += 1
            if number == 5000:
                return

    async def get_route_health(
        self, ctx: Context, request: port.GetRouteHealth
    ) -> Page[models.RouteHealth]:
        """The routes of a country, or of all."""
        return await super().get_route_health(ctx.within(PLATFORM), request)

    async def record_inbound_keyword(
        self, ctx: Context, request: port.RecordInboundKeyword
    ) -> None:
        """Keep that a number wants no more texts, and tell each organisation that wrote to it."""
        body, platform = request.body, ctx.within(PLATFORM)
        if await self.opt_out.find(platform, phoneHash=body.phone_hash) is not None:
            return
        made = await self.opt_out.telling().create(platform, "record-inbound-keyword", body)
        tenants = [
            each.tenant async for each in self.numbered.each(platform, phoneHash=body.phone_hash)
        ]
        for tenant in tenants or [ctx.tenant]:
            await self.opt_out.announce(ctx.within(tenant), "recipient-opted-out", made)

    async def withdraw_opt_out(self, ctx: Context, request: port.WithdrawOptOut) -> None:
        """The holder of a number wants texts again."""
        await super().withdraw_opt_out(ctx.within(PLATFORM), request)

    async def lookup_delivery(
        self, ctx: Context, request: port.LookupDelivery
    ) -> models.SmsLookupPage:
        """What became of the organisation's texts to a number on a day (UTC), latest first."""
        body = request.body
        begin = datetime.combine(body.day, time(), UTC)
        after = self.runtime.cursors.decode(body.cursor) if body.cursor else None
        query = ListQuery(
            PageRequest(_PAGE, "-createdAt", after),
            {"phoneHash": body.phone_hash},
            due={"createdAt": begin + _DAY - timedelta(microseconds=1)},
        )
        page = await self.sms_message.repository.select(ctx, query)
        items = [each for each in page.items if each.created_at >= begin]
        answer: dict[str, Any] = {
            "items": [
                {
                    "occurredAt": each.created_at,
                    "smsId": each.id,
                    "purpose": each.purpose,
                    "deliveryState": each.delivery_state,
                    **({"route": each.route} if each.route else {}),
                    **(
                        {"carrierErrorCode": each.carrier_error_code}
                        if each.carrier_error_code
                        else {}
                    ),
                }
                for each in items
            ]
        }
        if page.following is not None and len(items) == len(page.items):
            answer["nextCursor"] = self.runtime.cursors.encode(page.following)
        return models.SmsLookupPage.model_validate(answer, strict=False)
