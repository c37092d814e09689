"""Steps that the tests of the handlers share: a tenant, its people, and what metrics tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running
from reporting_service.generated.app import build
from reporting_service.generated.service import SERVICE
from reporting_service.generated.settings import ServiceSettings
from reporting_service.handlers import Handlers

ENDED = ("ready", "failed", "cancelled", "expired")
_ROUNDS = 4
"""After so many looks at the clock a report has come to its end."""


class Desk:
    """A running service and the people of one tenant."""

    def __init__(self, service: Running, handlers: Handlers) -> None:
        self.service = service
        self.handlers = handlers
        self.organization = uuid7()
        self.manager = self.person()
        self.asked: list[Any] = []

    def person(self, *roles: str, organization: UUID | None = None) -> Caller:
        """Somebody of the tenant."""
        where = organization or self.organization
        return self.service.caller(*(roles or ("team-manager",)), organization=where)

    async def ask(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The answer, whatever it is."""
        sent = {**caller.headers, **{each.replace("_", "-"): headers[each] for each in headers}}
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid7()))
        return await self.service.http.request(method, path, json=body, headers=sent)

    async def did(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The body of an answer that has to be a success."""
        answer = await self.ask(caller, method, path, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refused(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> str:
        """The slug of a refusal."""
        answer = await self.ask(caller, method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    async def report(self, caller: Caller | None = None, **more: Any) -> Any:
        """A report that was asked for."""
        return await self.did(caller or self.manager, "POST", "/v1/reports", wish(**more))

    async def ended(self, report: Any, caller: Caller | None = None) -> Any:
        """A report once it has come to an end."""
        path = f"/v1/reports/{report['id']}"
        for _ in range(_ROUNDS):
            now = await self.did(caller or self.manager, "GET", path)
            if now["status"] in ENDED:
                return now
            await self.service.tick()
        raise AssertionError(f"still {now['status']}")

    async def ready(self, **more: Any) -> Any:
        """A report with a file."""
        self.tell_series()
        found = await self.ended(await self.report(**more))
        assert found["status"] == "ready", found
        return found

    async def fetched(self, report: Any, caller: Caller | None = None) -> bytes:
        """The file behind the address that is signed for it."""
        path = f"/v1/reports/{report['id']}/file"
        answer = await self.did(caller or self.manager, "GET", path)
        bucket: Any = self.handlers.world.bucket
        content: bytes | None = bucket.fetch(answer["url"], datetime.now(UTC))
        assert content is not None
        return content

    async def round(self) -> None:
        """Let the clock do what is due, and what follows from that."""
        for _ in range(2):
            await self.service.tick()

    def tell_series(self, value: float = 7.0, **dimensions: str) -> None:
        """Metrics answer each question with one point at its beginning."""

        def answer(call: Call) -> Any:
            self.asked.append(call.body)
            series = [
                {
                    "metricKey": key,
                    "dimensionValues": dimensions,
                    "points": [
                        {"bucketStart": call.body["since"], "value": value, "sampleCount": 3}
                    ],
                    "suppressedGroups": 0,
                }
                for key in call.body["metricKeys"]
            ]
            return {"series": series, "computedThrough": "2026-11-01T00:00:00Z"}

        self.service.answers("metrics-service", "Query", answer)

    def tell_dictionary(self, *metrics: dict[str, Any]) -> None:
        """Metrics know these definitions, all of them active."""

        def answer(call: Call) -> Any:
            items = [each for each in metrics if each["status"] == call.body["status"]]
            return {"items": items}

        self.service.answers("metrics-service", "ListMetrics", answer)
        self.service.answers("metrics-service", "ListAnomalies", away)

    def silence(self, service: str, *operations: str) -> None:
        """Another service does not answer any more."""
        for each in operations:
            self.service.answers(service, each, away)

    async def events(self, name: str) -> list[Any]:
        """Data of the events of a type, `report-ready` say, in order."""
        wanted = f"cloudsync.analytics.{name}.v1"
        return [each.data for each in await self.service.published() if each.type == wanted]

    async def tell(self, event: str, data: dict[str, Any], tenant: UUID | None = None) -> None:
        """An event of another service."""
        await self.service.tell(f"cloudsync.{event}.v1", data, tenant or self.organization)

    async def adopt(self, plan: str, status: str = "active", **more: Any) -> None:
        """The tenant has changed its subscription."""
        changed = {
            "subscriptionId": str(uuid7()),
            "lastChange": "plan",
            "planCode": plan,
            "seatQuantity": 5,
            "status": status,
            "currentPeriodEnd": "2030-01-01T00:00:00Z",
            **more,
        }
        await self.tell("billing.subscription-changed", changed)

    async def schedule(self, caller: Caller | None = None, **more: Any) -> Any:
        """A schedule that is due in half an hour."""
        soon = datetime.now(UTC) + timedelta(minutes=30)
        body = {
            "scheduleName": "Every morning",
            "templateKey": "seat-utilisation",
            "recurrence": "FREQ=DAILY",
            "nextRunAt": soon.isoformat(),
            "format": "csv",
            **more,
        }
        return await self.did(caller or self.manager, "POST", "/v1/report-schedules", body)

    async def schedules(self, caller: Caller | None = None) -> list[Any]:
        """The schedules that somebody sees."""
        page = await self.did(caller or self.manager, "GET", "/v1/report-schedules")
        return list(page["items"])


def away(call: Call) -> Any:
    """No answer."""
    return NoAnswerError(call, "away")


def wish(**more: Any) -> dict[str, Any]:
    """The body of a request for a report."""
    return {
        "templateKey": "seat-utilisation",
        "title": "Seats in autumn",
        "parameters": {},
        "rangeStart": "2026-09-01",
        "rangeEnd": "2026-09-30",
        "format": "csv",
        **more,
    }


def metric(key: str = "active_users", **more: Any) -> dict[str, Any]:
    """A definition as metrics-service tells it."""
    now = "2026-01-01T00:00:00Z"
    return {
        "id": str(uuid7()),
        "organizationId": str(PLATFORM),
        "createdAt": now,
        "updatedAt": now,
        "version": 1,
        "metricKey": key,
        "revision": 1,
        "displayName": "People who were active",
        "explanation": "How many people did anything at all within the bucket",
        "status": "active",
        "instrument": "gauge",
        "unit": "{user}",
        "expression": "unique(actorKey)",
        "sourceEventTypes": ["cloudsync.user.auth.LoginSucceeded"],
        "dimensions": ["team"],
        "granularities": ["hour", "day"],
        "rollupDelaySeconds": 60,
        "additive": False,
        "ownerTeam": "analytics",
        "authorId": str(uuid7()),
        "stewardId": str(uuid7()),
        "sensitivity": "tenantVisible",
        **more,
    }


def tile(key: str = "a", metric_key: str = "active_users", **more: Any) -> dict[str, Any]:
    """A tile in the upper left corner."""
    place = {"x": 0, "y": 0, "w": 4, "h": 2}
    return {
        "tileKey": key,
        "metricKey": metric_key,
        "visualisation": "line",
        **place,
        **more,
    }


def yesterday() -> date:
    """The day before today, in UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


def played(tmp_path: Path, play: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    """Run a play against a service of its own."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(tmp_path), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            await play(Desk(service, handlers))

    asyncio.run(run())
