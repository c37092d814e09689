"""Example messages of protobuf, the same on every run."""

from __future__ import annotations

from typing import Any

from cloudsync_gen.targets.service.samples import FORMATS

_DEPTH = 6
_SECONDS = 1893553445
"""2030-01-02T03:04:05Z."""


def example_message(descriptor: Any, depth: int = 0) -> Any:
    """A message with a value in every field that can have one, lists with one item, maps empty;
    of a `oneof` the first. Nothing below the sixth level.
    """
    from google.protobuf.message_factory import GetMessageClass

    message: Any = GetMessageClass(descriptor)()
    if descriptor.full_name == "google.protobuf.Timestamp":
        message.seconds = _SECONDS
        return message
    chosen = {oneof.fields[0].name for oneof in descriptor.oneofs}
    for field in descriptor.fields:
        if field.containing_oneof is None or field.name in chosen:
            _fill(message, field, depth)
    return message


def _fill(message: Any, field: Any, depth: int) -> None:
    if field.message_type is None:
        value = _scalar(field)
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    elif depth < _DEPTH and not field.message_type.GetOptions().map_entry:
        made = example_message(field.message_type, depth + 1)
        if field.is_repeated:
            getattr(message, field.name).append(made)
        else:
            getattr(message, field.name).CopyFrom(made)


def _scalar(field: Any) -> Any:
    """An example by the field's type; a name that ends in `id` says that it is a UUID."""
    if field.enum_type is not None:
        numbers = [each.number for each in field.enum_type.values]
        return next((each for each in numbers if each), 0)
    if field.cpp_type == field.CPPTYPE_STRING:
        if field.type == field.TYPE_BYTES:
            return b"example"
        return FORMATS["uuid"] if field.name.endswith("id") else "example"
    return field.cpp_type == field.CPPTYPE_BOOL or 1
