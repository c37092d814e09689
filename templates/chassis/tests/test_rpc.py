"""gRPC: the same port, contexts and refusals as REST."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import bookshop
from cloudsync_chassis.rpc.call import RpcCalls
from cloudsync_chassis.rpc.convert import Converter
from cloudsync_chassis.rpc.server import RpcServer, Servicer
from cloudsync_chassis.rpc.status import DETAILS
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running

F = descriptor_pb2.FieldDescriptorProto
NAME = "shop.v1.BookService"


def _field(name: str, number: int, kind: Any, **more: Any) -> Any:
    label = F.LABEL_REPEATED if more.pop("repeated", False) else F.LABEL_OPTIONAL
    return F(name=name, number=number, type=kind, label=label, **more)


def _file() -> Any:
    """What protoc would make of shop/v1/books.proto."""
    found = descriptor_pb2.FileDescriptorProto(
        name="shop/v1/books.proto",
        package="shop.v1",
        syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"],
    )
    status = found.enum_type.add(name="BookStatus")
    for number, name in enumerate(("UNSPECIFIED", "LISTED", "RESERVED", "SOLD_OUT")):
        status.value.add(name=f"BOOK_STATUS_{name}", number=number)
    book = found.message_type.add(name="Book")
    book.oneof_decl.add(name="_isbn")
    entry = book.nested_type.add(name="ExtraEntry")
    entry.options.map_entry = True
    entry.field.append(_field("key", 1, F.TYPE_STRING))
    entry.field.append(_field("value", 2, F.TYPE_INT64))
    book.field.extend(
        [
            _field("id", 1, F.TYPE_STRING),
            _field("title", 2, F.TYPE_STRING),
            _field("price_minor", 3, F.TYPE_INT64),
            _field("status", 4, F.TYPE_ENUM, type_name=".shop.v1.BookStatus"),
            _field("tags", 5, F.TYPE_STRING, repeated=True),
            _field("created_at", 6, F.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp"),
            _field("isbn", 7, F.TYPE_STRING, oneof_index=0, proto3_optional=True),
            _field("lock", 8, F.TYPE_MESSAGE, type_name=".shop.v1.Lock"),
            _field("extra", 9, F.TYPE_MESSAGE, type_name=".shop.v1.Book.ExtraEntry", repeated=True),
            _field("cover", 10, F.TYPE_BYTES),
        ]
    )
    lock = found.message_type.add(name="Lock")
    lock.field.append(_field("holder_id", 1, F.TYPE_STRING))
    lock.field.append(
        _field("expires_at", 2, F.TYPE_MESSAGE, type_name=".google.protobuf.Timestamp")
    )
    page = found.message_type.add(name="Page")
    page.field.append(_field("items", 1, F.TYPE_MESSAGE, type_name=".shop.v1.Book", repeated=True))
    page.field.append(_field("next_cursor", 2, F.TYPE_STRING))
    ask = found.message_type.add(name="Ask")
    ask.field.append(_field("book_id", 1, F.TYPE_STRING))
    ask.field.append(_field("limit", 2, F.TYPE_INT32))
    ask.field.append(_field("cursor", 3, F.TYPE_STRING))
    service = found.service.add(name="BookService")
    for name, given, result in (("ListBook", "Book", "Book"), ("GetBook", "Ask", "Book")):
        service.method.add(
            name=name, input_type=f".shop.v1.{given}", output_type=f".shop.v1.{result}"
        )
    return found


POOL = descriptor_pool.Default()
assert timestamp_pb2.DESCRIPTOR.name, "the pool knows the dependency"
POOL.Add(_file())


def message(name: str) -> Any:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"shop.v1.{name}"))


Book, Ask, Page, Lock = (message(name) for name in ("Book", "Ask", "Page", "Lock"))


class BookServicer:
    """As a generator would emit it."""

    def __init__(self, service: bookshop.Books, rpc: RpcCalls) -> None:
        self._service = service
        self._rpc = rpc

    async def list_book(self, request: Any, context: Any) -> Any:
        return await self._rpc.unary(
            (request, context),
            bookshop.LIST_BOOK,
            self._service.list_book,
            lambda: bookshop.WithBody(body=self._rpc.read(request, bookshop.BookInput)),
            Book,
        )

    async def get_book(self, request: Any, context: Any) -> Any:
        return await self._rpc.unary(
            (request, context),
            bookshop.GET_BOOK,
            self._service.get_book,
            lambda: bookshop.ByBook(book_id=self._rpc.required(request, "bookId", UUID)),
            Book,
        )

    async def find_books(self, request: Any, context: Any) -> Any:
        return await self._rpc.unary(
            (request, context),
            bookshop.FIND_BOOKS,
            self._service.find_books,
            lambda: bookshop.FindBooks(
                page=self._rpc.page(bookshop.FIND_BOOKS, request.limit, request.cursor)
            ),
            Page,
        )

    def add(self, server: grpc.aio.Server) -> None:
        methods = {
            "ListBook": (self.list_book, Book),
            "GetBook": (self.get_book, Ask),
            "FindBooks": (self.find_books, Ask),
        }
        handlers: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(
                method,
                request_deserializer=given.FromString,
                response_serializer=lambda each: each.SerializeToString(),
            )
            for name, (method, given) in methods.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))


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
    runtime = Runtime(bookshop.SERVICE, settings.model_copy(update={"port": 0}))
    servicer = BookServicer(bookshop.Books(runtime), RpcCalls(runtime))
    server = RpcServer(runtime, [Servicer(NAME, servicer.add)])
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Calling(channel, Running(runtime, None))  # type: ignore[arg-type]
    await server.stop()


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
    assert await rpc("GetBook", Ask(book_id=made.id), Book, clerk) == made


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
