"""What protoc would make of the shop's proto file."""

from __future__ import annotations

from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)

F = descriptor_pb2.FieldDescriptorProto
NAME = "shop.v1.BookService"


def _field(name: str, number: int, kind: Any, **more: Any) -> Any:
    label = F.LABEL_REPEATED if more.pop("repeated", False) else F.LABEL_OPTIONAL
    return F(name=name, number=number, type=kind, label=label, **more)


def _add(found: Any, name: str, *fields: Any) -> Any:
    made = found.message_type.add(name=name)
    made.field.extend(fields)
    return made


def _a(kind: str) -> dict[str, Any]:
    """The type of a field that holds a message."""
    return {"kind": F.TYPE_MESSAGE, "type_name": f".{kind}"}


def _book(found: Any) -> None:
    status = found.enum_type.add(name="BookStatus")
    for number, name in enumerate(("UNSPECIFIED", "LISTED", "RESERVED", "SOLD_OUT")):
        status.value.add(name=f"BOOK_STATUS_{name}", number=number)
    book = _add(
        found,
        "Book",
        _field("id", 1, F.TYPE_STRING),
        _field("title", 2, F.TYPE_STRING),
        _field("price_minor", 3, F.TYPE_INT64),
        _field("status", 4, F.TYPE_ENUM, type_name=".shop.v1.BookStatus"),
        _field("tags", 5, F.TYPE_STRING, repeated=True),
        _field("created_at", 6, **_a("google.protobuf.Timestamp")),
        _field("isbn", 7, F.TYPE_STRING, oneof_index=0, proto3_optional=True),
        _field("lock", 8, **_a("shop.v1.Lock")),
        _field("extra", 9, **_a("shop.v1.Book.ExtraEntry"), repeated=True),
        _field("cover", 10, F.TYPE_BYTES),
    )
    book.oneof_decl.add(name="_isbn")
    entry = book.nested_type.add(name="ExtraEntry")
    entry.options.map_entry = True
    entry.field.append(_field("key", 1, F.TYPE_STRING))
    entry.field.append(_field("value", 2, F.TYPE_INT64))


def _others(found: Any) -> None:
    _add(
        found,
        "Lock",
        _field("holder_id", 1, F.TYPE_STRING),
        _field("expires_at", 2, **_a("google.protobuf.Timestamp")),
    )
    _add(
        found,
        "Page",
        _field("items", 1, **_a("shop.v1.Book"), repeated=True),
        _field("next_cursor", 2, F.TYPE_STRING),
    )
    _add(
        found,
        "Ask",
        _field("book_id", 1, F.TYPE_STRING),
        _field("limit", 2, F.TYPE_INT32),
        _field("cursor", 3, F.TYPE_STRING),
        _field("tag", 4, F.TYPE_STRING),
    )
    _add(found, "Shelf", _field("book", 1, **_a("shop.v1.Book")))
    _add(
        found,
        "Loose",
        _field("free", 1, **_a("google.protobuf.Struct")),
        _field("count", 2, **_a("google.protobuf.Int64Value")),
        _field("since", 3, **_a("google.protobuf.Timestamp")),
    )


def _service(found: Any) -> None:
    service = found.service.add(name="BookService")
    methods = (
        ("ListBook", "Book", "Book", False),
        ("GetBook", "Ask", "Shelf", False),
        ("FindBooks", "Ask", "Page", False),
        ("ReadBook", "Ask", "Shelf", True),
    )
    for name, given, result, streams in methods:
        service.method.add(
            name=name,
            input_type=f".shop.v1.{given}",
            output_type=f".shop.v1.{result}",
            server_streaming=streams,
        )


def _file() -> Any:
    """What protoc would make of shop/v1/books.proto."""
    found = descriptor_pb2.FileDescriptorProto(
        name="shop/v1/books.proto",
        package="shop.v1",
        syntax="proto3",
        dependency=[each.DESCRIPTOR.name for each in (struct_pb2, timestamp_pb2, wrappers_pb2)],
    )
    _book(found)
    _others(found)
    _service(found)
    return found


POOL = descriptor_pool.Default()
POOL.Add(_file())


def message(name: str) -> Any:
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"shop.v1.{name}"))


Book, Ask, Page, Shelf, Loose = map(message, ("Book", "Ask", "Page", "Shelf", "Loose"))
