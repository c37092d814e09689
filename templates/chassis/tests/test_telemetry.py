"""What of spans leaves a service, to whom, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from pydantic import SecretStr, ValidationError

import bookshop
from cloudsync_chassis import propagation, telemetry, telemetry_export, traced
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import NOT_FOUND, UNAVAILABLE
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.idempotency import OvertakenError
from cloudsync_chassis.telemetry import Telemetry, Tracing
from cloudsync_chassis.testing import Running, isolated, running
from cloudsync_chassis.testing_collector import PATH, Collector

CANARY = "canary-51c9"
_SAID = {"http.route": "/v1/books"}
CALL = Call(service="till-service", operation="ring", method="GET", path="/v1/rings")


@asynccontextmanager
async def tracing(**more: Any) -> AsyncIterator[Telemetry]:
    """Spans kept in memory, as they would leave."""
    made = Telemetry(Tracing(exporter="memory", **more))
    try:
        yield made
    finally:
        await made.stop(5.0)


@asynccontextmanager
async def traced_shop(tmp_path: Path, *traced: str, **more: Any) -> AsyncIterator[Running]:
    arguments = {**isolated(tmp_path), "region": "north", **more}
    spec = replace(bookshop.SERVICE, version="1.2.3", traced=frozenset({"book.shelf", *traced}))
    runtime = Runtime(spec, bookshop.BookSettings(**arguments))
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        yield shop


def of_requests(shop: Running) -> list[Any]:
    """The spans of what was asked of a shop, without those of its statements."""
    assert shop.runtime.telemetry is not None
    return [each for each in shop.runtime.telemetry.finished if each.kind is SpanKind.SERVER]


def work(parent: Trace | None, error: BaseException | None = None) -> Trace:
    """The ids of a span that has ended."""
    try:
        with telemetry.span("work", SpanKind.SERVER, parent, _SAID) as running_span:
            found = telemetry.ids_of(running_span, parent or Trace.new())
            if error is not None:
                raise error
    except type(error or ValueError()):
        pass
    return found


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
async def test_a_share_of_the_traces_that_begin_here_is_recorded(share: float) -> None:
    random.seed(7)
    begun = [Trace.new() for _ in range(300)]
    bound = TraceIdRatioBased.get_bound_for_rate(share)
    expected = [each.trace_id for each in begun if int(each.trace_id[16:], 16) < bound]
    async with tracing(sampling=share) as made:
        passed_on = [work(each) for each in begun]
    assert [f"{each.context.trace_id:032x}" for each in made.finished] == expected
    assert all(each.parent is None for each in made.finished)
    assert [each.trace_id for each in passed_on] == [each.trace_id for each in begun]
    sampled = {each.trace_id for each in passed_on if int(each.flags, 16) & 1}
    assert sampled == set(expected)


@pytest.mark.parametrize(("share", "flags", "kept"), [(0.0, "01", 1), (1.0, "00", 0)])
async def test_who_calls_has_decided(share: float, flags: str, kept: int) -> None:
    async with tracing(sampling=share) as made:
        below = work(Trace("c" * 32, "d" * 16, flags))
    assert len(made.finished) == kept
    assert (below.trace_id, int(below.flags, 16) & 1) == ("c" * 32, kept)
    for each in made.finished:
        assert f"{each.parent.span_id:016x}" == "d" * 16


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (ValueError(CANARY), "ValueError"),
        (UNAVAILABLE(CANARY), "unavailable"),
        (NOT_FOUND(CANARY), None),
        # who lets a callee's refusal pass answers 502
        (RefusedError(CALL, 404, {"title": CANARY}), "RefusedError"),
    ],
)
async def test_what_fails_is_kept_whatever_was_decided(error: Exception, kept: str | None) -> None:
    async with tracing(sampling=0.0) as made:
        below = work(Trace.new(), error)
    assert int(below.flags, 16) & 1 == 0, "those below are not told otherwise"
    assert [each.attributes["error.type"] for each in made.finished] == ([kept] if kept else [])
    assert all(each.attributes["http.route"] == "/v1/books" for each in made.finished)
    assert CANARY not in "".join(each.to_json() for each in made.finished)


async def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    async with traced_shop(tmp_path, telemetry="memory") as shop:
        missing = "0190aaaa-0000-7000-8000-000000000000"
        path = f"/v1/books/{missing}"
        answer = await shop.http.get(path, headers=shop.caller("clerk").headers)
        assert answer.status_code == 404
        (span,) = of_requests(shop)
    assert span.status.is_unset
    assert span.attributes["error.type"] == "not-found"
    assert span.attributes["http.response.status_code"] == 404


REFUSED = [
    ("GET", "/v1/books", {}, b"", "find-books", 401, "unauthenticated"),
    ("POST", "/v1/books", {"role": "guest"}, b"{}", "list-book", 403, "forbidden"),
    ("POST", "/v1/books", {"role": "clerk"}, b"{", "list-book", 400, "validation-failed"),
    ("POST", "/v1/books", {"role": "clerk"}, b"x" * 2_000_000, "list-book", 413, "body-too-large"),
    ("GET", "/v1/books/7", {"role": "clerk"}, b"", "get-book", 400, "validation-failed"),
    ("GET", "/v1/nothing", {}, b"", "GET", 404, "not-found"),
    ("BREW", "/v1/books", {}, b"", "HTTP", 405, "method-not-allowed"),
]


@pytest.mark.parametrize(("verb", "path", "who", "body", "name", "status", "slug"), REFUSED)
async def test_who_is_refused_before_the_operation_begins_has_a_span(
    tmp_path: Path,
    verb: str,
    path: str,
    who: dict[str, str],
    body: bytes,
    name: str,
    status: int,
    slug: str,
) -> None:
    """One, below the caller's, that began when the request did."""
    began = time.time_ns()
    async with traced_shop(tmp_path, telemetry="memory") as shop:
        headers = shop.caller(who["role"]).headers if who else {}
        parent = Trace("c" * 32, "d" * 16, "01")
        sent = {**headers, "traceparent": parent.header, "Content-Type": "application/json"}
        answer = await shop.http.request(verb, path, content=body, headers=sent)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, slug)
        await shop.http.get("/health/live")
        assert shop.runtime.telemetry is not None
        (span,) = shop.runtime.telemetry.finished
    assert (span.name, span.kind, span.status.is_unset) == (name, SpanKind.SERVER, True)
    assert f"{span.parent.span_id:016x}" == parent.span_id
    assert began <= span.start_time <= span.end_time
    assert span.attributes["error.type"] == slug
    assert span.attributes["http.response.status_code"] == status
    method = "_OTHER" if name == "HTTP" else verb
    assert span.attributes["http.request.method"] == method


async def test_spans_tell_fields_that_traces_name(tmp_path: Path) -> None:
    """Of the entity, the body and the answer, and whose tenant it is without naming it."""
    names = ("book.status", "book.price", "book.version", "book.absent", "tenant.hash")
    async with traced_shop(tmp_path, *names, "caller.service", telemetry="memory") as shop:
        clerk, other = shop.caller("clerk"), shop.caller("clerk")
        body = {"title": "x", "priceMinor": 700}
        made = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
        await shop.http.get(f"/v1/books/{made.json()['id']}", headers=clerk.headers)
        await shop.http.post("/v1/books", json={}, headers=other.headers)
        await shop.http.get(f"/v1/books/{made.json()['id']}", headers=other.headers)
        spans = of_requests(shop)
    first, second, _, stranger = (dict(each.attributes) for each in spans)
    assert first["book.status"] == second["book.status"] == "listed"
    assert (first["book.price"], first["book.version"]) == (700, 1)
    assert "book.absent" not in first
    assert "book.status" not in stranger
    assert first["tenant.hash"] == second["tenant.hash"] != stranger["tenant.hash"]
    assert str(clerk.organization) not in "".join(each.to_json() for each in spans)


async def test_handlers_and_fields_tell_plain_values() -> None:
    """A list, an object and what is absent tell nothing."""
    listed = frozenset({"a.flag", "a.kind", "a.list", "a.none", "a.id"})
    record = {"flag": True, "list": [1], "none": None, "id": UUID(int=7)}
    fields = [(f"a.{name}", name) for name in record]
    async with tracing(attributes=listed) as made:
        with telemetry.span("work", SpanKind.SERVER, None, {}):
            traced.tell("a.kind", SpanKind.SERVER)
            traced.tell_fields(fields, record)
            traced.tell_fields(fields, None)
    (span,) = made.finished
    told = {"a.kind": SpanKind.SERVER.value, "a.flag": True, "a.id": str(UUID(int=7))}
    assert dict(span.attributes) == told


class Shelves:
    """A port with a coroutine and a plain method."""

    size = 3

    async def count(self, word: str, *, fail: bool = False) -> str:
        if fail:
            raise LookupError(word)
        return f"{self.plain(word)}!"

    def plain(self, word: str) -> str:
        return word


async def test_calls_of_a_port_are_spans_below_what_makes_them() -> None:
    port = traced.calls(Shelves(), "shelf-store")
    async with tracing() as made:
        assert await port.count("alone") == "alone!"
        assert (made.finished, port.size, port.plain("x")) == ([], 3, "x")
        with telemetry.span("work", SpanKind.SERVER, None, {}) as above:
            assert await port.count(CANARY) == f"{CANARY}!"
            with pytest.raises(LookupError):
                await port.count(CANARY, fail=True)
            assert port.plain("x") == "x"
        well, badly, _ = made.finished
    for each in (well, badly):
        assert (each.name, each.kind) == ("shelf-store count", SpanKind.CLIENT)
        assert each.parent.span_id == above.get_span_context().span_id
        assert each.attributes["peer.service"] == "shelf-store"
        assert CANARY not in each.to_json()
    assert well.status.is_unset
    assert badly.attributes["error.type"] == "LookupError"


async def test_plain_methods_that_are_named_are_spans_too_in_threads_as_well() -> None:
    port = traced.calls(Shelves(), "shelf-store", "plain")
    async with tracing() as made:
        with telemetry.span("work", SpanKind.SERVER, None, {}) as above:
            assert [port.plain(CANARY), await asyncio.to_thread(port.plain, "y")] == [CANARY, "y"]
        *called, _ = made.finished
    assert [each.name for each in called] == ["shelf-store plain"] * 2
    assert {each.parent.span_id for each in called} == {above.get_span_context().span_id}


async def test_only_names_that_may_be_told_leave() -> None:
    async with tracing(attributes=frozenset({"book.shelf"})) as made:
        with telemetry.span("work", SpanKind.SERVER, None, {"http.route": "/v1/books"}) as own:
            own.set_attribute("book.shelf", "north")
            own.set_attribute("book.title", CANARY)
            own.set_attribute("url.full", f"https://shop.invalid/{CANARY}")
            own.add_event("sold", {"book.shelf": "north", "book.title": CANARY})
            link = trace.Link(own.get_span_context(), {"book.title": CANARY})
            with (
                pytest.raises(ValueError, match=CANARY),
                telemetry._tracer.start_as_current_span("handler's own", links=[link]),
            ):
                raise ValueError(CANARY)
    inner, outer = made.finished
    assert [each.attributes for each in inner.events] == [{"exception.type": "ValueError"}]
    assert [each.attributes for each in inner.links] == [{}]
    assert outer.attributes == {"http.route": "/v1/books", "book.shelf": "north"}
    assert [dict(each.attributes) for each in outer.events] == [{"book.shelf": "north"}]
    assert CANARY not in "".join(each.to_json() for each in made.finished)


async def test_what_must_not_be_told_leaves_in_no_attribute(tmp_path: Path) -> None:
    listed = frozenset({"book.shelf", "book.tax_id", "notes"})
    spec = replace(bookshop.SERVICE, masked=frozenset({"notes", "taxId"}), traced=listed)
    runtime = Runtime(spec, bookshop.BookSettings(**isolated(tmp_path), telemetry="memory"))
    async with running(bookshop.build(runtime, bookshop.Books(runtime))):
        said = {"book.shelf": "north", "book.tax_id": CANARY, "notes": CANARY}
        with telemetry.span("work", SpanKind.INTERNAL, None, said):
            pass
        assert runtime.telemetry is not None
        (span,) = runtime.telemetry.finished
    assert span.attributes == {"book.shelf": "north"}


async def test_a_printed_span_is_a_line_that_says_what_opentelemetry_says_of_it() -> None:
    tracing = Tracing(exporter="memory", resource={"cloud.region": "north"})
    made = telemetry_export.Spans(tracing)
    with made.tracer.start_as_current_span("outer", attributes={"http.route": "/v1/books"}) as own:
        links = [trace.Link(own.get_span_context(), {"http.route": "a\n\u2028b"})]
        with made.tracer.start_as_current_span("inner", kind=SpanKind.CLIENT, links=links) as below:
            below.add_event("sold", {"http.request.resend_count": 2})
            below.set_status(StatusCode.ERROR)
    await made.stop(5.0)
    assert [each.name for each in made.finished] == ["inner", "outer"]
    described = telemetry_export._copy(made.finished[1], status=Status(StatusCode.ERROR, "said"))
    for span in [*made.finished, described]:
        printed = telemetry_export.line(span)
        assert printed.count("\n") == 1
        assert json.loads(printed) == json.loads(span.to_json())


@pytest.mark.parametrize("failed", [False, True])
async def test_what_has_just_ended_is_told_as_by_a_tracer(failed: bool) -> None:
    said: dict[str, str | int] = {"db.system.name": "sqlite", "server.port": 1}
    resource = {"cloud.region": "north"}
    async with tracing(resource=resource) as made:
        with telemetry.span("work", SpanKind.SERVER, Trace.new(), {}):
            telemetry.past("SELECT a", said, 1_000, failed=failed)
            own: Any = telemetry._started("SELECT a", SpanKind.CLIENT, None, said, 1_000)
            if failed:
                own.set_status(StatusCode.ERROR)
            own.end()
        one, other, _ = (json.loads(each.to_json()) for each in made.finished)
        assert made.finished[0].instrumentation_scope == made.finished[1].instrumentation_scope
    for each in (one, other):
        assert len({each["context"].pop("span_id"), each["parent_id"], each.pop("end_time")}) == 3
    assert one == other


async def test_a_long_value_is_cut() -> None:
    async with tracing(attributes=frozenset({"a"})) as made:
        with telemetry.span("work", SpanKind.SERVER, None, {"a": "x" * 5000}):
            pass
    assert len(made.finished[0].attributes["a"]) == 256


async def test_a_callee_hangs_below_the_call() -> None:
    heard: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.headers["traceparent"])
        return httpx.Response(404, json={"title": CANARY})

    client = ServiceClient("https://till.invalid", transport=httpx.MockTransport(answer))
    async with tracing() as made:
        with (
            telemetry.span("sell", SpanKind.SERVER, Trace.new(), {}),
            pytest.raises(RefusedError),
        ):
            await client.send(CALL)
    await client.aclose()
    call, sale = made.finished
    assert (call.kind, call.parent.span_id) == (SpanKind.CLIENT, sale.context.span_id)
    found = Trace.parse(heard[0])
    assert found
    assert (int(found.trace_id, 16), int(found.span_id, 16)) == (
        sale.context.trace_id,
        call.context.span_id,
    )
    assert call.attributes["error.type"] == "404"
    assert CANARY not in call.to_json()


def test_where_nothing_traces_nothing_claims_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_tracer", trace.NoOpTracer())
    assert propagation.outgoing_headers() == {}
    assert work(Trace.new()).flags == "00"
    assert work(Trace("c" * 32, "d" * 16, "01")) == Trace("c" * 32, "d" * 16, "01")


async def test_spans_reach_a_collector(tmp_path: Path) -> None:
    with Collector() as collector:
        told = SecretStr("api-key=s%20e,x-scope=books")
        arguments = {"telemetry_endpoint": f"{collector.url}/", "telemetry_headers": told}
        async with traced_shop(tmp_path, telemetry="otlp", **arguments) as shop:
            headers = shop.caller("clerk").headers
            body = {"title": CANARY, "priceMinor": 700, "notes": CANARY}
            made = await shop.http.post("/v1/books", json=body, headers=headers)
            assert made.status_code == 201
        (path, sent, content), *_ = collector.requests
    assert path == PATH
    assert (sent["api-key"], sent["x-scope"]) == ("s e", "books")
    assert CANARY.encode() not in content
    (span,) = (each for each in collector.spans if each.kind == "SERVER")
    assert span.name == "list-book", "drained at the stop"
    assert (span.kind, span.parent, span.failed) == ("SERVER", "", False)
    assert span.resource == {
        "service.name": "book-service",
        "service.version": "1.2.3",
        "deployment.environment.name": "test",
        "cloud.region": "north",
    }
    assert span.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/books",
        "http.response.status_code": 201,
    }


async def test_an_answer_that_is_given_again_is_told_like_the_first(tmp_path: Path) -> None:
    async with traced_shop(tmp_path, telemetry="memory") as shop:
        headers = {**shop.caller("clerk").headers, "Idempotency-Key": str(UUID(int=1))}
        for _ in "12":
            body = {"title": "x", "priceMinor": 700}
            await shop.http.post("/v1/books", json=body, headers=headers)
        spans = of_requests(shop)
    assert [each.attributes["http.response.status_code"] for each in spans] == [201, 201]


async def test_a_request_that_is_carried_out_anew_is_one_span(tmp_path: Path) -> None:
    """That another one was first is no failure of either."""
    runs: list[str] = []

    async def act(ctx: Context) -> None:
        runs.append(ctx.trace.span_id)
        if len(runs) < 3:
            raise OvertakenError(UNAVAILABLE("the same request is being carried out"))

    async with traced_shop(tmp_path, telemetry="memory", telemetry_sampling=0.0) as shop:
        incoming = Incoming(principal=workload("shop", UUID(int=1)), trace=Trace.new())
        operation = Operation(id="probe", access="workload")
        await shop.runtime.executor.run(operation, incoming, act)
        assert shop.runtime.telemetry is not None
        assert "probe" not in [each.name for each in shop.runtime.telemetry.finished]
    assert len(runs) == 3
    assert len(set(runs)) == 1


async def test_an_outage_of_the_collector_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry_export._SELDOM, "_next", 0.0)
    with Collector(status=400) as collector:
        made = Telemetry(Tracing(exporter="otlp", endpoint=collector.url))
        for _ in range(1200):
            work(None)
        await made.stop(10.0)
        assert len(collector.requests) >= 3
    lines = [each for each in caplog.records if "exporter" in each.name]
    assert [each.levelname for each in lines] == ["ERROR"]


@contextmanager
def silent() -> Iterator[str]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def gone() -> Iterator[str]:
    """Refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def failing() -> Iterator[str]:
    """Answers that it is overloaded."""
    with Collector(status=503) as collector:
        yield collector.url


@pytest.mark.parametrize("away", [silent, gone, failing])
async def test_nobody_waits_for_a_collector_that_is_away(away: Any) -> None:
    with away() as url:
        made = Telemetry(Tracing(exporter="otlp", endpoint=url))
        began = time.perf_counter()
        for _ in range(3000):
            work(None)
        ended = time.perf_counter()
        await made.stop(0.3)
        stopped = time.perf_counter() - ended
        work(None)
    # 3000 spans are more than the queue holds; a second is beyond what they take by far
    assert ended - began < 3.0
    assert 0.0 < stopped < 1.5


async def test_the_last_spans_take_no_longer_than_the_grace_leaves(tmp_path: Path) -> None:
    with silent() as url:
        arguments = {"telemetry": "otlp", "telemetry_endpoint": url, "shutdown_grace": 2.0}
        async with traced_shop(tmp_path, **arguments) as shop:
            await shop.http.get("/v1/books", headers=shop.caller("clerk").headers)
            assert shop.runtime.settings.flush_seconds == pytest.approx(0.4)
            began = time.perf_counter()
            await shop.runtime.stop()
            assert time.perf_counter() - began < 2.0


PROCESS = """
import asyncio, sys
from cloudsync_chassis import telemetry
from opentelemetry.trace import SpanKind, Status, StatusCode
made = telemetry.Telemetry(telemetry.Tracing(exporter="otlp", endpoint=sys.argv[1], timeout=60))
with telemetry.span("work", SpanKind.SERVER, None, {}):
    pass
asyncio.run(made.stop(0.2))
"""


async def test_a_process_ends_though_a_collector_does_not_answer() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with silent() as url:
        began = time.perf_counter()
        command = [sys.executable, "-c", PROCESS, url]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, timeout=40, check=True
        )
    assert done.returncode == 0
    assert time.perf_counter() - began < 30, "the exporter's own time-out is a minute"


@pytest.mark.parametrize("text", ["secret", "=secret", "a b=secret", "a=x%0d%0ay", "a=\u00e9"])
def test_headers_that_cannot_be_sent_are_refused_unseen(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        bookshop.BookSettings(**isolated(tmp_path), telemetry_headers=SecretStr(text))
    faults = refused.value.errors(include_input=False, include_context=False, include_url=False)
    assert [each["msg"] for each in faults] == [
        "Value error, headers are name=value, separated by commas"
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("sampling", "1.5"), ("endpoint", "collector:4318"), ("timeout", "0")]
)
def test_settings_that_cannot_be_used_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CHASSIS_TELEMETRY_{name.upper()}", value)
    with pytest.raises(ValidationError, match=f"telemetry_{name}"):
        bookshop.BookSettings()
