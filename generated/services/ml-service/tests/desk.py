"""A running ml-service with operators and a tenant, and what tests ask of it."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from ml_service import snapshots
from ml_service.base import PLATFORM
from ml_service.generated import operations
from ml_service.generated.app import build
from ml_service.generated.service import SERVICE
from ml_service.generated.settings import ServiceSettings
from ml_service.handlers import Handlers
from ml_service.snapshots import SnapshotRow
from ml_service.trees import Ensemble, Parameters, learn
from ml_service.world import BUCKET

CARD = {
    "purpose": "Tells payments that will be disputed from those that will not.",
    "limits": "Knows nothing of payments by bank transfer, which take days.",
    "usesPersonalData": False,
    "contactTeam": "analytics-team",
}
VIEW = {
    "viewName": "payer",
    "viewNumber": 1,
    "entityKind": "organization",
    "features": [
        {"name": "declined_day", "standIn": 0},
        {"name": "disputed_sixty_days", "standIn": 0},
    ],
    "lifetimeSeconds": 604800,
    "derivedFrom": ["cloudsync.billing.payment-processed.v1"],
    "contactTeam": "analytics-team",
}
FIRST, LAST = date(2029, 1, 1), date(2029, 1, 31)


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def rows(count: int, seed: int = 5, key: str = "payment-risk") -> list[SnapshotRow]:
    """Payments that are disputed the more often, the more was declined before."""
    dice = random.Random(seed)
    found = []
    for place in range(count):
        declined, disputed = float(dice.randrange(6)), float(dice.random() < 0.1)
        chance = 0.02 + 0.12 * declined + 0.2 * disputed
        label = float(dice.random() < chance)
        known = {"declined_day": declined, "disputed_sixty_days": disputed, "noise": dice.random()}
        found.append(SnapshotRow(key, str(PLATFORM), f"{place:032x}", "2029", known, label))
    return found


@cache
def small_model(seed: int = 5) -> Ensemble:
    known = rows(2000, seed)
    return learn([e.features for e in known], [e.label for e in known], Parameters(trees=10))


@dataclass
class Desk:
    """The service and the people around it."""

    service: Running
    handlers: Handlers
    tenant: UUID
    engineer: Caller
    approver: Caller
    caller: Caller

    async def ask(self, rpc: str, by: Caller, /, **body: Any) -> httpx.Response:
        assert self.service.rpc is not None
        path = f"/cloudsync.analytics.ml.v1.MlService/{rpc}"
        return await self.service.rpc.ask(path, body, by.headers)

    async def done(self, rpc: str, by: Caller, /, **body: Any) -> Any:
        answer = await self.ask(rpc, by, **body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        inner = list(found.values()) if isinstance(found, dict) else []
        whole = len(inner) == 1 and isinstance(inner[0], dict)
        return inner[0] if whole else found

    async def refused(self, rpc: str, by: Caller, /, **body: Any) -> str:
        answer = await self.ask(rpc, by, **body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    def engineer_of(self) -> Caller:
        """An operator who works in the tenant."""
        return self.service.caller("platform-operator", organization=self.tenant)

    def stored(self, ensemble: Ensemble | None = None, name: str = "") -> dict[str, str]:
        content = (ensemble or small_model()).to_bytes()
        key = f"artifacts/payment-risk/{name or uuid7()}.json"
        self.handlers.bucket.put(key, content)
        return {
            "artifactUri": BUCKET + key,
            "artifactDigest": hashlib.sha256(content).hexdigest(),
        }

    def manifest(self, semver: str = "1.0.0", /, **more: Any) -> dict[str, Any]:
        return {
            "modelKey": "payment-risk",
            "semver": semver,
            "taskType": "binary",
            "framework": "xgboost",
            "trainingDataset": self.dataset(),
            "featureViews": ["payer@1"],
            "primaryMetric": "auc",
            "latencyBudgetMs": 500,
            "decisionThreshold": 0.5,
            "modelCard": CARD,
            **more,
        }

    def dataset(self, snapshot: UUID | None = None) -> dict[str, Any]:
        return {
            "snapshotId": str(snapshot or uuid7()),
            "rows": 10000,
            "firstDay": FIRST.isoformat(),
            "lastDay": LAST.isoformat(),
        }

    async def evaluated(self, semver: str = "1.0.0", seed: int = 5, /, **more: Any) -> Any:
        manifest = self.manifest(semver, **self.stored(small_model(seed)), **more)
        made = await self.done("RegisterModel", self.engineer, **manifest)
        snapshot = uuid7()
        snapshots.write(self.handlers.bucket, snapshot, rows(500, 99))
        return await self.done(
            "EvaluateModel",
            self.engineer,
            modelId=made["id"],
            testSnapshotId=str(snapshot),
            testFirstDay="2029-02-01",
            primaryScore=0.9,
            baselineScore=0.6,
            fairnessGap=0.05,
        )

    async def canary(self, semver: str = "1.0.0", seed: int = 5, percent: int = 20) -> Any:
        made = await self.evaluated(semver, seed)
        key = {"modelId": made["id"]}
        await self.done("StartShadow", self.engineer, **key)
        self.service.later(timedelta(hours=25))
        await self.noted(made["id"])
        return await self.done("StartCanary", self.approver, **key, trafficPercent=percent)

    async def serving(self, semver: str = "1.0.0", seed: int = 5) -> Any:
        made = await self.canary(semver, seed)
        self.service.later(timedelta(hours=7))
        await self.noted(made["id"])
        return await self.done("DeployModel", self.approver, modelId=made["id"])

    async def noted(self, model: str) -> None:
        """The clock enters figures of a version that has answered."""
        self.handlers.readings.note(UUID(model), clock.now(), 0.004, False)
        await self.service.tick("note-guards")

    async def predict(self, ref: str = "0" * 32, /, **features: float) -> Any:
        told = [{"name": name, "value": value} for name, value in features.items()]
        wish = {"requestId": str(uuid7()), "modelKey": "payment-risk", "entityRef": ref}
        answer = await self.done("Predict", self.caller, **wish, features=told)
        return {**wish, **answer}

    async def tell(self, kind: str, /, **data: Any) -> Event:
        return await self.service.tell(f"cloudsync.{kind}.v1", data, self.tenant)

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def inside(self, action: Callable[[Context], Awaitable[Any]], tenant: Any = None) -> Any:
        me = workload("test", tenant or self.tenant)
        incoming = Incoming(principal=me, trace=Trace.new())
        run = self.service.runtime.executor.run
        return await run(operations.KEEP_PREDICTION, incoming, action)


def played(state: Path, play: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    """Let a desk be played with."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(state), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            tenant = uuid7()
            await play(
                Desk(
                    service,
                    handlers,
                    tenant,
                    service.caller("platform-operator", organization=PLATFORM),
                    service.caller("platform-operator", organization=PLATFORM),
                    service.caller(kind="workload", organization=tenant, scopes=["model:predict"]),
                )
            )

    asyncio.run(run())


def now() -> datetime:
    return clock.now()
