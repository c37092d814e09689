"""Calls by gRPC: the same budgets, breaker and errors as by REST, against a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import grpc
import pytest
from pydantic import ConfigDict, TypeAdapter

import bookshop
from cloudsync_chassis.client.attempts import no_token
from cloudsync_chassis.client.call import Call, body_of
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.client.rpc import METHOD, RpcClient, RpcMethod
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.model import Model
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import UNAVAILABLE, VALIDATION_FAILED, FieldError, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.protobuf import status
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.testing import Running
from shop_messages import NAME, Ask, Book, Page, Shelf


class Found(Model):
    """What this caller knows of a book; there is more that it does not care for."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    title: str
    status: str


BOOK = TypeAdapter(Found)
BASE = "https://problems.example/"
BUSY = Problem(UNAVAILABLE, headers={"Retry-After": "0"})


class BookClient(RpcClient):
    """As a generator would emit it."""

    methods: ClassVar = {
        f"/{NAME}/ListBook": RpcMethod(Book, Book),
        f"/{NAME}/GetBook": RpcMethod(Ask, Shelf, "book"),
        f"/{NAME}/FindBooks": RpcMethod(Ask, Page),
        f"/{NAME}/ReadBook": RpcMethod(Ask, Shelf, "book"),
    }


def get_book(**more: Any) -> Call:
    given = {"service": "book-service", "operation": "GetBook", "method": METHOD}
    return Call(**{**given, "path": f"/{NAME}/GetBook", "body": {"bookId": "1"}, **more})


class Peer:
    """Answers in turn: a problem, a bare code, seconds to dawdle, or a book; then always a book."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[Any, dict[str, str], float]] = []
        self.port = 0

    async def answer(self, request: Any, context: Any) -> Any:
        metadata = dict(context.invocation_metadata())
        self.asked.append((request, metadata, context.time_remaining()))
        reply = self.replies.pop(0) if self.replies else "Emma"
        if isinstance(reply, float):
            await asyncio.sleep(reply)
        if isinstance(reply, grpc.StatusCode):
            await context.abort(reply, "bare")
        if isinstance(reply, Problem):
            rich = status.rich_status(reply, BASE).SerializeToString()
            await context.abort(status.code_of(reply), "told", ((status.DETAILS, rich),))
        return Shelf(book=Book(id=str(UUID(int=1)), title="Emma", status=1))

    async def pages(self, request: Any, context: Any) -> None:
        for _ in range(3):
            await context.write(await self.answer(request, context))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    server = grpc.aio.server()
    handlers: dict[str, Any] = {
        "GetBook": grpc.unary_unary_rpc_method_handler(
            made.answer, Ask.FromString, lambda each: each.SerializeToString()
        ),
        "ReadBook": grpc.unary_stream_rpc_method_handler(
            made.pages, Ask.FromString, lambda each: each.SerializeToString()
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))
    made.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield made
    await server.stop(None)


def client(peer: Peer, breaker: BreakerPolicy | None = None, **budget: Any) -> BookClient:
    chosen = Budget(**{"timeout": 0.5, **budget})
    budgets = {"GetBook": chosen, "ReadBook": chosen}
    return BookClient(f"http://127.0.0.1:{peer.port}", budgets=budgets, breaker=breaker)


async def test_an_answer_is_typed(peer: Peer) -> None:
    async with client(peer) as called:
        found = await called.call(get_book(), BOOK)
    assert (found.title, found.status, found.id) == ("Emma", "listed", UUID(int=1))
    request, metadata, left = peer.asked[0]
    assert request.book_id == "1"
    assert "x-timeout-ms" not in metadata
    assert 0 < left <= 0.51, "a time-out is rounded up on its way"


@pytest.mark.parametrize(
    ("replies", "retries", "asked"),
    [
        ([BUSY], 1, 2),
        ([grpc.StatusCode.UNAVAILABLE, BUSY], 2, 3),
        ([grpc.StatusCode.RESOURCE_EXHAUSTED], 1, 2),
        ([], 3, 1),
    ],
)
async def test_what_may_pass_is_retried(
    peer: Peer, replies: list[Any], retries: int, asked: int
) -> None:
    peer.replies = replies
    async with client(peer, retries=retries) as called:
        assert (await called.call(get_book(), BOOK)).title == "Emma"
    assert len(peer.asked) == asked


async def test_a_refusal_says_what_rest_would_say(peer: Peer) -> None:
    refusal = VALIDATION_FAILED(
        errors=(FieldError("too long", pointer="/title"), FieldError("no", parameter="tag")),
        seat="7",
    )
    peer.replies = [refusal]
    async with client(peer, retries=3) as called:
        with pytest.raises(RefusedError, match="not valid") as refused:
            await called.call(get_book(), BOOK)
    assert (refused.value.status, refused.value.slug) == (400, "validation-failed")
    assert refused.value.problem["errors"] == [
        {"pointer": "/title", "detail": "too long"},
        {"parameter": "tag", "detail": "no"},
    ]
    assert refused.value.problem["seat"] == "7"
    assert not refused.value.retriable
    assert len(peer.asked) == 1


async def test_a_bare_code_is_a_refusal_too(peer: Peer) -> None:
    peer.replies = [grpc.StatusCode.UNIMPLEMENTED]
    async with client(peer) as called:
        with pytest.raises(RefusedError, match="501 bare"):
            await called.call(get_book(), BOOK)


async def test_silence_is_no_answer_within_the_budget(peer: Peer) -> None:
    peer.replies = [5.0] * 9
    began = time.monotonic()
    async with client(peer, timeout=0.1, retries=2) as called:
        with pytest.raises(NoAnswerError, match="DEADLINE_EXCEEDED"):
            await called.call(get_book(), BOOK)
    assert len(peer.asked) == 3
    assert time.monotonic() - began < 2


async def test_nobody_there_is_no_answer() -> None:
    async with BookClient("http://127.0.0.1:1", token=no_token) as called:
        with pytest.raises(NoAnswerError, match="UNAVAILABLE"):
            await called.call(get_book(), BOOK)


async def test_what_cannot_be_repeated_is_not_retried(peer: Peer) -> None:
    peer.replies = [BUSY]
    async with client(peer, retries=3) as called:
        with pytest.raises(RefusedError, match="503"):
            await called.call(get_book(repeatable=False), BOOK)
    assert len(peer.asked) == 1


async def test_an_open_breaker_spares_the_callee(peer: Peer) -> None:
    peer.replies = [grpc.StatusCode.INTERNAL] * 3
    async with client(peer, BreakerPolicy(requests=3, open_for=0.05)) as called:
        for _ in range(3):
            with pytest.raises(RefusedError):
                await called.call(get_book(), BOOK)
        with pytest.raises(NoAnswerError, match="breaker is open"):
            await called.call(get_book(), BOOK)
        assert len(peer.asked) == 3
        await asyncio.sleep(0.06)
        assert (await called.call(get_book(), BOOK)).title == "Emma"


async def test_a_call_carries_who_for_whom_and_until_when(peer: Peer, table_shop: Running) -> None:
    identity = table_shop.runtime.identity
    tenant, trace = uuid7(), Trace.new()
    budgets = {"GetBook": Budget(timeout=5)}

    async def act(ctx: Any) -> None:
        async with BookClient(
            f"127.0.0.1:{peer.port}",
            token=lambda: identity.workload_token("book-service"),
            budgets=budgets,
        ) as called:
            await called.call(get_book(headers={"Idempotency-Key": "k", "If-Match": None}), BOOK)

    incoming = Incoming(principal=Principal("u", "user", tenant), trace=trace)
    await table_shop.runtime.executor.run(Operation(id="outer", timeout=0.3), incoming, act)
    _, metadata, left = peer.asked[0]
    assert metadata["traceparent"][3:35] == trace.trace_id
    assert metadata["x-organization-id"] == str(tenant)
    assert metadata["idempotency-key"] == "k"
    assert "if-match" not in metadata
    assert left <= 0.3
    caller = await identity.caller(metadata["authorization"])
    assert (caller.subject, caller.kind) == ("book-service", "workload")


async def streamed(called: BookClient) -> list[str]:
    request = get_book(operation="ReadBook", path=f"/{NAME}/ReadBook")
    return [each.title async for each in called.stream(request, BOOK)]


async def test_a_stream_is_typed_piece_by_piece(peer: Peer) -> None:
    async with client(peer) as called:
        assert await streamed(called) == ["Emma"] * 3


@pytest.mark.parametrize("replies", [[BUSY], ["", BUSY]])
async def test_a_stream_is_not_begun_again(peer: Peer, replies: list[Any]) -> None:
    peer.replies = list(replies)
    async with client(peer, retries=3) as called:
        with pytest.raises(RefusedError, match="503"):
            await streamed(called)
    assert len(peer.asked) == len(replies)


async def test_a_queued_call_is_made_later(peer: Peer, table_shop: Running) -> None:
    peer.replies = [BUSY]
    runtime = table_shop.runtime
    called = runtime.clients["book-service"] = client(peer, fallback="queue", topic="shop.calls")
    for consumer in runtime._consumers():
        runtime._spawn(consumer.run())
    incoming = Incoming(principal=Principal("u", "user", uuid7()), trace=Trace.new())

    async def act(ctx: Any) -> Any:
        return await runtime.calls.call(ctx, lambda: called.call(get_book(), BOOK))

    assert await runtime.executor.run(Operation(id="outer", writes=True), incoming, act) is None
    async with asyncio.timeout(10):
        while len(peer.asked) < 2:
            await asyncio.sleep(0.01)
    assert peer.asked[1][0] == peer.asked[0][0]


def test_a_body_is_what_the_caller_set() -> None:
    body = bookshop.BookInput(title="Emma", price_minor=5)
    message = BookClient("x")._message(get_book(body=body_of(body)), RpcMethod(Book, Book))
    assert message == Book(title="Emma", price_minor=5)
