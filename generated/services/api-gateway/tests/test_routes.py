"""Routes from their draft to their end, and canaries that fall back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_gateway.generated import models, operations, port
from api_gateway.generated.models import (
    CacheScope,
    GatewayRoute,
    HttpMethod,
    RouteStatus,
)
from api_gateway.generated.service import SERVICE
from api_gateway.ports import DeclaredUpstreams
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.query import PageRequest
from gate import DAY, MINUTE, Gate, at_gate, moment

DRAFT = operations.DRAFT_ROUTE


def promotion(route: GatewayRoute) -> port.PromoteRoute:
    return port.PromoteRoute(body=models.PromoteRouteRequest(gateway_route_id=route.id))


def retirement(route: GatewayRoute) -> port.RetireRoute:
    return port.RetireRoute(body=models.RetireRouteRequest(gateway_route_id=route.id))


async def status(gate: Gate, route: GatewayRoute) -> RouteStatus:
    found = await gate.ask(operations.GET_ROUTE, port.GetRoute(gateway_route_id=route.id))
    assert isinstance(found, GatewayRoute)
    return found.status


def test_no_two_routes_take_the_same(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        await gate.draft(plan)
        twin = gate.wish(plan, name="another", path_pattern="/v1/documents/{id}")
        assert await gate.refused(DRAFT, port.DraftRoute(body=twin)) == "route-conflict"
        named = gate.wish(plan, path_pattern="/v1/other/{id}")
        assert await gate.refused(DRAFT, port.DraftRoute(body=named)) == "route-conflict"
        other = gate.wish(
            plan, name="update", methods=[HttpMethod.patch], upstream_operation="updateDocument"
        )
        assert (await gate.ask(DRAFT, port.DraftRoute(body=other))).status is RouteStatus.draft
        listed = port.ListRoutes(page=PageRequest(sort="name"), status=RouteStatus.draft)
        page = await gate.ask(operations.LIST_ROUTES, listed)
        assert [each.name for each in page.items] == ["documents-get", "update"]

    at_gate(tmp_path, check)


@pytest.mark.parametrize(
    ("more", "slug"),
    [
        ({"upstream_operation": "beamUp"}, "upstream-unknown"),
        ({"upstream_service": "webhook-service"}, "upstream-unknown"),
        ({"required_permission": None}, "invariant-broken"),
        ({"cache_ttl_seconds": 5, "cache_scope": CacheScope.public}, "invariant-broken"),
        ({"cache_ttl_seconds": 5}, "invariant-broken"),
        ({"timeout_ms": 30000, "retry_attempts": 1}, "invariant-broken"),
        ({"methods": [HttpMethod.post], "retry_attempts": 1}, "invariant-broken"),
        ({"rate_limit_plan_id": uuid7()}, "reference-unknown"),
    ],
)
def test_what_cannot_be_a_route_is_refused(tmp_path: Path, more: dict[str, Any], slug: str) -> None:
    async def check(gate: Gate) -> None:
        body = gate.wish(await gate.plan(), **more)
        assert await gate.refused(DRAFT, port.DraftRoute(body=body)) == slug

    at_gate(tmp_path, check)


def test_a_canary_takes_its_share_of_people_and_the_rest_goes_where_it_went(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        await gate.route(plan, name="documents-any", path_pattern="/v1/{kind}/{documentId}")
        canary = await gate.publish(await gate.draft(plan, timeout_ms=100), 25)
        assert canary.rollout_percent == 25
        people = [gate.person() for _ in range(80)]
        for person in (*people, *people):
            await gate.get(by=person)
        taken = [each.headers["x-timeout-ms"] == "100" for each in gate.seen]
        assert 8 <= sum(taken[:80]) <= 32
        assert taken[:80] == taken[80:], "the same people each time"
        assert (await gate.events("route-published"))[0].data["rolloutPercent"] == 25

    at_gate(tmp_path, check)


def test_a_canary_is_compared_for_half_an_hour(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        canary = await gate.publish(await gate.draft())
        promote = operations.PROMOTE_ROUTE
        assert await gate.refused(promote, promotion(canary)) == "canary-unhealthy"
        gate.service.later(31 * MINUTE)
        operator = gate.service.caller("platform-operator", organization=gate.operator.organization)
        found = await gate.ask(promote, promotion(canary), operator)
        assert (found.status, found.rollout_percent) == (RouteStatus.active, 100)
        assert len(await gate.events("route-promoted")) == 1

    at_gate(tmp_path, check)


async def failing(gate: Gate, every: int, requests: int = 60) -> None:
    """Requests of as many people, of which each so many-th fails."""
    number = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal number
        number += 1
        return httpx.Response(500 if every and number % every == 0 else 200)

    gate.upstream = answer
    sent = len(gate.seen)
    while len(gate.seen) - sent < requests:
        await gate.get(by=gate.person())
    await gate.handlers.keep_counts()


def test_a_canary_that_fails_falls_back_by_itself(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        canary = await gate.publish(await gate.draft())
        await failing(gate, 0)
        await gate.service.tick("watch-canaries")
        assert await status(gate, canary) is RouteStatus.canary
        await failing(gate, 10)
        await gate.service.tick("watch-canaries")
        assert await status(gate, canary) is RouteStatus.draft
        (told,) = await gate.events("route-rolled-back")
        assert told.data["errorRatio"] == pytest.approx(0.05)
        assert (await gate.get(by=gate.person())).status_code == 404

    at_gate(tmp_path, check)


def test_a_canary_no_worse_than_before_stays_and_a_worse_one_is_not_promoted(
    tmp_path: Path,
) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        before = await gate.route(
            plan, name="documents-any", path_pattern="/v1/{kind}/{documentId}"
        )
        canary = await gate.publish(await gate.draft(plan))

        async def counted(ctx: Context, route: UUID, failures: int) -> None:
            since = moment().replace(minute=0, second=0, microsecond=0)
            told = {"route": route, "since": since, "requests": 100, "failures": failures}
            old = await gate.handlers.traffic.find(ctx, route=route, since=since)
            if old is not None:
                await gate.handlers.traffic.remove(ctx, old)
            await gate.handlers.traffic.insert(ctx, told)

        async def judged(usual: int, now: int) -> bool:
            await gate.handlers.apart(lambda ctx: counted(ctx, before.id, usual))
            await gate.handlers.apart(lambda ctx: counted(ctx, canary.id, now))
            since = moment(-timedelta(hours=1))
            return await gate.handlers.apart(
                lambda ctx: gate.handlers.is_unhealthy(ctx, canary, since)
            )

        assert await judged(usual=4, now=6) is False
        assert await judged(usual=4, now=7) is True
        assert await judged(usual=0, now=1) is False
        assert await judged(usual=0, now=2) is True

    at_gate(tmp_path, check)


def test_an_operator_rolls_back(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        canary = await gate.publish(await gate.draft())
        body = models.RollBackRouteRequest(reason="Answers were empty", error_ratio=0.25)
        wish = port.RollBackRoute(gateway_route_id=canary.id, body=body)
        found = await gate.ask(operations.ROLL_BACK_ROUTE, wish)
        assert (found.status, found.rollout_percent) == (RouteStatus.draft, 0)

    at_gate(tmp_path, check)


def test_publishing_heeds_freezes_and_health(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        draft = await gate.draft(plan)
        body = models.PublishRouteRequest(gateway_route_id=draft.id, rollout_percent=5)
        publish = (operations.PUBLISH_ROUTE, port.PublishRoute(body=body))

        class Frozen:
            async def covers(self, service: str) -> bool:
                return service == "api-gateway"

        class Few(DeclaredUpstreams):
            async def healthy(self, service: str) -> int:
                return 2

        gate.handlers.freezes = Frozen()
        assert await gate.refused(*publish) == "change-frozen"
        other = port.DraftRoute(body=gate.wish(plan, name="another"))
        assert await gate.refused(DRAFT, other) == "forbidden"
        incident = gate.service.caller(
            "platform-operator",
            organization=gate.operator.organization,
            attributes={"incidentId": "INC-2026-0042"},
        )
        found = await gate.ask(*publish, incident)
        assert found.status is RouteStatus.canary
        gate.handlers.upstreams = Few(SERVICE, gate.handlers.settings)
        assert await gate.refused(*publish, incident) == "upstream-unknown"

    at_gate(tmp_path, check)


def test_an_address_ends_when_it_was_said_and_nobody_calls(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        route = await gate.route()

        def ending(days: int) -> port.DeprecateRoute:
            body = models.DeprecateRouteRequest(sunset_at=moment(days * DAY))
            return port.DeprecateRoute(gateway_route_id=route.id, body=body)

        deprecate, retire = operations.DEPRECATE_ROUTE, operations.RETIRE_ROUTE
        assert await gate.refused(deprecate, ending(300)) == "sunset-too-soon"
        await gate.ask(deprecate, ending(366))
        assert await gate.refused(retire, retirement(route)) == "sunset-ahead"
        gate.service.later(367 * DAY)
        late = gate.service.caller("platform-operator", organization=gate.operator.organization)
        await gate.get(by=gate.person())
        await gate.handlers.keep_counts()
        assert await gate.refused(retire, retirement(route), late) == "route-in-use"
        back = port.ReinstateRoute(gateway_route_id=route.id)
        assert await gate.refused(operations.REINSTATE_ROUTE, back, late) == "sunset-passed"
        gate.service.later(15 * DAY)
        later = gate.service.caller("platform-operator", organization=gate.operator.organization)
        found = await gate.ask(retire, retirement(route), later)
        assert found.status is RouteStatus.retired
        assert (await gate.get(by=gate.person())).status_code == 410
        assert len(await gate.events("route-retired")) == 1

    at_gate(tmp_path, check)


def test_a_deprecation_is_taken_back(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        route = await gate.route()
        body = models.DeprecateRouteRequest(sunset_at=moment(366 * DAY))
        wish = port.DeprecateRoute(gateway_route_id=route.id, body=body)
        await gate.ask(operations.DEPRECATE_ROUTE, wish)
        back = port.ReinstateRoute(gateway_route_id=route.id)
        found = await gate.ask(operations.REINSTATE_ROUTE, back)
        assert (found.status, found.sunset_at) == (RouteStatus.active, None)

    at_gate(tmp_path, check)


def test_what_another_replica_has_written_is_read_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(gate: Gate) -> None:
        route = await gate.route()
        person = gate.person()
        assert (await gate.get(by=person)).status_code == 200

        async def elsewhere(ctx: Context) -> None:
            await gate.handlers.gateway_route.rewrite(ctx, route, {"status": "retired"})

        await gate.handlers.apart(elsewhere)
        assert (await gate.get(by=person)).status_code == 200
        monkeypatch.setattr("api_gateway.base._FRESH", 0.0)
        assert (await gate.get(by=person)).status_code == 410

    at_gate(tmp_path, check)


def test_changed_configuration_has_the_board_read_anew(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.handlers.board()
        told = {
            "configEntryId": str(uuid7()),
            "key": "gateway.timeouts.read",
            "environment": "production",
            "revision": 2,
            "serviceName": "api-gateway",
            "region": "us-east-1",
            "scope": "service",
            "checksum": "a" * 64,
        }
        before = (await gate.handlers.board()).read_at
        await gate.tell("platform.config-changed", told, gate.operator.organization)
        assert (await gate.handlers.board()).read_at > before

    at_gate(tmp_path, check)
