"""Calls to other services: budgets, retries, breaker, fallbacks, propagation."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from cloudsync_chassis import propagation
from cloudsync_chassis.client import fallback
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.call import Call, body_of
from cloudsync_chassis.client.errors import CallError, NoAnswerError, RefusedError
from cloudsync_chassis.client.observer import Observer
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.context import Deadline
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.model import Model
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.testing import Running
from unhurried import unhurried

ANSWER = TypeAdapter(dict[str, int])
CALL = Call(service="peer", operation="get", method="GET", path="/v1/{id}", parameters={"id": "1"})

Reply = httpx.Response | Exception | float


class Peer(httpx.AsyncBaseTransport):
    """Answers in turn: a response, an exception to raise, or seconds to dawdle; then 200."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else httpx.Response(200, json={"a": 1})
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, float):
            await asyncio.sleep(reply)
            return httpx.Response(200, json={"a": 2})
        return reply


class Lamp(Model):
    """`shade` may be null, and then says something else than where it is absent."""

    name: str
    hue: str | None = None
    shade: Annotated[str | None, Field(json_schema_extra={"x-nullable": True})] = None


class Shelf(Model):
    lamps: list[Lamp]
    best: Lamp | None = None


SENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"name": "a"}, {"name": "a"}),
    ({"name": "a", "hue": None}, {"name": "a"}),
    ({"name": "a", "hue": "red"}, {"name": "a", "hue": "red"}),
    ({"name": "a", "shade": None}, {"name": "a", "shade": None}),
]


@pytest.mark.parametrize(("fields", "sent"), SENT)
def test_what_is_none_is_sent_where_the_schema_has_null(
    fields: dict[str, Any], sent: dict[str, Any]
) -> None:
    """A callee refuses null where its schema has none."""
    lamp = Lamp(**fields)
    assert body_of(lamp) == sent
    assert body_of(Shelf(lamps=[lamp], best=lamp)) == {"lamps": [sent], "best": sent}
    assert body_of(Shelf(lamps=[lamp], best=None)) == {"lamps": [sent]}
    assert Lamp.model_validate_json(json.dumps(body_of(lamp))) == lamp
    assert lamp.model_fields_set == fields.keys(), "the caller's own is left alone"


def client(peer: Peer, breaker: BreakerPolicy | None = None, **budget: Any) -> ServiceClient:
    chosen = Budget(**{"timeout": 0.1, **budget})
    return ServiceClient("http://peer", budgets={"get": chosen}, breaker=breaker, transport=peer)


@pytest.mark.parametrize(
    ("replies", "retries", "requests"),
    [
        ([httpx.Response(503)], 1, 2),
        ([httpx.ConnectError("down"), httpx.Response(502)], 2, 3),
        ([1.0], 1, 2),
        ([httpx.Response(429, headers={"Retry-After": "0"})], 1, 2),
        ([], 3, 1),
    ],
)
async def test_what_may_pass_is_retried(replies: list[Reply], retries: int, requests: int) -> None:
    peer = Peer(*replies)
    with unhurried():
        async with client(peer, retries=retries) as called:
            assert await called.call(CALL, ANSWER) == {"a": 1}
    assert len(peer.requests) == requests


class Told(Observer):
    def __init__(self) -> None:
        self.again: list[bool] = []

    def retried(self, succeeded: bool) -> None:
        self.again.append(succeeded)


@pytest.mark.parametrize(
    "closed", [httpx.RemoteProtocolError("closed"), httpx.ReadError("reset"), httpx.WriteError("")]
)
async def test_what_a_closed_connection_lost_is_sent_once_more(closed: Exception) -> None:
    peer = Peer(closed)
    with unhurried():
        async with client(peer, retries=0) as called:
            assert await called.call(CALL, ANSWER) == {"a": 1}
        assert len(peer.requests) == 2
        posted = replace(CALL, method="POST", repeatable=False)
        for replies in ([closed], [closed, closed]):
            peer = Peer(*replies)
            async with client(peer, retries=0) as called:
                with pytest.raises(NoAnswerError):
                    await called.call(posted if len(replies) == 1 else CALL, ANSWER)
            assert len(peer.requests) == len(replies)


async def test_what_is_sent_once_more_is_an_attempt() -> None:
    """One of the edge's retries where it has any, paid for, counted, and no sign of ill health."""
    lost = httpx.RemoteProtocolError("closed")
    with unhurried():
        peer = Peer(lost, lost, lost)
        async with client(peer, retries=2) as called:
            with pytest.raises(NoAnswerError):
                await called.call(CALL, ANSWER)
        assert len(peer.requests) == 3
        peer, told = Peer(*[lost] * 40), Told()
        policy, budgets = BreakerPolicy(requests=2, open_for=60.0), {"get": Budget(timeout=0.1)}
        async with ServiceClient(
            "http://peer", budgets=budgets, breaker=policy, observer=told, transport=peer
        ) as called:
            for _ in range(20):
                with pytest.raises(NoAnswerError, match="RemoteProtocolError"):
                    await called.call(CALL, ANSWER)
            assert called.breaker.state == "closed"
            assert called.retries.remaining < 0.2
        # ten that were saved up, and a tenth of what was called
        assert len(peer.requests) == 20 + 11
        assert told.again == [False] * 11


async def test_a_new_connection_that_breaks_is_no_kept_one() -> None:
    """A callee that dies of a request is not sent it again by an edge without retries."""
    asked: list[bytes] = []

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if len(asked) == 1:
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{"a": 1}')
            asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(die, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    budgets = {"get": Budget(timeout=2.0)}
    async with server, ServiceClient(f"http://127.0.0.1:{port}", budgets=budgets) as called:
        assert await called.call(CALL, ANSWER) == {"a": 1}
        with pytest.raises(NoAnswerError):
            await called.call(CALL, ANSWER)
        # the second by the kept connection, and once more by a new one
        assert len(asked) == 3
        with pytest.raises(NoAnswerError):
            await called.call(CALL, ANSWER)
        assert len(asked) == 4


async def test_what_a_newer_callee_adds_is_left_out() -> None:
    """As a rolling upgrade has it; what is missing or of another type is still refused."""

    class Answer(BaseModel):
        model_config = ConfigDict(extra="forbid")
        a: int

    known = TypeAdapter(list[Answer])
    newer = httpx.Response(200, json=[{"a": 1, "later": {"b": 2}}])
    async with client(Peer(newer)) as called:
        assert await called.call(CALL, known) == [Answer(a=1)]
    async with client(Peer(httpx.Response(200, json=[{"later": 1}]))) as called:
        with pytest.raises(NoAnswerError, match="contract"):
            await called.call(CALL, known)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 501])
async def test_a_refusal_is_not_retried(status: int) -> None:
    problem = {"type": "https://p.example/seat-taken", "title": "Taken", "status": status}
    peer = Peer(httpx.Response(status, json=problem))
    async with client(peer, retries=3) as called:
        with pytest.raises(RefusedError, match="Taken") as refused:
            await called.call(CALL, ANSWER)
    assert (refused.value.status, refused.value.slug) == (status, "seat-taken")
    assert refused.value.retriable == (status >= 500)
    assert len(peer.requests) == 1


async def test_what_cannot_be_repeated_is_not_retried() -> None:
    peer = Peer(httpx.ReadTimeout("slow"))
    once = Call(service="peer", operation="get", method="POST", path="/v1", repeatable=False)
    async with client(peer, retries=3) as called:
        with pytest.raises(NoAnswerError, match="ReadTimeout"):
            await called.call(once, ANSWER)
    assert len(peer.requests) == 1


async def test_the_budget_bounds_each_attempt_and_their_number() -> None:
    peer = Peer(*[5.0] * 9)
    with unhurried():
        began = time.monotonic()
        async with client(peer, timeout=0.05, retries=2) as called:
            with pytest.raises(NoAnswerError, match="TimeoutError"):
                await called.call(CALL, ANSWER)
        assert time.monotonic() - began < 1
    assert len(peer.requests) == 3


async def test_a_call_within_an_operation_carries_trace_tenant_and_deadline(
    table_shop: Running,
) -> None:
    peer = Peer(*[5.0] * 9)
    tenant, trace = uuid7(), Trace.new()
    operation = Operation(id="outer", timeout=0.3)

    async def act(ctx: Any) -> None:
        async with client(peer, timeout=0.25, retries=5) as called:
            with pytest.raises(NoAnswerError):
                await called.call(CALL, ANSWER)

    incoming = Incoming(principal=Principal("u", "user", tenant), trace=trace)
    with unhurried():
        await table_shop.runtime.executor.run(operation, incoming, act)
    headers = peer.requests[0].headers
    assert headers["traceparent"][3:35] == trace.trace_id
    assert headers["x-organization-id"] == str(tenant)
    assert 0 < int(headers["x-timeout-ms"]) <= 250
    assert int(peer.requests[1].headers["x-timeout-ms"]) <= 60
    assert len(peer.requests) == 2, "no attempt beyond the deadline"
    assert propagation.current.get() is None


async def test_a_service_proves_who_it_is(table_shop: Running) -> None:
    peer = Peer()
    identity = table_shop.runtime.identity

    async with ServiceClient(
        "http://peer", token=lambda: identity.workload_token("book-service"), transport=peer
    ) as called:
        await called.call(CALL, ANSWER)
        await called.call(CALL, ANSWER)
    first, second = (each.headers["authorization"] for each in peer.requests)
    assert first == second, "a token serves many calls"
    caller = await identity.caller(first)
    assert (caller.subject, caller.kind) == ("book-service", "workload")


async def test_a_service_asks_as_its_caller_where_it_says_so(table_shop: Running) -> None:
    peer = Peer()
    identity = table_shop.runtime.identity
    async with ServiceClient(
        "http://peer", token=lambda: identity.workload_token("book-service"), transport=peer
    ) as called:
        for token in ("ada", ""):
            acting = propagation.acting_for.set(token)
            await called.call(CALL, ANSWER)
            propagation.acting_for.reset(acting)
        await called.call(CALL, ANSWER)
    ada, nobody, itself = (each.headers.get("authorization") for each in peer.requests)
    assert (ada, nobody) == ("Bearer ada", None)
    assert itself not in (ada, None)


@pytest.mark.parametrize("value", ["..", ".", "a/b", "a?b", "é", "%2F", "a b"])
async def test_a_parameter_stays_one_segment(value: str) -> None:
    peer = Peer()
    call = Call(
        service="peer", operation="get", method="GET", path="/v1/x/{id}", parameters={"id": value}
    )
    async with client(peer) as called:
        await called.call(call, ANSWER)
    raw = peer.requests[0].url.raw_path.decode()
    assert raw.startswith("/v1/x/")
    assert "/" not in raw.removeprefix("/v1/x/")
    assert "?" not in raw
    assert peer.requests[0].url.path == f"/v1/x/{value}"


async def test_an_open_breaker_spares_the_callee() -> None:
    peer = Peer(*[httpx.Response(500)] * 3)
    policy = BreakerPolicy(requests=3, failure_ratio=0.5, open_for=0.05)
    async with client(peer, policy) as called:
        for _ in range(3):
            with pytest.raises(RefusedError):
                await called.call(CALL, ANSWER)
        with pytest.raises(NoAnswerError, match="breaker is open"):
            await called.call(CALL, ANSWER)
        assert len(peer.requests) == 3
        await asyncio.sleep(0.06)
        assert await called.call(CALL, ANSWER) == {"a": 1}


def failing(error: CallError) -> Callable[[], Any]:
    async def attempt() -> int:
        raise error

    return attempt


async def one() -> int:
    return 1


DOWN = NoAnswerError(CALL, "down")
REFUSED = RefusedError(CALL, 404, {})


async def test_fallbacks_stand_in_for_silence_but_not_for_a_refusal() -> None:
    assert await fallback.omit(failing(DOWN)) is None
    assert await fallback.default(failing(DOWN), 7) == 7
    assert await fallback.default(one, 7) == 1
    assert await fallback.default(failing(RefusedError(CALL, 503, {})), 7) == 7
    with pytest.raises(RefusedError):
        await fallback.omit(failing(REFUSED))


async def test_a_cached_answer_ages() -> None:
    clock = [0.0]
    cached: fallback.Cached[int] = fallback.Cached(10, size=2, now=lambda: clock[0])
    with pytest.raises(NoAnswerError):
        await cached.call("a", failing(DOWN))
    assert await cached.call("a", one) == 1
    clock[0] = 10.0
    assert await cached.call("a", failing(DOWN)) == 1
    with pytest.raises(RefusedError):
        await cached.call("a", failing(REFUSED))
    clock[0] = 10.1
    with pytest.raises(NoAnswerError):
        await cached.call("a", failing(DOWN))
    for key in ("b", "c", "d"):
        await cached.call(key, one)
    with pytest.raises(NoAnswerError):
        await cached.call("b", failing(DOWN))


CALLS = "shop.peer-calls"


async def queued(shop: Running, peer: Peer, **budget: Any) -> Any:
    """Answer of an operation whose call is queued, once its consumer runs."""
    runtime = shop.runtime
    called = client(peer, fallback="queue", topic=CALLS, **budget)
    runtime.clients["peer"] = called
    *_, consumer = runtime._consumers()
    consumer._pause = 0.001
    runtime._spawn(consumer.run())
    operation = Operation(id="outer", writes=True)
    incoming = Incoming(principal=Principal("u", "user", uuid7()), trace=Trace.new())

    async def act(ctx: Any) -> Any:
        return await runtime.calls.call(ctx, lambda: called.call(CALL, ANSWER))

    return await runtime.executor.run(operation, incoming, act)


async def requested(peer: Peer, times: int) -> None:
    async with asyncio.timeout(10):
        while len(peer.requests) < times:
            await asyncio.sleep(0.01)


async def letters(shop: Running) -> list[str]:
    """Topics of the dead letters."""
    return [each.topic for each in await shop.published() if each.topic.endswith(".dlq")]


async def test_a_queued_call_is_made_later_with_the_transaction(table_shop: Running) -> None:
    """However long the callee is down, within the age that its edge allows."""
    peer = Peer(*[httpx.ConnectError("down")] * 9)
    assert await queued(table_shop, peer) is None
    await requested(peer, 10)
    assert {each.url for each in peer.requests} == {peer.requests[0].url}
    assert await letters(table_shop) == []
    assert await queued(table_shop, peer) == {"a": 1}


async def test_a_queued_call_ends_when_it_is_refused(table_shop: Running) -> None:
    refused = Peer(httpx.ConnectError("down"), httpx.Response(409, json={}))
    assert await queued(table_shop, refused) is None
    async with asyncio.timeout(10):
        while not await letters(table_shop):
            await asyncio.sleep(0.01)
    assert len(refused.requests) == 2


async def test_a_queued_call_ends_when_it_is_too_old(table_shop: Running) -> None:
    silent = Peer(*[httpx.ConnectError("down")] * 99)
    assert await queued(table_shop, silent, max_age=0.0) is None
    async with asyncio.timeout(10):
        while not await letters(table_shop):
            await asyncio.sleep(0.01)
    assert len(silent.requests) == 1 + 5
    assert await letters(table_shop) == [f"{CALLS}.dlq"]


def test_calls_are_queued_on_a_topic_of_the_model() -> None:
    with pytest.raises(ValueError, match="topic"):
        Budget(timeout=1.0, fallback="queue")


def test_a_deadline_only_shrinks() -> None:
    deadline = Deadline.after(10)
    assert deadline.sooner(1).remaining <= 1
    assert deadline.sooner(100).at == deadline.at
    assert deadline.sooner(None) is deadline
    assert Deadline.after(-1).remaining == 0


def test_a_client_needs_no_database() -> None:
    import subprocess
    import sys

    program = (
        "import sys, cloudsync_chassis.client.base, cloudsync_chassis.client.fallback;"
        "print(sorted({'sqlalchemy', 'fastapi', 'grpc', 'cel'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout == "[]\n"


async def test_authorities_are_read_only_where_something_is_encrypted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They take longer to read than the first call to a neighbour may last."""
    read: list[str] = []
    usual = ssl.create_default_context

    def reading(*args: Any, **more: Any) -> ssl.SSLContext:
        read.append("authorities")
        return usual(*args, **more)

    monkeypatch.setattr(ssl, "create_default_context", reading)
    for url, times in (("http://127.0.0.1:1", 0), ("https://127.0.0.1:1", 1)):
        client = ServiceClient(url)
        with pytest.raises(NoAnswerError):
            await client.send(CALL)
        await client.aclose()
        assert len(read) == times
