"""What tenants may spend: by their plan, under brakes, and what is told of who wants more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from api_gateway.generated import models, operations, port
from api_gateway.generated.models import Edition, OnExceeded
from api_gateway.limits import network
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.rate.buckets import MemoryBuckets
from cloudsync_chassis.rate.gcra import TICKS
from cloudsync_chassis.testing import Caller
from gate import DAY, Gate, at_gate, moment, slug

STATE = operations.GET_RATE_LIMIT_STATE


async def throttle(gate: Gate, organization: UUID, factor: float = 0.1, **more: Any) -> Any:
    known = {
        "throttled_organization_id": organization,
        "factor": factor,
        "reason": "A loop in their export",
        "expires_at": moment(DAY),
    }
    body = models.ThrottleOrganizationRequest(**{**known, **more})
    return await gate.ask(operations.THROTTLE_ORGANIZATION, port.ThrottleOrganization(body=body))


async def state(gate: Gate, organization: UUID) -> models.RateLimitState:
    body = models.RateLimitStateRequest(observed_organization_id=organization)
    found = await gate.ask(STATE, port.GetRateLimitState(body=body))
    assert isinstance(found, models.RateLimitState)
    return found


def stopped(gate: Gate) -> list[int]:
    """From now on no time passes for the buckets but what is added here, in ticks."""
    ticks = [0]
    gate.handlers.buckets = MemoryBuckets(lambda: ticks[0])
    return ticks


async def statuses(gate: Gate, caller: Caller, count: int) -> list[int]:
    return [(await gate.get(by=caller)).status_code for _ in range(count)]


def test_a_tenant_spends_its_own_and_nobody_elses(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        stopped(gate)
        await gate.route(await gate.plan(limit_per_second=2, burst=3))
        person, stranger = gate.person(), gate.person()
        colleague = gate.person(organization=person.organization)
        assert await statuses(gate, person, 2) == [200, 200]
        assert await statuses(gate, colleague, 2) == [200, 429]
        assert await statuses(gate, stranger, 3) == [200] * 3
        refused = await gate.get(by=person)
        assert slug(refused) == "rate-limited"
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit-limit"] == "3"
        assert len(gate.seen) == 6
        assert await gate.measured("gateway_rate_limited_total", plan="free") == 2

    at_gate(tmp_path, check)


def test_the_edition_says_by_which_plan(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        stopped(gate)
        await gate.plan(Edition.team, limit_per_second=4, burst=4)
        await gate.route(await gate.plan(limit_per_second=1, burst=1))
        person = gate.person()
        changed = {
            "subscriptionId": str(uuid7()),
            "lastChange": next(iter(models.SubscriptionChangeKind)).value,
            "planCode": "team-monthly",
            "seatQuantity": 3,
            "status": "active",
            "currentPeriodEnd": "2100-01-01T00:00:00Z",
        }
        await gate.tell("billing.subscription-changed", changed, person.organization)
        assert await statuses(gate, person, 5) == [200] * 4 + [429]
        assert (await state(gate, person.organization)).plan_code is Edition.team
        ended = {**changed, "status": "cancelled"}
        await gate.tell("billing.subscription-changed", ended, person.organization)
        assert (await state(gate, person.organization)).plan_code is Edition.free
        extra = {**changed, "planCode": "storage-pack"}
        await gate.tell("billing.subscription-changed", extra, person.organization)
        assert (await state(gate, person.organization)).plan_code is Edition.free

    at_gate(tmp_path, check)


def test_somebody_unknown_is_counted_by_their_network(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        stopped(gate)
        plan = await gate.plan(limit_per_second=1, burst=1)
        await gate.open_route(plan)
        assert [(await gate.get()).status_code for _ in range(2)] == [200, 429]
        assert await gate.events("rate-limit-exceeded") == []

    at_gate(tmp_path, check)
    assert network("192.0.2.77") == network("192.0.2.5") != network("192.0.3.5")
    assert network("2001:db8:7:8::9") == "2001:db8:7::/48"
    assert network(None) == network("here") == "nowhere"


def test_a_brake_leaves_a_part_and_is_taken_off(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        ticks = stopped(gate)
        await gate.route(await gate.plan(limit_per_second=20, burst=20))
        person = gate.person()
        found = await throttle(gate, person.organization, 0.1)
        assert found.imposed_by == gate.operator.subject
        assert await statuses(gate, person, 3) == [200, 200, 429]
        seen = await state(gate, person.organization)
        assert (seen.limit_per_second, seen.throttle_factor) == (2, 0.1)
        await gate.service.tick("measure-throttles")
        assert await gate.measured("gateway_throttled_organizations") == 1
        lift = port.LiftThrottle(tenant_throttle_id=found.id)
        await gate.ask(operations.LIFT_THROTTLE, lift)
        ticks[0] += TICKS
        assert await statuses(gate, person, 3) == [200] * 3
        assert (await state(gate, person.organization)).throttle_factor is None
        told = await gate.events("organization-throttled")
        assert told[0].data["throttledOrganizationId"] == str(person.organization)
        assert len(await gate.events("throttle-lifted")) == 1

    at_gate(tmp_path, check)


def test_a_brake_loosens_by_itself(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        ticks = stopped(gate)
        await gate.route(await gate.plan(limit_per_second=20, burst=20))
        person = gate.person()
        await throttle(gate, person.organization, 0.05)
        assert await statuses(gate, person, 2) == [200, 429]
        gate.service.later(DAY + timedelta(minutes=1))
        ticks[0] += TICKS
        fresh = gate.person(organization=person.organization)
        assert await statuses(gate, fresh, 2) == [200, 200]

    at_gate(tmp_path, check)


def test_brakes_have_rules(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        organization = uuid7()

        def wish(**more: Any) -> port.ThrottleOrganization:
            known = {
                "throttled_organization_id": organization,
                "factor": 0.5,
                "reason": "A loop in their export",
                "expires_at": moment(8 * DAY),
            }
            body = models.ThrottleOrganizationRequest(**{**known, **more})
            return port.ThrottleOrganization(body=body)

        command = operations.THROTTLE_ORGANIZATION
        assert await gate.refused(command, wish()) == "throttle-too-long"
        platform = wish(throttled_organization_id=PLATFORM, expires_at=moment(DAY))
        assert await gate.refused(command, platform) == "rule-broken"
        gone = {
            "organizationId": str(organization),
            "deletionRequestedBy": str(uuid7()),
            "purgeAfter": "2100-01-01T00:00:00Z",
        }
        await gate.tell("user.organization-deleted", gone, organization)
        assert await gate.refused(command, wish(expires_at=moment(DAY))) == "tenant-blocked"

    at_gate(tmp_path, check)


def test_no_more_requests_at_once_than_the_plan_has_places(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(await gate.plan(concurrency=2))
        go = asyncio.Event()

        async def wait(request: httpx.Request) -> httpx.Response:
            await go.wait()
            return httpx.Response(200)

        gate.upstream = wait
        person = gate.person()
        first = [asyncio.create_task(gate.get(by=person)) for _ in range(2)]
        while len(gate.seen) < 2:
            await asyncio.sleep(0.005)
        assert (await state(gate, person.organization)).in_flight == 2
        assert (await gate.get(by=person)).status_code == 429
        go.set()
        assert [(await each).status_code for each in first] == [200, 200]
        assert (await state(gate, person.organization)).in_flight == 0
        assert gate.handlers.in_flight == {}

    at_gate(tmp_path, check)


def test_a_day_has_its_points_over_all_replicas(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(await gate.plan(daily_quota=1000))
        person = gate.person()
        gate.service.later(timedelta())
        await gate.get(by=person)
        await gate.handlers.keep_counts()
        assert (await state(gate, person.organization)).spent_today == 1
        day = moment().date()

        async def elsewhere(ctx: Any) -> None:
            spent = await gate.handlers.spent.find(ctx, spender=person.organization, day=day)
            assert spent is not None
            await gate.handlers.spent.rewrite(ctx, spent, {"points": 998})

        await gate.handlers.apart(elsewhere)
        assert (await gate.get(by=person)).status_code == 200
        await gate.handlers.keep_counts()
        assert (await state(gate, person.organization)).spent_today == 999
        assert await statuses(gate, person, 2) == [200, 429]
        refused = await gate.get(by=person)
        assert 0 < int(refused.headers["retry-after"]) <= 86400
        gate.service.later(DAY)
        tomorrow = gate.person(organization=person.organization)
        assert (await gate.get(by=tomorrow)).status_code == 200

    at_gate(tmp_path, check)


def test_where_a_plan_queues_requests_wait_a_little(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan(limit_per_second=20, burst=20, on_exceeded=OnExceeded.queue)
        await gate.route(plan)
        gate.set(queue_wait=0.5)
        person = gate.person()
        found = await asyncio.gather(*(gate.get(by=person) for _ in range(24)))
        assert {each.status_code for each in found} == {200}
        gate.set(queue_wait=0.0)
        found = await asyncio.gather(*(gate.get(by=person) for _ in range(24)))
        assert 429 in {each.status_code for each in found}

    at_gate(tmp_path, check)


def test_a_request_may_cost_more_than_a_point(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        stopped(gate)
        plan = await gate.plan(limit_per_second=10, burst=10)
        organization = uuid7()
        share = await gate.handlers.share_of(organization, None, plan.id)
        assert share is not None
        await gate.handlers.admit(share, 7)
        seen = await state(gate, organization)
        assert (seen.points_left, seen.spent_today) == (3, 7)

    at_gate(tmp_path, check)


def test_an_excess_is_told_once_a_minute(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        stopped(gate)
        await gate.route(await gate.plan(limit_per_second=1, burst=1))
        person = gate.person()
        await statuses(gate, person, 4)
        await gate.handlers.keep_counts()
        await gate.service.tick()
        assert await gate.events("rate-limit-exceeded") == []
        gate.service.later(timedelta(minutes=2))
        await gate.service.tick()
        (told,) = await gate.events("rate-limit-exceeded")
        assert told.subject == str(person.organization)
        assert told.data["exceededOrganizationId"] == str(person.organization)
        assert (told.data["planCode"], told.data["limitPerSecond"]) == ("free", 1)
        assert told.data["observedPerSecond"] == 2
        await gate.service.tick("announce-excesses")
        assert len(await gate.events("rate-limit-exceeded")) == 1

    at_gate(tmp_path, check)
