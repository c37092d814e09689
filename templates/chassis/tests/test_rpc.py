"""gRPC: the same port, contexts and refusals as REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import bookshop
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.protobuf.convert import Converter
from cloudsync_chassis.protobuf.status import DETAILS, code_of, rich_status
from cloudsync_chassis.rpc.call import Reply
from cloudsync_chassis.rpc.server import RpcServer
from cloudsync_chassis.rpc.service import RpcService
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running
from shop_messages import NAME, Ask, Book, Loose, Page, Shelf


def book_service(runtime: Runtime, service: bookshop.Books) -> RpcService:
    """As a generator would emit it."""
    rpc = RpcService(NAME, runtime)

    @rpc.unary("ListBook", bookshop.LIST_BOOK, service.list_book, Book, Reply(Book))
    def list_book(message: Any) -> bookshop.WithBody:
        return bookshop.WithBody(body=rpc.read(message, bookshop.BookInput))

    @rpc.unary("GetBook", bookshop.GET_BOOK, service.get_book, Ask, Reply(Shelf, "book"))
    def get_book(message: Any) -> bookshop.ByBook:
        return bookshop.ByBook(book_id=rpc.required(message, "bookId", UUID))

    @rpc.unary("FindBooks", bookshop.FIND_BOOKS, service.find_books, Ask, Reply(Page))
    def find_books(message: Any) -> bookshop.FindBooks:
        return bookshop.FindBooks(
            page=rpc.page(bookshop.FIND_BOOKS, message.limit, message.cursor),
            tag=rpc.value(message, "tag", str),
        )

    async def pages(ctx: Context, request: bookshop.ByBook) -> AsyncIterator[bookshop.Book]:
        return _read_out(await service.get_book(ctx, request))

    @rpc.stream("ReadBook", bookshop.GET_BOOK, pages, Ask, Reply(Shelf, "book"))
    def read_book(message: Any) -> bookshop.ByBook:
        return bookshop.ByBook(book_id=rpc.required(message, "bookId", UUID))

    return rpc


async def _read_out(book: bookshop.Book) -> AsyncIterator[bookshop.Book]:
    """The book, again and again under a shorter title; a sign in it fails, one waits."""
    for length in range(len(book.title), 0, -1):
        if book.title[length - 1] == "!":
            raise NOT_FOUND("torn out")
        if book.title[length - 1] == "~":
            await asyncio.sleep(60)
        yield book.model_copy(update={"title": book.title[:length]})


class Calling:
    """A channel to the server under test."""

    def __init__(self, channel: grpc.aio.Channel, running: Running) -> None:
        self.channel = channel
        self.running = running

    async def __call__(
        self, name: str, request: Any, result: Any, caller: Caller | None = None, **more: str
    ) -> Any:
        method: Any = self.channel.unary_unary(
            f"/{NAME}/{name}",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=result.FromString,
        )
        metadata = [(key.replace("_", "-"), value) for key, value in more.items()]
        if caller is not None:
            metadata.append(("authorization", f"Bearer {caller.token}"))
        return await method(request, metadata=metadata, timeout=5)


@pytest.fixture
async def rpc(settings: bookshop.BookSettings) -> AsyncIterator[Calling]:
    runtime = Runtime(bookshop.SERVICE, settings)
    server = RpcServer(runtime, [book_service(runtime, bookshop.Books(runtime))])
    async with running(server) as shop, grpc.aio.insecure_channel(shop.address) as channel:
        assert await shop.ready()
        yield Calling(channel, shop)
    assert not await shop.ready()


def details(error: grpc.aio.AioRpcError) -> tuple[Any, list[Any]]:
    """`ErrorInfo`, and the field violations."""
    metadata = {str(name): value for name, value in error.trailing_metadata()}
    status = status_pb2.Status.FromString(metadata[DETAILS])
    assert status.code == error.code().value[0]
    info, faults = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for each in status.details:
        each.Unpack(info)
        each.Unpack(faults)
    return info, list(faults.field_violations)


async def test_messages_reach_the_port_and_come_back(rpc: Calling) -> None:
    clerk = rpc.running.caller("clerk")
    made = await rpc("ListBook", Book(title="Emma", price_minor=2**40, tags=["old"]), Book, clerk)
    assert (made.title, made.price_minor, made.status, list(made.tags)) == (
        "Emma",
        2**40,
        1,
        ["old"],
    )
    assert made.created_at.seconds > 1_700_000_000
    assert not made.HasField("isbn")
    assert (await rpc("GetBook", Ask(book_id=made.id), Shelf, clerk)).book == made


async def test_pages_and_cursors(rpc: Calling) -> None:
    clerk = rpc.running.caller("clerk")
    for number in range(5):
        await rpc("ListBook", Book(title=str(number)), Book, clerk)
    seen: list[str] = []
    ask = Ask(limit=2)
    while True:
        page = await rpc("FindBooks", ask, Page, clerk)
        seen += [each.title for each in page.items]
        if not page.next_cursor:
            break
        ask = Ask(limit=2, cursor=page.next_cursor)
    assert seen == ["4", "3", "2", "1", "0"]
    assert not (await rpc("FindBooks", Ask(tag="old"), Page, clerk)).items


@pytest.mark.parametrize(
    ("name", "request_", "roles", "code", "slug"),
    [
        ("GetBook", Ask(book_id="x"), ("clerk",), "INVALID_ARGUMENT", "validation-failed"),
        ("GetBook", Ask(), ("clerk",), "INVALID_ARGUMENT", "validation-failed"),
        ("GetBook", Ask(book_id=str(UUID(int=1))), ("clerk",), "NOT_FOUND", "not-found"),
        ("GetBook", Ask(book_id=str(UUID(int=1))), (), "PERMISSION_DENIED", "forbidden"),
        ("GetBook", Ask(book_id="x"), None, "UNAUTHENTICATED", "unauthenticated"),
        ("ListBook", Book(), ("clerk",), "INVALID_ARGUMENT", "validation-failed"),
        ("FindBooks", Ask(cursor="x"), ("clerk",), "FAILED_PRECONDITION", "cursor-unknown"),
    ],
)
async def test_refusals_carry_a_rich_status(
    rpc: Calling, name: str, request_: Any, roles: tuple[str, ...] | None, code: str, slug: str
) -> None:
    caller = None if roles is None else rpc.running.caller(*roles)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rpc(name, request_, Book, caller)
    info, faults = details(refused.value)
    assert refused.value.code().name == code
    assert (info.reason, info.domain) == (slug, "https://problems.example/")
    assert bool(faults) == (slug == "validation-failed")


async def test_refusals_before_the_operation_have_a_span(tmp_path: Path) -> None:
    settings = bookshop.BookSettings(**isolated(tmp_path), telemetry="memory")
    runtime = Runtime(bookshop.SERVICE, settings)
    server = RpcServer(runtime, [book_service(runtime, bookshop.Books(runtime))])
    async with running(server) as shop, grpc.aio.insecure_channel(shop.address) as channel:
        call = Calling(channel, shop)
        parent = Trace("c" * 32, "d" * 16, "01")
        for caller, cursor in ((None, ""), (shop.caller("clerk"), "x")):
            asked = Ask(cursor=cursor)
            with pytest.raises(grpc.aio.AioRpcError):
                await call("FindBooks", asked, Book, caller, traceparent=parent.header)
        assert runtime.telemetry is not None
        spans = runtime.telemetry.finished
    slugs = ["unauthenticated", "cursor-unknown"]
    assert [each.attributes["error.type"] for each in spans] == slugs
    assert {each.name for each in spans} == {"find-books"}
    assert {f"{each.parent.span_id:016x}" for each in spans} == {parent.span_id}
    assert all("rpc.method" in each.attributes for each in spans)
    assert all("http.response.status_code" not in each.attributes for each in spans)


async def test_an_unexpected_exception_is_masked(
    rpc: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(rpc.running.runtime.executor, "answer", fail)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rpc("GetBook", Ask(book_id=str(UUID(int=1))), Book, rpc.running.caller("clerk"))
    assert refused.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(refused.value)


async def test_an_idempotency_key_works_as_over_rest(rpc: Calling) -> None:
    clerk = rpc.running.caller("clerk")
    request = Book(title="Emma", price_minor=1)
    first = await rpc("ListBook", request, Book, clerk, idempotency_key="k")
    again = await rpc("ListBook", request, Book, clerk, idempotency_key="k")
    assert first == again
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rpc("ListBook", Book(title="x"), Book, clerk, idempotency_key="k")
    assert details(refused.value)[0].reason == "idempotency-key-reused"


def _stub(channel: Any) -> Any:
    return reflection_pb2_grpc.ServerReflectionStub(channel)


async def test_health_and_reflection(rpc: Calling) -> None:
    stub: Any = health_pb2_grpc.HealthStub(rpc.channel)
    for name in ("", NAME):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflected: Any = _stub(rpc.channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    names: set[str] = set()
    async for each in reflected.ServerReflectionInfo(iter([asked])):
        names |= {service.name for service in each.list_services_response.service}
    assert {NAME, "grpc.health.v1.Health"} <= names


async def test_probes_say_what_those_of_http_say(rpc: Calling) -> None:
    stub: Any = health_pb2_grpc.HealthStub(rpc.channel)
    health = rpc.running.runtime.health

    async def states() -> list[bool]:
        asked = (health_pb2.HealthCheckRequest(service=n) for n in ("live", "started", "ready"))
        answers = [await stub.Check(each) for each in asked]
        return [each.status == health_pb2.HealthCheckResponse.SERVING for each in answers]

    assert await states() == [True, True, True]
    health.stopping = True
    assert await states() == [True, True, False]
    health.stopping, health.started = False, False
    assert await states() == [True, False, False]
    health.started = True
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_values_survive_the_way_there_and_back() -> None:
    values = {
        "id": "1",
        "title": "",
        "priceMinor": 2**53,
        "status": "soldOut",
        "tags": ["a", "b"],
        "createdAt": "2026-03-01T10:00:00.123456Z",
        "isbn": "",
        "lock": {"holderId": "h", "expiresAt": "2026-03-01T10:00:00Z"},
        "extra": {"a": 5},
        "cover": "AP8=",
    }
    converter = Converter()
    filled = Book()
    converter.to_message(values, filled)
    assert converter.to_json(Book.FromString(filled.SerializeToString())) == values


def test_absent_stays_absent() -> None:
    found = Converter().to_json(Book(title="x"))
    assert found == {
        "id": "",
        "title": "x",
        "priceMinor": 0,
        "tags": [],
        "extra": {},
        "cover": "",
    }


def test_names_that_cannot_be_derived_are_given() -> None:
    converter = Converter({"shop.v1.BookStatus": {"BOOK_STATUS_SOLD_OUT": "sold-out"}})
    filled = Book()
    converter.to_message({"status": "sold-out"}, filled)
    assert filled.status == 3
    assert converter.to_json(filled)["status"] == "sold-out"


def test_wrappers_and_free_objects_are_their_values() -> None:
    values = {"free": {"a": [1.5, None, {"b": "c"}]}, "count": 0, "since": "2026-03-01T10:00:00Z"}
    converter = Converter()
    filled = Loose()
    converter.to_message(values, filled)
    assert converter.to_json(Loose.FromString(filled.SerializeToString())) == values
    assert converter.to_json(Loose()) == {}


async def streamed(rpc: Calling, title: str, timeout: float = 5) -> tuple[list[str], str]:
    """The titles that arrive, and how the stream ends."""
    clerk = rpc.running.caller("clerk")
    made = await rpc("ListBook", Book(title=title), Book, clerk)
    method: Any = rpc.channel.unary_stream(
        f"/{NAME}/ReadBook",
        request_serializer=lambda each: each.SerializeToString(),
        response_deserializer=Shelf.FromString,
    )
    metadata = [("authorization", f"Bearer {clerk.token}")]
    call = method(Ask(book_id=made.id), metadata=metadata, timeout=timeout)
    seen = []
    try:
        async for each in call:
            seen.append(each.book.title)
    except grpc.aio.AioRpcError as error:
        return seen, details(error)[0].reason
    return seen, (await call.code()).name


async def test_a_stream_arrives_piece_by_piece(rpc: Calling) -> None:
    assert await streamed(rpc, "Emma") == (["Emma", "Emm", "Em", "E"], "OK")


async def test_a_stream_that_breaks_off_says_why(rpc: Calling) -> None:
    assert await streamed(rpc, "E!ma") == (["E!ma", "E!m"], "not-found")


async def test_the_deadline_ends_a_stream(rpc: Calling) -> None:
    assert await streamed(rpc, "E~ma", 0.4) == (["E~ma", "E~m"], "deadline-exceeded")


async def test_a_stream_is_admitted_like_any_call(rpc: Calling) -> None:
    method: Any = rpc.channel.unary_stream(
        f"/{NAME}/ReadBook",
        request_serializer=lambda each: each.SerializeToString(),
        response_deserializer=Shelf.FromString,
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await method(Ask(book_id=str(UUID(int=1)))).read()
    assert details(refused.value)[0].reason == "unauthenticated"


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.0.0.1:4711", "10.0.0.1"),
        ("ipv6:%5B::1%5D:4711", "::1"),
        ("ipv6:[2001:db8::1]:4711", "2001:db8::1"),
        ("unix:/run/socket", None),
    ],
)
def test_a_peer_tells_its_address(peer: str, address: str | None) -> None:
    from cloudsync_chassis.rpc.call import address_of

    assert address_of(peer) == address


def test_a_broken_rule_is_an_invalid_argument_that_names_the_field() -> None:
    problem = breaks_rule("ends before it begins", pointer="/endsAt")
    assert (problem.kind.slug, problem.kind.status) == ("rule-broken", 422)
    assert code_of(problem) is grpc.StatusCode.INVALID_ARGUMENT
    packed = rich_status(problem, "https://problems.example/").details
    request = error_details_pb2.BadRequest()
    assert any(each.Unpack(request) for each in packed if each.Is(request.DESCRIPTOR))
    assert request.field_violations[0].description == "ends before it begins"
