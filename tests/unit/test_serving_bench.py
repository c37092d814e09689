"""What `make bench` says of serving: its arithmetic, its load, and the duties of its yardstick."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
import yaml
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

from bench import measure
from bench.serving import capacity, duties, dutiful, finder, following, load, rounds
from bench.serving.caller import Caller
from bench.serving.capacity import Placed, Pool
from bench.serving.documents import documents, metadata
from bench.serving.duties import Duties
from bench.serving.finding import Finding
from bench.serving.following import Following
from bench.serving.rounds import Figure

POOL = Pool("General", "n2-standard-4", 4.0, 16.0, 50, 19.0)
PLACED = Placed(regions=4, most=40, target=0.6, cpu=1.5, memory=2.0, pool=POOL)
SECONDS = {"get": 0.001, "list": 0.003, "create": 0.005}
TENANT, SOMEBODY, OTHER = (UUID(int=number) for number in (1, 2, 3))
BODY = {"title": "Notes", "documentType": "page"}


@pytest.mark.parametrize(("text", "number"), [("1500m", 1.5), ("2", 2.0), ("250m", 0.25)])
def test_processors_are_read_as_kubernetes_writes_them(text: str, number: float) -> None:
    assert capacity.processors(text) == number


@pytest.mark.parametrize(("text", "number"), [("512Mi", 0.5), ("2Gi", 2.0), ("1536Mi", 1.5)])
def test_memory_is_read_in_gibibytes(text: str, number: float) -> None:
    assert capacity.gibibytes(text) == number


def test_what_is_started_keeps_its_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    asked = [sys.executable, "-c", "import sys; sys.exit(sys.dont_write_bytecode)"]
    before = subprocess.run(asked, check=False).returncode
    measure.compiled()
    assert (before, subprocess.run(asked, check=False).returncode) == (1, 0)


def row(lines: list[str], beginning: str) -> str:
    return next(each for each in lines if each.startswith(f"| {beginning}")).split("|")[2].strip()


def test_the_sheet_scales_a_request_to_replicas_and_nodes() -> None:
    """0.7 x 1 ms + 0.2 x 3 ms + 0.1 x 5 ms = 1.8 ms; 0.9 processors of a replica carry 500."""
    lines = list(capacity.sheet(PLACED, SECONDS))
    assert sum(capacity.MIX.values()) == pytest.approx(1)
    assert row(lines, "a request, of a processor") == "1.80 ms"
    assert row(lines, "a replica carries") == "500 a second"
    assert row(lines, "replicas needed") == "200"
    assert row(lines, "replicas that the model allows") == "160"
    assert row(lines, "those carry") == "80,000 a second, 80%"
    # 4 x 0.9 / 1.5 = 2.4 replicas by processors, 16 x 0.9 / 2 = 7.2 by memory
    assert row(lines, "nodes `n2-standard-4` (General), 2 replicas on each") == "100"
    assert row(lines, "the nodes' cost") == "19 $ an hour"
    assert any("70% get, 20% list, 10% create" in each for each in lines)


def test_a_replica_uses_one_processor_at_most() -> None:
    large = Placed(regions=1, most=1, target=0.9, cpu=3.0, memory=1.0, pool=POOL)
    lines = list(capacity.sheet(large, SECONDS))
    assert row(lines, "a replica carries, at 1.00 processors") == "556 a second"


def test_places_are_read_from_the_model(tmp_path: Path) -> None:
    def write(layer: str, element: dict[str, Any]) -> None:
        path = tmp_path / layer / f"{element['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"element": element}), encoding="utf-8")

    service: dict[str, Any] = {
        "id": "application.service.book-service",
        "scaling": {"maxReplicas": 40, "targetCpu": 60},
        "resources": {"cpu": "1500m", "memory": "2Gi"},
        "placement": {"regions": ["a", "b", "c", "d"], "nodePool": "technology.pool.general"},
    }
    sizes = [{"maxNodes": 20, "hourlyCostCents": 18}, {"maxNodes": 30, "hourlyCostCents": 20}]
    pool = {
        "id": "technology.pool.general",
        "name": "General",
        "nodeClass": "n2-standard-4",
        "vcpu": 4,
        "memory": "16Gi",
        "sizes": sizes,
    }
    write("04_application", service)
    write("05_technology", pool)
    assert capacity.placed(tmp_path, "book-service") == PLACED
    with pytest.raises(KeyError):
        capacity.placed(tmp_path, "no-such-service")


def test_ratios_are_those_of_the_pairs() -> None:
    """The machine's speed drifts, and takes both sides along."""
    ours = [Figure(rate, 1 / rate, 0.01) for rate in (90.0, 45.0, 10.0)]
    theirs = [Figure(rate, 1 / rate, 0.02) for rate in (100.0, 50.0, 40.0)]
    found = rounds._against(ours, theirs)
    assert found.rate == pytest.approx(0.9)
    assert found.cpu == pytest.approx(1 / 0.9)
    assert found.ours == Figure(45.0, 1 / 45, 0.01)
    assert found.theirs.p95 == 0.02


def test_quantiles_and_rates_are_of_the_requests() -> None:
    told = load.Told(2.0, tuple(each / 100 for each in range(100, 0, -1)))
    assert (told.rate, told.quantile(0.95), told.quantile(1.0)) == (50.0, 0.96, 1.0)
    assert load.Told(1.0, (0.5,)).quantile(0.95) == 0.5


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that says the same to every request; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
        except asyncio.IncompleteReadError:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_the_load_is_steady_and_what_fails_is_not_fast() -> None:
    get = load.Request("GET", "/", token="t")
    assert get.encoded() == b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer t\r\n\r\n"
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi") as port:
        once = await load.carried_out(load.Run(port, (get,) * 3, connections=2, bodies=True))
        assert once.answers == ("hi",) * 3
        steady = await load.carried_out(load.Run(port, (get,), 2, seconds=0.2, rate=100))
        assert len(steady.times) == 20
    async with answering(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n") as port:
        with pytest.raises(load.FailedError, match="503"):
            await load.carried_out(load.Run(port, (get,), connections=1))


@asynccontextmanager
async def yardstick(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Duties, Following]]:
    """The service written by hand, for callers who name themselves."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder}/store.sqlite")
    own = Duties(engine, b"k" * 32)
    bus = create_async_engine(f"sqlite+aiosqlite:///{folder}/bus.sqlite")
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
    app.state.prove = lambda request: Caller(UUID(request.headers["who"]), TENANT)
    app.include_router(dutiful.routes(own))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://by.hand")
    async with http:
        yield http, own, Following(own, bus)
    await engine.dispose()
    await bus.dispose()


def named(who: UUID, key: str | None = None) -> dict[str, str]:
    return {"who": str(who), **({"Idempotency-Key": key} if key else {})}


async def test_the_yardstick_shows_what_is_ones_own_page_by_page(tmp_path: Path) -> None:
    async with yardstick(tmp_path) as (http, _, _):
        for number in range(5):
            body = {**BODY, "title": f"{number}"}
            made = await http.post("/v1/documents", json=body, headers=named(SOMEBODY))
            assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        await http.post("/v1/documents", json=BODY, headers=named(OTHER))
        path, seen = "/v1/documents?limit=2", []
        while path:
            page = await http.get(path, headers=named(SOMEBODY))
            seen.append([each["title"] for each in page.json()["items"]])
            path = page.headers.get("link", "").partition(">")[0][1:]
        assert seen == [["0", "1"], ["2", "3"], ["4"]]
        forged = await http.get(
            "/v1/documents?cursor=AAAAAAAAAAAAAAAAAAAAAA==", headers=named(OTHER)
        )
        assert forged.status_code == 422
        one = made.headers["location"]
        assert (await http.get(one, headers=named(OTHER))).status_code == 403
        again = await http.get(one, headers={**named(SOMEBODY), "If-None-Match": '"1"'})
        assert again.status_code == 304


async def test_the_yardstick_keeps_answers_and_leaves_a_trail(tmp_path: Path) -> None:
    async with yardstick(tmp_path) as (http, own, _):
        first, second = [
            await http.post("/v1/documents", json=BODY, headers=named(SOMEBODY, "k1"))
            for _ in range(2)
        ]
        assert first.json() == second.json()
        other = {**BODY, "title": "else"}
        reused = await http.post("/v1/documents", json=other, headers=named(SOMEBODY, "k1"))
        assert reused.status_code == 422
        await http.post("/v1/documents", json=BODY, headers=named(OTHER))
        async with own.engine.connect() as connection:
            rows = (await connection.execute(sa.select(duties.trail))).all()
            head = (await connection.execute(sa.select(duties.heads))).one()
        assert [each.sequence for each in rows] == [1, 2]
        assert (head.sequence, head.digest) == (2, rows[-1].digest)


async def test_the_yardstick_follows_what_it_has_made_once(tmp_path: Path) -> None:
    async with yardstick(tmp_path) as (http, own, following_it):
        made = (await http.post("/v1/documents", json=BODY, headers=named(SOMEBODY))).json()
        group = {
            "id": UUID(int=9),
            "organization_id": TENANT,
            "document_id": UUID(made["id"]),
            "principal": f"team:{OTHER}",
            "access": "viewer",
        }
        async with own.writing() as connection:
            await connection.execute(sa.insert(dutiful.shares), group)
        async with following_it.running(), asyncio.timeout(20):
            while (await http.get(f"/v1/documents/{made['id']}", headers=named(OTHER))).is_error:
                await asyncio.sleep(0.02)
        async with own.engine.connect() as connection:
            handled = sa.select(sa.func.count()).select_from(following.inbox)
            left = sa.select(duties.outbox.c.id).where(duties.outbox.c.published_at.is_(None))
            kept = sa.select(sa.func.count()).select_from(documents)
            assert await connection.scalar(handled) == 1
            assert (await connection.execute(left)).all() == []
            assert await connection.scalar(kept) == 1


async def test_the_yardstick_tells_search_of_the_documents_of_a_moment_at_once(
    tmp_path: Path,
) -> None:
    """In one call; and it goes on where search is away."""
    calls: list[list[str]] = []
    stand_in = httpx.ASGITransport(finder.app)
    heard = asyncio.Event()

    async def search(request: httpx.Request) -> httpx.Response:
        answer = await stand_in.handle_async_request(request)
        told = json.loads(await answer.aread())
        calls.append([each["heading"] for each in json.loads(request.content)["entries"]])
        assert (answer.status_code, told) == (202, {"accepted": len(calls[-1]), "ignored": []})
        heard.set()
        if len(calls) == 1:
            raise httpx.ConnectError("away")
        return httpx.Response(202, json=told)

    async with yardstick(tmp_path) as (http, own, _):

        async def make(title: str) -> None:
            body = {**BODY, "title": title}
            await http.post("/v1/documents", json=body, headers=named(SOMEBODY))

        await make("a")
        await make("b")
        told = httpx.AsyncClient(transport=httpx.MockTransport(search), base_url="http://search")
        async with Finding(own, told).running(), asyncio.timeout(20):
            await heard.wait()
            heard.clear()
            await make("c")
            await heard.wait()
    assert calls == [["a", "b"], ["c"]]
