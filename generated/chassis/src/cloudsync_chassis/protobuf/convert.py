"""Protobuf messages to JSON values of the data model, and back, by descriptor.

Differs from protobuf's own JSON mapping: enumerations have the model's names, 64-bit integers are
numbers, a field without presence is there even at its default. Wrappers are the values that they
wrap, a Struct is the object that it describes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from pydantic_core import to_jsonable_python

EnumNames = Mapping[str, Mapping[str, str]]
"""Full name of an enumeration → name of a value → its name in the data model, if not derivable."""

Field = Any
"""A field descriptor; its class differs between protobuf's implementations."""

_TIMESTAMP = "google.protobuf.Timestamp"
_DURATION = "google.protobuf.Duration"
_FREE = frozenset(f"google.protobuf.{name}" for name in ("Struct", "Value", "ListValue"))
_WRAPPED = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)


class Converter:
    """Converts messages of one service."""

    def __init__(self, enum_names: EnumNames | None = None) -> None:
        self._names = enum_names or {}

    def to_json(self, message: Message) -> dict[str, Any]:
        """The message's fields by their JSON names."""
        found: dict[str, Any] = {}
        for each in message.DESCRIPTOR.fields:
            value = getattr(message, each.name)
            if each.has_presence and not message.HasField(each.name):
                continue
            converted = self._read(each, value)
            if converted is not None:
                found[each.json_name] = converted
        return found

    def to_message(self, values: Mapping[str, Any], message: Message) -> None:
        """Fill the message; values without a field are left out."""
        for each in message.DESCRIPTOR.fields:
            value = values.get(each.json_name)
            if value is None:
                continue
            if each.is_repeated:
                self._fill(each, getattr(message, each.name), value)
            elif each.type == FieldDescriptor.TYPE_MESSAGE:
                self._message(value, getattr(message, each.name))
            else:
                setattr(message, each.name, self._scalar(each, value))

    def _read(self, each: Field, value: Any) -> Any:
        if _is_map(each):
            entry = each.message_type.fields_by_name["value"]
            return {key: self._one(entry, one) for key, one in value.items()}
        if each.is_repeated:
            return [self._one(each, one) for one in value]
        return self._one(each, value)

    def _one(self, each: Field, value: Any) -> Any:
        if each.type == FieldDescriptor.TYPE_MESSAGE:
            return self._read_message(value)
        if each.type == FieldDescriptor.TYPE_ENUM:
            return self._enum_names(each.enum_type).get(value)
        if each.type == FieldDescriptor.TYPE_BYTES:
            return base64.b64encode(value).decode()
        return value

    def _read_message(self, value: Any) -> Any:
        name = value.DESCRIPTOR.full_name
        if name == _TIMESTAMP:
            return to_jsonable_python(value.ToDatetime(tzinfo=UTC))
        if name == _DURATION:
            return to_jsonable_python(value.ToTimedelta())
        if name in _FREE:
            return json_format.MessageToDict(value)
        if name in _WRAPPED:
            return self._one(value.DESCRIPTOR.fields_by_name["value"], value.value)
        return self.to_json(value)

    def _fill(self, each: Field, target: Any, values: Any) -> None:
        if _is_map(each):
            entry = each.message_type.fields_by_name["value"]
            for key, one in values.items():
                if entry.type == FieldDescriptor.TYPE_MESSAGE:
                    self._message(one, target[key])
                else:
                    target[key] = self._scalar(entry, one)
        elif each.type == FieldDescriptor.TYPE_MESSAGE:
            for one in values:
                self._message(one, target.add())
        else:
            target.extend(self._scalar(each, one) for one in values)

    def _message(self, value: Any, target: Any) -> None:
        name = target.DESCRIPTOR.full_name
        if name == _TIMESTAMP:
            target.FromDatetime(_datetime(value))
        elif name == _DURATION:
            target.FromTimedelta(
                value if isinstance(value, timedelta) else timedelta(seconds=value)
            )
        elif name in _FREE:
            json_format.ParseDict(to_jsonable_python(value), target)
        elif name in _WRAPPED:
            target.SetInParent()
            target.value = self._scalar(target.DESCRIPTOR.fields_by_name["value"], value)
        else:
            target.SetInParent()
            self.to_message(value, target)

    def _scalar(self, each: Field, value: Any) -> Any:
        if each.type == FieldDescriptor.TYPE_ENUM:
            names = self._enum_names(each.enum_type)
            return next((number for number, name in names.items() if name == value), 0)
        if each.type == FieldDescriptor.TYPE_BYTES:
            return base64.b64decode(value)
        if each.type == FieldDescriptor.TYPE_STRING:
            return str(to_jsonable_python(value))
        return value

    def _enum_names(self, enum: Any) -> dict[int, str]:
        """Number → name in the data model; 0 says that nothing is said."""
        given = self._names.get(enum.full_name, {})
        prefix = _screaming(enum.name) + "_"
        return {
            each.number: given.get(each.name) or _camel(each.name.removeprefix(prefix))
            for each in enum.values
            if each.number
        }


def _is_map(each: Field) -> bool:
    return bool(
        each.type == FieldDescriptor.TYPE_MESSAGE
        and each.is_repeated
        and each.message_type.GetOptions().map_entry
    )


def _datetime(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _screaming(name: str) -> str:
    """`DocumentStatus` → `DOCUMENT_STATUS`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _camel(name: str) -> str:
    """`DELETION_PENDING` → `deletionPending`."""
    first, *rest = name.lower().split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in rest)
