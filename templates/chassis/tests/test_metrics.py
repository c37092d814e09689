"""Metrics: the four golden signals by operation, and the series of a service's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
import pytest
from prometheus_client import parser

import bookshop
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.edges import Omitted
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.client.policy import BreakerPolicy, Budget, Edge
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.metrics import scrape
from cloudsync_chassis.metrics.series import OTHER, Registry
from cloudsync_chassis.metrics.service import MOST_OWN
from cloudsync_chassis.metrics.spec import MetricSpec
from cloudsync_chassis.metrics.standard import specs
from cloudsync_chassis.rpc.server import RpcServer
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, isolated, running
from shop_messages import NAME, Ask, Book, Shelf
from test_rpc import book_service

SHARED = {"service": "book-service", "region": "north", "environment": "test"}
BOOK = {"title": "Emma", "priceMinor": 700}
Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(text: str) -> dict[Sample, float]:
    """(name, labels beside the shared ones) -> value."""
    found: dict[Sample, float] = {}
    for family in parser.text_string_to_metric_families(text):
        for each in family.samples:
            assert SHARED.items() <= each.labels.items(), each
            own = {name: value for name, value in each.labels.items() if name not in SHARED}
            assert (each.name, frozenset(own.items())) not in found
            found[each.name, frozenset(own.items())] = each.value
    return found


async def scraped(shop: Running) -> dict[Sample, float]:
    answer = await shop.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(answer.text)


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def made(tmp_path: Path, **more: Any) -> bookshop.BookSettings:
    return bookshop.BookSettings(**{**isolated(tmp_path), "region": "north", **more})


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Running]:
    edge = Edge(
        service="till-service",
        url="http://till.invalid",
        budgets={"ring": Budget(timeout=0.2, retries=1)},
        breaker=BreakerPolicy(requests=3, failure_ratio=0.5, open_for=60),
        concurrent=1,
    )
    spec = replace(
        bookshop.SERVICE,
        edges={"till-service": edge},
        latency_buckets=(0.01, 0.045, 0.1, 1.0),
    )
    runtime = Runtime(spec, made(tmp_path, rate_limit_per_second=1, rate_limit_burst=50))
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started


async def test_latency_traffic_and_errors_by_operation(shop: Running) -> None:
    http, clerk = shop.http, shop.caller("clerk").headers
    listed = await http.post("/v1/books", json=BOOK, headers=clerk)
    for _ in range(3):
        await http.get(f"/v1/books/{listed.json()['id']}", headers=clerk)
    for number in range(40):
        await http.get(f"/v1/books/{UUID(int=number)}", headers=clerk)
    await http.get("/v1/books")
    await http.get("/nowhere/at/all")
    await http.request("BREW", "/v1/books")
    found = await scraped(shop)
    one, total = "/v1/books/{bookId}", "http_server_request_duration_seconds_count"
    assert value(found, total, method="POST", route="/v1/books", status="201") == 1
    assert value(found, total, method="GET", route=one, status="200") == 3
    assert value(found, total, method="GET", route=one, status="404") == 40
    assert value(found, total, method="GET", route="unmatched", status="404") == 1
    assert value(found, "problem_responses_total", problem_type="not-found", status="404") == 41
    assert (
        value(found, "problem_responses_total", problem_type="unauthenticated", status="401") == 1
    )
    assert value(found, "http_server_active_requests") == 1, "the scrape itself"
    sent, received = "http_server_response_body_bytes_sum", "http_server_request_body_bytes_sum"
    assert value(found, sent, route=one) > 40 * 100
    assert value(found, received, route="/v1/books") == len(listed.request.content)
    methods = {dict(labels)["method"] for name, labels in found if name == total}
    assert methods == {"GET", "POST", "OTHER"}


async def test_buckets_hold_the_threshold_of_the_objective(shop: Running) -> None:
    clerk = shop.caller("clerk").headers
    await shop.http.get("/v1/books", headers=clerk)
    found = await scraped(shop)
    bounds = {
        dict(labels)["le"]
        for name, labels in found
        if name == "http_server_request_duration_seconds_bucket"
    }
    assert bounds == {"0.01", "0.045", "0.1", "1.0", "+Inf"}


async def test_no_id_becomes_a_label_and_probes_are_nobodys_requests(shop: Running) -> None:
    clerk = shop.caller("clerk").headers
    before = len(await scraped(shop))
    for number in range(45):
        await shop.http.get(f"/v1/books/{UUID(int=number)}", headers=clerk)
        await shop.http.get(f"/strange/{number}")
        for probe in ("/health/live", "/health/ready", "/.well-known/jwks.json"):
            await shop.http.get(probe)
    found = await scraped(shop)
    assert len(found) - before < 70
    text = (await shop.http.get("/metrics")).text
    assert "00000000-0000" not in text
    assert "strange" not in text
    assert "/health/" not in text
    assert "_created" not in text


async def test_refusals_by_the_rate_are_counted(shop: Running) -> None:
    clerk = shop.caller("clerk").headers
    for _ in range(53):
        await shop.http.get("/v1/books", headers=clerk)
    assert value(await scraped(shop), "rate_limited_total", plan="any") >= 2


class Down(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.02)
        return httpx.Response(503)


async def test_calls_breaker_bulkhead_and_budget_by_callee(shop: Running) -> None:
    till = shop.runtime.client(ServiceClient, "till-service")
    till._http = httpx.AsyncClient(transport=Down(), base_url="http://till.invalid")
    call = Call(service="till-service", operation="ring", method="GET", path="/v1/till")
    first = asyncio.create_task(till.send(call))
    await asyncio.sleep(0.01)
    found = await scraped(shop)
    assert value(found, "bulkhead_in_use", callee="till-service") == 1
    assert value(found, "circuit_breaker_state", callee="till-service") == 0
    assert await Omitted(lambda: till.send(call))() is None
    with pytest.raises(CallError):
        await first
    for _ in range(2):
        with pytest.raises(CallError):
            await till.send(call)
    found = await scraped(shop)
    callee = {"callee": "till-service"}
    assert value(found, "bulkhead_rejected_total", **callee) == 1
    assert value(found, "bulkhead_in_use", **callee) == 0
    assert value(found, "fallbacks_total", kind="omitted", **callee) == 1
    assert value(found, "retry_attempts_total", outcome="failed", **callee) == 2
    assert value(found, "circuit_breaker_state", **callee) == 2
    assert value(found, "circuit_breaker_transitions_total", to_state="open", **callee) == 1
    assert 0 < value(found, "retry_budget_remaining_ratio", **callee) < 1
    name = "rpc_client_duration_seconds_count"
    assert value(found, name, rpc_method="ring", grpc_status="UNAVAILABLE", **callee) == 3


async def test_what_waits_in_the_outbox_is_told(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = shop.runtime
    assert value(await scraped(shop), "outbox_pending") == 0

    async def down(*_: Any) -> None:
        raise ConnectionError("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(type(runtime.bus), "publish", down)
        await shop.http.post("/v1/books", json=BOOK, headers=shop.caller("clerk").headers)
        await asyncio.sleep(0.05)
        found = await scraped(shop)
        assert value(found, "outbox_pending") == 1
        assert 0.04 < value(found, "outbox_oldest_seconds") < 30
    (event,) = await shop.published()
    found = await scraped(shop)
    assert value(found, "outbox_pending") == value(found, "outbox_oldest_seconds") == 0
    assert value(found, "event_publish_duration_seconds_count", topic=event.topic) == 1


async def test_events_are_timed_and_what_is_given_up_is_counted(shop: Running) -> None:
    topic, kind = "shop.market.price.v1", "PriceSuggested"
    ours = uuid7()

    def event(data: dict[str, Any]) -> Event:
        return Event(
            id=uuid7(), type=kind, source="/market", topic=topic, subject="x",
            time=datetime.now(UTC), organization_id=ours, data=data,
        )  # fmt: skip

    await shop.runtime.bus.publish([event({"nonsense": True})])
    async with asyncio.timeout(10):
        while True:
            found = await scraped(shop)
            if ("dead_letters_total", labels(topic, kind)) in found:
                break
            await asyncio.sleep(0.05)
    assert found["dead_letters_total", labels(topic, kind)] == 1
    assert found["event_handle_duration_seconds_count", labels(topic, kind)] == 1


def labels(topic: str, kind: str) -> frozenset[tuple[str, str]]:
    return frozenset({"topic": topic, "event_type": kind}.items())


async def test_the_pool_is_told_and_what_it_sheds(tmp_path: Path) -> None:
    settings = made(tmp_path, database_pool=2, database_wait=0.05)
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        clerk = shop.caller("clerk").headers
        async with runtime.database.transaction(write=False):
            held = await scraped(shop)
            async with runtime.database.transaction(write=False):
                answer = await shop.http.get("/v1/books", headers=clerk)
                full = await scraped(shop)
        assert answer.status_code == 503
        assert value(held, "database_pool_in_use") == 1
        assert value(full, "database_pool_in_use") == value(full, "database_pool_size") == 2
        assert ("outbox_pending", frozenset()) not in full, "not known is not nought"
        found = await scraped(shop)
        assert value(found, "requests_shed_total", reason="pool") >= 1


async def test_rpcs_are_measured_alike_on_a_port_of_their_own(tmp_path: Path) -> None:
    runtime = Runtime(bookshop.SERVICE, made(tmp_path))
    server = RpcServer(runtime, [book_service(runtime, bookshop.Books(runtime))])
    async with (
        running(server) as shop,
        grpc.aio.insecure_channel(shop.address) as channel,
        httpx.AsyncClient() as http,
    ):
        assert server.metrics is not None
        method: Any = channel.unary_unary(
            f"/{NAME}/GetBook",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=Book.FromString,
        )
        metadata = [("authorization", shop.caller("clerk").headers["Authorization"])]
        for number in range(3):
            with pytest.raises(grpc.aio.AioRpcError):
                await method(Ask(book_id=str(UUID(int=number))), metadata=metadata, timeout=5)
        made_one: Any = channel.unary_unary(
            f"/{NAME}/ListBook",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=Book.FromString,
        )
        book = await made_one(Book(title="Emma", price_minor=1), metadata=metadata, timeout=5)
        read: Any = channel.unary_stream(
            f"/{NAME}/ReadBook",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=Shelf.FromString,
        )
        pages = [each async for each in read(Ask(book_id=book.id), metadata=metadata, timeout=5)]
        answer = await http.get(f"http://127.0.0.1:{server.metrics.port}/metrics")
        found = samples(answer.text)
        other = await http.get(f"http://127.0.0.1:{server.metrics.port}/")
    name = "rpc_server_duration_seconds_count"
    assert value(found, name, rpc_method="GetBook", grpc_status="NOT_FOUND") == 3
    assert value(found, name, rpc_method="ReadBook", grpc_status="OK") == 1
    messages = "rpc_server_messages_total"
    assert value(found, messages, rpc_method="ReadBook", direction="received") == 1
    assert value(found, messages, rpc_method="ReadBook", direction="sent") == len(pages) == 4
    assert value(found, "problem_responses_total", problem_type="not-found", status="404") == 3
    assert value(found, "outbox_pending") <= 1
    assert other.status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{server.metrics.port}/metrics")


async def test_a_metrics_port_that_is_taken_keeps_nobody_from_serving(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = {**isolated(tmp_path), "metrics_port": taken.getsockname()[1]}
        runtime = Runtime(bookshop.SERVICE, bookshop.BookSettings(**settings))
        server = RpcServer(runtime, [book_service(runtime, bookshop.Books(runtime))])
        async with running(server) as shop:
            assert await shop.ready()


def test_own_series_count_what_handlers_say() -> None:
    registry = Registry(SHARED)
    sold = registry.series(
        MetricSpec(name="books_sold_total", kind="counter", about="Sold.", labels=("genre",))
    )
    shelf = registry.series(MetricSpec(name="books_on_shelf", kind="gauge", about="There."))
    prices = registry.series(
        MetricSpec(name="book_price", kind="histogram", about="Paid.", buckets=(1.0, 5.0))
    )
    named = registry.series(MetricSpec(name="books_lent", kind="counter", about="Lent."))
    sold.record(1, "crime")
    sold.record(2, "crime")
    for each in (7, 5):
        shelf.record(each)
        prices.record(each)
        named.record(each)
    found = samples(registry.text().decode())
    assert value(found, "books_sold_total", genre="crime") == 3
    assert value(found, "books_on_shelf") == 5
    assert value(found, "book_price_bucket", le="5.0") == 1
    assert value(found, "book_price_sum") == 12
    assert value(found, "books_lent") == 12, "a counter keeps the name that the model gives it"
    with pytest.raises(ValueError, match="Incorrect label count"):
        sold.record(1, "crime", "hardcover")
    with pytest.raises(ValueError, match="Duplicated"):
        registry.series(MetricSpec(name="books_on_shelf", kind="gauge", about="Again."))


async def test_ids_in_labels_fill_no_memory(shop: Running) -> None:
    spec = MetricSpec(name="readers_total", kind="counter", about="Who.", labels=("who", "what"))
    readers = shop.runtime.metrics.own([spec])["readers_total"]
    for number in range(5 * MOST_OWN):
        readers.record(1, f"reader-{number}", "read")
    readers.record(1, "reader-0", "read")
    found = await scraped(shop)
    kept = [labels for name, labels in found if name == "readers_total"]
    assert len(kept) == MOST_OWN + 1
    assert value(found, "readers_total", who=OTHER, what=OTHER) == 4 * MOST_OWN
    assert value(found, "readers_total", who="reader-0", what="read") == 2
    assert shop.runtime.metrics.own([spec])["readers_total"] is readers


def test_no_series_of_all_services_has_a_label_for_one_of_many() -> None:
    labels = {name for each in (*specs((1.0,)), *scrape.GAUGES) for name in each.labels}
    assert labels <= {
        *("method", "route", "status", "rpc_method", "grpc_status", "problem_type", "reason"),
        *("job", "direction", "plan", "callee", "to_state", "outcome", "kind", "topic"),
        *("event_type", "saga", "step", "policy", "effect", "aggregate_type", "projection"),
        *("age_bucket", "field", "place"),
    }
