"""Documents of the workspace schema are charged, bounded and measured as requests are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_gateway.documents_door import points_of
from api_gateway.generated import models
from api_gateway.generated.models import Edition
from api_gateway.limits import Share
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.testing import Caller
from gate import DAY, Gate, at_gate, gate, moment, slug

LIGHT = "{ __typename }"
HEAVY = "{ gatewayRoutes(limit: 200) { items { id } } }"


async def sent(gate: Gate, query: str, by: Caller | None = None, **more: Any) -> httpx.Response:
    headers = {**(by.headers if by else {}), "x-client-name": "web"}
    members = {"query": query, **more}
    return await gate.service.http.post("/graphql/workspace", json=members, headers=headers)


def test_a_document_is_charged_what_it_weighs(tmp_path: Path) -> None:
    """A light one a point, a page of two hundred three of them: the bucket holds four."""

    async def check(gate: Gate) -> None:
        await gate.plan(limit_per_second=1, burst=4)
        person = gate.person()
        answers = [(await sent(gate, HEAVY, person)).status_code for _ in range(2)]
        assert answers == [200, 429]
        assert (await sent(gate, LIGHT, person)).status_code == 200
        refused = await sent(gate, LIGHT, person)
        assert (refused.status_code, slug(refused)) == (429, "rate-limited")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await sent(gate, LIGHT, gate.person())).status_code == 200, "another tenant"
        spent = gate.handlers.purse.spent(person.organization, moment().date())
        assert spent == 4

    at_gate(tmp_path, check)


@pytest.mark.parametrize(("cost", "points"), [(1, 1), (100, 1), (101, 2), (10_000, 10)])
def test_the_heaviest_documents_empty_the_bucket(cost: int, points: int) -> None:
    known: dict[str, Any] = {
        "id": uuid7(),
        "organization_id": uuid7(),
        "created_at": moment(),
        "updated_at": moment(),
        "version": 1,
        "plan_code": Edition.free,
        "limit_per_second": 5,
        "burst": 10,
        "concurrency": 5,
        "daily_quota": 1000,
        "on_exceeded": models.OnExceeded.reject,
    }
    assert points_of(cost, Share("door", None, models.RateLimitPlan(**known))) == points


def test_whoever_is_turned_away_at_the_door_is_so_here(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.plan()
        person, other = gate.person(), gate.person()
        assert (await sent(gate, LIGHT, person)).status_code == 200
        told = {
            "organizationId": str(person.organization),
            "deletionRequestedBy": str(uuid7()),
            "purgeAfter": moment(30 * DAY).isoformat(),
        }
        await gate.tell("user.organization-deleted", told, person.organization)
        refused = await sent(gate, LIGHT, person)
        assert (refused.status_code, slug(refused)) == (403, "forbidden")
        assert (await sent(gate, LIGHT, other)).status_code == 200

    at_gate(tmp_path, check)


def test_places_are_those_of_the_tenant(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan(concurrency=1)
        person = gate.person()
        share = await gate.handlers.share_of(person.organization, None, plan.id)
        assert share is not None
        with gate.handlers.place(share):
            assert (await sent(gate, LIGHT, person)).status_code == 429
        assert (await sent(gate, LIGHT, person)).status_code == 200

    at_gate(tmp_path, check)


def test_what_is_missing_is_said_and_counted(tmp_path: Path) -> None:
    async def check() -> None:
        nowhere = {"profile-service": "http://127.0.0.1:1"}
        async with gate(tmp_path, peers=nowhere) as found:
            await found.plan()
            query = f'{{ profile(userId: "{uuid7()}") {{ userId }} }}'
            told = (await sent(found, query, found.person())).json()
            assert told == {
                "data": {"profile": None},
                "extensions": {"degraded": ["profile-service"]},
            }
            whole = (await sent(found, LIGHT, found.person())).json()
            assert whole == {"data": {"__typename": "Query"}}
            degraded = "gateway_degraded_responses_total"
            assert await found.measured(degraded, omitted="profile-service") == 1
            assert await found.measured("gateway_query_complexity_count", client="web") == 2
            outcomes = {"upstream": "api-gateway", "outcome": "2xx"}
            assert await found.measured("gateway_requests_total", **outcomes) == 2

    asyncio.run(check())
