"""Services without an API of their own, and those that answer GraphQL: a worker and a till."""

from __future__ import annotations

import asyncio
import importlib
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudsync_chassis.events.envelope import Event

from cloudsync_gen import pipeline
from support.services import Written, own_failures, running, type_errors, written
from support.trees import read_tree, write_tree

MODELS = Path(__file__).parents[1] / "models"
STYLES = {"waiter": "worker", "till": "graphql"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The lemonade company with a stall: two more services over queue, Redis and ClickHouse."""
    files = read_tree(MODELS / "lemonade") | read_tree(MODELS.parent / "overlays" / "stall")
    root = write_tree(tmp_path_factory.mktemp("stall"), files)
    assert pipeline.check(files).diagnostics == ()
    return written(root, root)


@pytest.mark.parametrize("service", STYLES)
def test_it_is_typed_and_its_own_tests_pass(stall: Written, service: str) -> None:
    assert type_errors(stall, service) == ""
    assert own_failures(stall, service) == ""


@pytest.mark.parametrize("service", STYLES)
def test_it_starts_and_says_that_it_is_ready(stall: Written, service: str, tmp_path: Path) -> None:
    with running(stall, service, tmp_path / service) as process:
        assert httpx.get(f"{process.url}/health/live").json() == {"status": "pass"}
        assert httpx.get(f"{process.url}/health/started").status_code == 200


def test_what_it_hears_becomes_an_entity_once(
    stall: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path in stall.sources("till"):
        monkeypatch.syspath_prepend(str(path))
    testing = importlib.import_module("till.generated.testing")
    errand, tenant = uuid.uuid4(), uuid.uuid4()
    event = Event(
        id=uuid.uuid4(),
        type="zitrusgarten.selling.glass-served.v1",
        source="/zitrusgarten/waiter",
        topic="zitrusgarten.selling.glass.v1",
        subject=str(errand),
        time=datetime.now(UTC),
        organization_id=tenant,
        data={"errandId": str(errand), "glasses": 3},
    )

    async def sold() -> int:
        async with testing.started(tmp_path) as service:
            await service.runtime.bus.publish([event, event])
            for _ in range(100):
                async with service.runtime.database.transaction(write=False) as connection:
                    rows = (
                        await connection.exec_driver_sql(
                            "SELECT * FROM aggregate_documents WHERE collection = 'sale'"
                        )
                    ).all()
                if rows:
                    break
                await asyncio.sleep(0.05)
            return len(rows)

    assert asyncio.run(sold()) == 1


def test_its_schema_is_asked_changed_and_watched(
    stall: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for path in stall.sources("till"):
        monkeypatch.syspath_prepend(str(path))
    testing: Any = importlib.import_module("till.generated.testing")

    class Watched(testing.Handlers):  # type: ignore[misc]
        async def watch_sale(self, ctx: Any, request: Any) -> Any:
            sale = await self.sale.get(ctx, request.sale_id)

            async def told() -> Any:
                yield sale
                yield sale.model_copy(update={"glasses": 7})

            return told()

    async def asked() -> list[str]:
        settings = testing.ServiceSettings.model_validate(testing.isolated(tmp_path))
        runtime = testing.Runtime(testing.SERVICE, settings)
        app = testing.build(runtime, Watched(runtime))
        async with testing.running(app) as service:
            brewer = service.caller("brewer")
            glass = {"errandId": str(uuid.uuid4()), "glasses": 3}
            event_type = "zitrusgarten.selling.glass-served.v1"
            await service.tell(event_type, glass, brewer.organization)
            (made,) = await _documents(runtime)

            async def ask(query: str, **headers: str) -> str:
                body, told = {"query": query % made}, {**brewer.headers, **headers}
                answer = await service.http.post("/graphql/till", json=body, headers=told)
                return str(answer.text)

            watching = {"Accept": "text/event-stream"}
            nobody = {**watching, "Authorization": ""}
            sales = 'subscription { sales(id: "%s") { glasses } }'
            return [
                await ask('{ sale(id: "%s") { glasses version } }'),
                await ask('mutation { correctSale(id: "%s", input: {glasses: 5}, version: 1) }'),
                await ask('mutation { correctSale(id: "%s", input: {glasses: 6}, version: 1) }'),
                await ask(sales, **watching),
                await ask(sales, **nobody),
            ]

    before, changed, late, watched, refused = asyncio.run(asked())
    assert json.loads(before) == {"data": {"sale": {"glasses": 3, "version": 1}}}
    assert json.loads(changed) == {"data": {"correctSale": True}}
    assert json.loads(late)["errors"][0]["extensions"]["status"] == 412
    events = [each.partition("data: ")[2] for each in watched.split("\n\n")]
    glasses = [json.loads(each)["data"]["sales"]["glasses"] for each in events if each.strip()]
    assert glasses == [5, 7]
    assert json.loads(refused)["status"] == 401


async def _documents(runtime: Any) -> list[str]:
    """Ids of all entities."""
    async with runtime.database.transaction(write=False) as connection:
        rows = await connection.exec_driver_sql("SELECT id FROM aggregate_documents")
        return [str(each) for (each,) in rows.all()]
