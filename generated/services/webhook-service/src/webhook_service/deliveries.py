"""Deliveries: matched, signed, called, tried again, replayed."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from cloudsync_chassis import clock, ids
from cloudsync_chassis.aggregate.rules import Rule
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event, Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import UNAVAILABLE, breaks_rule
from cloudsync_chassis.runtime import Runtime
from pydantic_core import to_jsonable_python

from .egress import Answer
from .endpoints import Endpoints, headers_of
from .facts import FACTS, Data, Fact, fact_of
from .generated import models, port, problems, webhooks
from .notes import kept_upload

API_VERSION = "2025-11-01"
DISPATCH = "dispatch-deliveries"
"""The job that calls; what a fact leaves behind wakes it."""

TEST = UUID("01890000-0000-7000-8000-000000007e57")
"""Stands in `replayId` of test deliveries, which are no replay's."""

_STATES = models.EndpointState
_OUTCOMES = models.DeliveryOutcome
_DAY, _HOUR, _LOST = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_TOGETHER = timedelta(seconds=2)
_LARGEST = 262_144
_STEP = 10
"""Deliveries that a replay puts on the wheel at once, a tenth of the usual pace."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")

log = logger("deliveries")


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that one worker has taken to call with, and the keys that sign the call."""

    delivery: models.WebhookDelivery
    endpoint: models.WebhookEndpoint
    keys: list[bytes]


class Deliveries(Endpoints):
    """What goes out."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        going = Due(aggregate="replay-job", where={"progress": models.ReplayProgress.running.value})
        lost = Due(
            aggregate="webhook-delivery",
            where={"outcome": _OUTCOMES.sending.value},
            since="updatedAt",
            after=_LOST.total_seconds(),
        )
        runtime.work.every(1.0, "walk-replays", self.walk_replays, going)
        runtime.work.every(30.0, "recover-deliveries", self.recover_sending, lost)

    async def match_event(self, ctx: Context, request: port.MatchEvent) -> None:
        """Make a delivery of the event that runs for each endpoint that wants it."""
        event = ctx.cause
        fact = fact_of(event.type) if event is not None else None
        if event is not None and fact is not None:
            await self._match(ctx, fact, event, event.data)

    async def _match(self, ctx: Context, fact: Fact, event: Event, data: Data) -> None:
        states = (_STATES.active, _STATES.failing, _STATES.paused)
        async for endpoint in self.webhook_endpoint.each(ctx, eventTypes=fact.name, state=states):
            known = {"endpointId": endpoint.id, "eventId": event.id}
            if await self.webhook_delivery.find(ctx, **known) is not None:
                continue
            seen = {"event": {"type": fact.name, "data": to_jsonable_python(fact.data(data))}}
            if endpoint.condition and not _rule(endpoint.condition).holds(**seen):
                continue
            if fact.name == "document.updated" and await self._joined(ctx, endpoint, fact, data):
                continue
            await self._waiting(ctx, "match-event", endpoint, fact, (event.id, event.time), data)

    async def _joined(
        self, ctx: Context, endpoint: models.WebhookEndpoint, fact: Fact, data: Data
    ) -> bool:
        """Whether the fact went into one about the same thing that has waited for a moment."""
        about = fact.about(data)
        async for each in self.webhook_delivery.each(
            ctx, endpointId=endpoint.id, orderingKey=about, outcome=_OUTCOMES.waiting
        ):
            if each.attempt == 0 and each.created_at + _TOGETHER > ctx.now:
                envelope = json.loads(each.signed_body)
                first = envelope["data"].get("fromSequence")
                envelope["data"] = fact.data(data, endpoint.payload_style is _THIN)
                if first is not None:
                    envelope["data"]["fromSequence"] = first
                body = _text(envelope)
                changes = {"signedBody": body, "payloadBytes": len(body.encode())}
                await self.webhook_delivery.rewrite(ctx, each, changes)
                return True
        return False

    async def _waiting(
        self,
        ctx: Context,
        command: str,
        endpoint: models.WebhookEndpoint,
        fact: Fact,
        source: tuple[UUID, datetime],
        data: Data,
        replay: UUID | None = None,
    ) -> models.WebhookDelivery:
        """A delivery whose body will be signed byte for byte."""
        about = fact.about(data)
        sequence = 1 + await self.webhook_delivery.count(
            ctx, endpointId=endpoint.id, orderingKey=about
        )
        envelope = {
            "id": source[0],
            "type": fact.name,
            "apiVersion": API_VERSION,
            "occurredAt": source[1],
            "organizationId": ctx.tenant,
            "endpointId": endpoint.id,
            "sequence": sequence,
            "data": fact.data(data, endpoint.payload_style is _THIN),
        }
        body = _text(envelope)
        if len(body.encode()) > _LARGEST:
            envelope["data"] = fact.data(data, thin=True)
            body = _text(envelope)
        pause = _TOGETHER if fact.name == "document.updated" and replay is None else timedelta()
        fields = {
            "eventId": source[0],
            "eventType": fact.name,
            "nextAttemptAt": ctx.now + pause,
            "payloadBytes": len(body.encode()),
            "signedBody": body,
            "orderingKey": about,
            "sequence": sequence,
            **({"replayId": replay} if replay else {}),
        }
        self.runtime.work.wake(ctx, DISPATCH)
        return await self.webhook_delivery.create(ctx, command, fields, endpointId=endpoint.id)

    async def await_scan(self, ctx: Context, request: port.AwaitScan) -> None:
        """Keep the facts of an upload until its verdict, for a day."""
        note = {
            "at": ctx.now.isoformat(),
            "data": to_jsonable_python(to_record(request.body)),
        }
        self.notes.keep(ctx.tenant, f"upload-{request.body.file_id}", note)

    async def send_test_delivery(
        self, ctx: Context, request: port.SendTestDelivery
    ) -> models.WebhookDelivery:
        """The documented example of an event, at once.

        Raises:
            Problem: `endpoint-disabled`, `test-limit-reached`, `rule-broken`.
        """
        endpoint = await self.webhook_endpoint.get(ctx, request.endpoint_id)
        if endpoint.state not in (_STATES.active, _STATES.failing):
            raise problems.ENDPOINT_DISABLED(f"the endpoint is {endpoint.state.value}")
        name = request.body.event_type
        if name not in [each.root for each in endpoint.event_types]:
            raise breaks_rule("the endpoint does not subscribe to it", pointer="/eventType")
        recent = 0
        async for each in self.webhook_delivery.each(ctx, endpointId=endpoint.id, replayId=TEST):
            recent += each.created_at + _HOUR > ctx.now
        if recent >= self.settings.test_calls_per_hour:
            problem = problems.TEST_LIMIT_REACHED("ten tests within the hour")
            problem.headers = {"Retry-After": "3600"}
            raise problem
        fact, source = FACTS[name], (ids.uuid7(), ctx.now)
        return await self._waiting(
            ctx, "send-test-delivery", endpoint, fact, source, fact.example, TEST
        )

    async def dispatch_delivery(self, ctx: Context, request: port.DispatchDelivery) -> None:
        """Sign and call, and settle, retry or exhaust by the answer.

        Raises:
            Problem: `unavailable`: no key can be had; the delivery waits.
        """
        taken = await self.taken(ctx, request.body.delivery_id)
        if taken is None:
            return
        await ctx.unit.commit()
        began = clock.now()
        await self.answered(ctx, taken, await self.called(taken, began), began)

    async def taken(self, ctx: Context, key: UUID) -> Taken | None:
        """Take a delivery, so that no other worker calls with it too; None: it is not to be sent.

        Raises:
            Problem: `unavailable`: no key can be had; the delivery waits.
        """
        delivery = await self.webhook_delivery.find(ctx, id=key)
        if delivery is None or delivery.outcome not in (_OUTCOMES.waiting, _OUTCOMES.retrying):
            return None
        endpoint = await self.webhook_endpoint.find(ctx, id=delivery.endpoint_id)
        last_word = delivery.event_type == "organization.deleted"
        paused = endpoint is not None and endpoint.state is _STATES.paused
        if paused and not last_word and delivery.created_at + _DAY > ctx.now:
            return None
        called = (_STATES.active, _STATES.failing)
        if endpoint is None or not (endpoint.state in called or (paused and last_word)):
            request_skip = port.SkipDelivery(webhook_delivery_id=delivery.id)
            await self.skip_delivery(ctx, request_skip)
            return None
        await ctx.unit.commit()
        try:
            keys = await self.keys_of(endpoint, ctx.now)
        except CallError as error:
            raise UNAVAILABLE("no signing key can be had") from error
        await self.webhook_delivery.transition(ctx, "dispatch-delivery", delivery.id)
        return Taken(delivery, endpoint, keys)

    async def called(self, taken: Taken, began: datetime) -> Answer:
        """Call the target; no transaction is needed for it."""
        body = taken.delivery.signed_body.encode()
        signed = _signed(taken.delivery, body, taken.keys, began)
        headers = {**headers_of(taken.endpoint), **signed}
        return await self.egress.post(taken.endpoint.target_url, headers, body)

    async def answered(self, ctx: Context, taken: Taken, answer: Answer, began: datetime) -> None:
        """Write down what came of a call, and what follows for delivery and endpoint."""
        delivery, endpoint = taken.delivery, taken.endpoint
        result = self._result(delivery, answer, began)
        await self.record_attempt(ctx, port.RecordAttempt(body=result))
        if answer.failure is None:
            settled = port.SettleDelivery(webhook_delivery_id=delivery.id, body=result)
            await self.settle_delivery(ctx, settled)
            present = await self.webhook_endpoint.find(ctx, id=endpoint.id)
            called = (_STATES.active, _STATES.failing)
            failed = present is not None and present.consecutive_failures > 0
            if failed and present is not None and present.state in called:
                success = port.RecordEndpointSuccess(webhook_endpoint_id=endpoint.id)
                await self.record_endpoint_success(ctx, success)
            return
        if result.attempt_number >= self._attempts():
            exhausted = port.ExhaustDelivery(webhook_delivery_id=delivery.id, body=result)
            await self.exhaust_delivery(ctx, exhausted)
        else:
            retried = port.RetryDelivery(webhook_delivery_id=delivery.id, body=result)
            await self.retry_delivery(ctx, retried)
        await self.count_endpoint_failure(ctx, port.CountEndpointFailure(body=result))
        present = await self.webhook_endpoint.find(ctx, id=endpoint.id)
        gone = answer.status == 410 and present is not None
        if gone and present is not None and present.state in (_STATES.active, _STATES.failing):
            await self.give_up(ctx, endpoint.id, models.DisabledReason.gone410)

    def _attempts(self) -> int:
        return len(webhooks.ATTEMPTS)

    def _result(
        self, delivery: models.WebhookDelivery, answer: Answer, began: datetime
    ) -> models.AttemptResult:
        number = delivery.attempt + 1
        excerpt = _CONTROL.sub(" ", answer.body.decode("utf-8", "replace"))[:1024]
        failed = answer.failure is not None and number < self._attempts()
        return models.AttemptResult(
            delivery_id=delivery.id,
            attempt_number=number,
            started_at=began,
            duration_ms=answer.duration_ms,
            http_status=answer.status,
            failure_kind=answer.failure,
            response_excerpt=excerpt or None,
            retry_at=self._again(delivery, number, answer, began) if failed else None,
        )

    def _again(
        self, delivery: models.WebhookDelivery, number: int, answer: Answer, now: datetime
    ) -> datetime:
        """When the next attempt is made: by the plan, with its jitter, never sooner than asked.

        The jitter is drawn from the delivery's id, so that all replicas agree.
        """
        drawn = hashlib.sha256(f"{delivery.id}:{number}".encode()).digest()
        share = 1 + webhooks.JITTER * (2 * int.from_bytes(drawn[:2], "big") / 0xFFFF - 1)
        planned = delivery.created_at + timedelta(seconds=webhooks.ATTEMPTS[number] * share)
        asked = 0
        if answer.status in (429, 503) and (answer.retry_after or "").isdecimal():
            asked = min(int(webhooks.RETRY_AFTER_AT_MOST), int(answer.retry_after or "0"))
        return max(planned, now + timedelta(seconds=max(asked, 1)))

    async def record_attempt(self, ctx: Context, request: port.RecordAttempt) -> None:
        """Write a call down; a delivery that is sent again counts from one again."""
        fields = {name: each for name, each in given(request.body).items() if name != "retryAt"}
        await self.delivery_attempt.insert(ctx, fields)

    async def replay_deliveries(
        self, ctx: Context, request: port.ReplayDeliveries
    ) -> models.ReplayJob:
        """Order a window to be sent again; what lies in it is counted now."""
        wish = request.body
        matched = 0
        async for each in self.webhook_delivery.each(ctx, endpointId=request.endpoint_id):
            matched += _meant(each, wish.from_time, wish.to_time, wish.event_types)
        fields = {**given(wish), "matched": matched}
        return await self.replay_job.create(
            ctx, "replay-deliveries", fields, endpointId=request.endpoint_id
        )

    async def walk_replays(self, ctx: Context) -> None:
        """Put the next deliveries of the tenant's replays on the wheel."""
        async for job in self.replay_job.each(ctx, progress=models.ReplayProgress.running):
            meant = [
                each
                async for each in self.webhook_delivery.each(ctx, endpointId=job.endpoint_id)
                if _meant(each, job.from_time, job.to_time, job.event_types)
            ][: job.matched]
            batch = meant[job.sent : job.sent + _STEP]
            for each in batch:
                copy = {
                    **to_record(each),
                    "id": ids.uuid7(),
                    "attempt": 0,
                    "outcome": _OUTCOMES.waiting,
                    "nextAttemptAt": ctx.now,
                    "replayId": job.id,
                }
                await self.webhook_delivery.insert(ctx, copy)
            sent = job.sent + len(batch)
            matched = job.matched if batch else sent
            job = await self.replay_job.rewrite(ctx, job, {"sent": sent, "matched": matched})
            if sent == matched:
                await self.finish_replay(ctx, port.FinishReplay(replay_job_id=job.id))
            self.runtime.work.wake(ctx, DISPATCH)

    async def recover_sending(self, ctx: Context) -> None:
        """Put back on the wheel what a worker took and never answered for."""
        silent = {"updatedAt": ctx.now - _LOST}
        async for each in self.webhook_delivery.each(ctx, silent, outcome=_OUTCOMES.sending):
            lost = Answer(10_000, failure=models.AttemptFailure.timeout)
            endpoint = await self.webhook_endpoint.find(ctx, id=each.endpoint_id)
            if endpoint is not None:
                await self.answered(ctx, Taken(each, endpoint, []), lost, each.updated_at)

    async def on_user_created(self, ctx: Context, event: Received[models.UserCreated]) -> None:
        """Becomes user.created; the digest of the address is kept for its erasure."""
        people = dict(self.notes.read(ctx.tenant, "people") or {})
        people[str(event.data.user_id)] = event.data.primary_email_hash
        self.notes.keep(ctx.tenant, "people", people)
        await self.match_event(ctx, port.MatchEvent())

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        """The last fact; then nothing leaves the tenant any more."""
        await self.match_event(ctx, port.MatchEvent())
        await self.pause_tenant_endpoints(ctx, port.PauseTenantEndpoints(body=event.data))

    async def on_document_updated(
        self, ctx: Context, event: Received[models.DocumentUpdated]
    ) -> None:
        """Becomes document.updated, at most one in two seconds and document."""
        await self.match_event(ctx, port.MatchEvent())

    async def on_file_uploaded(self, ctx: Context, event: Received[models.FileUploaded]) -> None:
        """Facts of the upload wait for the verdict."""
        await self.await_scan(ctx, port.AwaitScan(body=event.data))

    async def on_file_scanned(self, ctx: Context, event: Received[models.FileScanned]) -> None:
        """A clean verdict releases file.uploaded; every other one forgets the upload.

        Raises:
            Problem: `unavailable`: the upload has not come yet.
        """
        name = f"upload-{event.data.file_id}"
        clean = event.data.scan_verdict is models.ScanVerdict.clean
        upload = kept_upload(self.notes.read(ctx.tenant, name), ctx.now)
        if clean and upload is None:
            raise UNAVAILABLE("the upload is not known yet")
        if clean and upload is not None:
            data = {**upload, "scanVerdict": event.data.scan_verdict.value}
            await self._match(ctx, FACTS["file.uploaded"], event.event, data)
        ctx.unit.after_commit(lambda: self.notes.drop(ctx.tenant, name))

    async def on_task_completed(self, ctx: Context, event: Received[models.TaskCompleted]) -> None:
        """Becomes task.completed."""
        await self.match_event(ctx, port.MatchEvent())

    async def on_payment_processed(
        self, ctx: Context, event: Received[models.PaymentProcessed]
    ) -> None:
        """Becomes payment.processed, without anything of the card."""
        await self.match_event(ctx, port.MatchEvent())

    async def on_invoice_issued(self, ctx: Context, event: Received[models.InvoiceIssued]) -> None:
        """Becomes invoice.issued."""
        await self.match_event(ctx, port.MatchEvent())

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """Becomes subscription.changed; a smaller plan disables the youngest endpoints."""
        await self.match_event(ctx, port.MatchEvent())
        await self.enforce_endpoint_limit(ctx, port.EnforceEndpointLimit(body=event.data))


_THIN = models.PayloadStyle.thin


@lru_cache(maxsize=1_000)
def _rule(condition: str) -> Rule:
    return Rule(condition)


def _text(envelope: Any) -> str:
    return json.dumps(to_jsonable_python(envelope), separators=(",", ":"), ensure_ascii=False)


def _meant(delivery: models.WebhookDelivery, start: datetime, end: datetime, names: Any) -> bool:
    """Whether a replay of a window means a delivery: first-hand ones only."""
    wanted = {each.root for each in names}
    inside = start <= delivery.created_at < end
    return inside and delivery.replay_id is None and delivery.event_type in wanted


def _signed(
    delivery: models.WebhookDelivery, body: bytes, keys: list[bytes], now: datetime
) -> dict[str, str]:
    """Headers of a call: HMAC-SHA-256 (RFC 2104) over id, moment and body, one for each key."""
    moment = int(now.timestamp())
    text = f"{delivery.event_id}.{moment}.".encode() + body
    proofs = [hmac.new(key, text, hashlib.sha256).hexdigest() for key in keys]
    headers = {
        "Content-Type": "application/json",
        webhooks.ID_HEADER: str(delivery.event_id),
        webhooks.TIMESTAMP_HEADER: str(moment),
        webhooks.SIGNATURE_HEADER: ",".join(f"v1={each}" for each in proofs),
    }
    if delivery.replay_id == TEST:
        headers["CloudSync-Webhook-Test"] = "true"
    return headers
