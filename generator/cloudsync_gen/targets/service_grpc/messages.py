"""Messages of a contract, out of its descriptors: what fits where, and how Python names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudsync_gen.model.contracts import ProtoContract
from cloudsync_gen.targets._clients import python_module

_MESSAGE = 11
_ENUM = 14
_WELL_KNOWN = "google.protobuf."


@dataclass(frozen=True)
class Field:
    """A field. `type` is the full name of its message or enumeration, else empty."""

    name: str
    wire: str
    type: str
    is_message: bool
    is_enum: bool
    repeated: bool

    @property
    def is_entity(self) -> bool:
        """Whether it holds a message of the model, not one that stands for a plain value."""
        return self.is_message and not self.type.startswith(_WELL_KNOWN)


@dataclass(frozen=True)
class Message:
    """A message: its full name, the module of its class and the class within it, its fields."""

    name: str
    module: str
    cls: str
    fields: tuple[Field, ...]
    is_map: bool

    @property
    def wires(self) -> frozenset[str]:
        """JSON names of the fields."""
        return frozenset(each.wire for each in self.fields)

    def field(self, wire: str) -> Field | None:
        """The field of that JSON name."""
        return next((each for each in self.fields if each.wire == wire), None)


@dataclass(frozen=True)
class Messages:
    """All messages, methods and enumerations of a contract and what it imports, by full name."""

    messages: Mapping[str, Message]
    enums: Mapping[str, tuple[str, ...]]
    methods: Mapping[str, tuple[str, str]]


def messages_of(contract: ProtoContract) -> Messages:
    """Reads the descriptors; methods are those of the contract itself: (request, answer)."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    messages: dict[str, Message] = {}
    enums: dict[str, tuple[str, ...]] = {}
    methods: dict[str, tuple[str, str]] = {}
    for file in FileDescriptorSet.FromString(contract.descriptors).file:
        module = python_module(file.name)
        _add(file.package, "", module, file, messages, enums)
        if file.name == contract.import_path:
            for each in (method for service in file.service for method in service.method):
                methods[each.name] = (each.input_type[1:], each.output_type[1:])
    return Messages(messages=messages, enums=enums, methods=methods)


def _add(
    package: str,
    outer: str,
    module: str,
    holder: Any,
    messages: dict[str, Message],
    enums: dict[str, tuple[str, ...]],
) -> None:
    """The types of a file or of a message, those within them included."""
    for each in holder.message_type if not outer else holder.nested_type:
        cls = f"{outer}.{each.name}" if outer else each.name
        name = f"{package}.{cls}" if package else cls
        messages[name] = Message(
            name=name,
            module=module,
            cls=cls,
            fields=tuple(_field(field) for field in each.field),
            is_map=each.options.map_entry,
        )
        _add(package, cls, module, each, messages, enums)
    for each in holder.enum_type:
        cls = f"{outer}.{each.name}" if outer else each.name
        name = f"{package}.{cls}" if package else cls
        enums[name] = tuple(value.name for value in each.value if value.number)


def _field(field: Any) -> Field:
    return Field(
        name=field.name,
        wire=field.json_name or _json_name(field.name),
        type=field.type_name.removeprefix("."),
        is_message=field.type == _MESSAGE,
        is_enum=field.type == _ENUM,
        repeated=field.label == field.LABEL_REPEATED,
    )


def _json_name(name: str) -> str:
    """As protoc derives it: underscores go, what follows them becomes upper case."""
    first, *rest = name.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in rest)
