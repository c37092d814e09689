"""Example messages of protobuf, the same on every run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudsync_gen.targets.service.samples import FORMATS

_DEPTH = 6
_SECONDS = 1893553445
"""2030-01-02T03:04:05Z."""

Samples = Callable[[str], Mapping[str, Any] | None]


def _none(_: str) -> None:
    """No message has a schema."""


def example_message(descriptor: Any, samples: Samples = _none, depth: int = 0) -> Any:
    """A message with a value in every field that can have one, lists with one item or as many as
    samples have, maps empty but for what samples say; of a `oneof` the first. Nothing below the
    sixth level.

    `samples` finds an object that satisfies the schema of the message by the message's name; where
    it finds one, the message says what that says, by the same names.
    """
    from google.protobuf.message_factory import GetMessageClass

    message: Any = GetMessageClass(descriptor)()
    if descriptor.full_name == "google.protobuf.Timestamp":
        message.seconds = _SECONDS
        return message
    chosen = {oneof.fields[0].name for oneof in descriptor.oneofs}
    like = samples(descriptor.name)
    for field in descriptor.fields:
        if like is not None and field.json_name not in like:
            continue
        if field.containing_oneof is None or field.name in chosen:
            value = None if like is None else like[field.json_name]
            _fill(message, field, value, samples, depth)
    return message


def _fill(message: Any, field: Any, like: Any, samples: Samples, depth: int) -> None:
    if field.message_type is None:
        if field.is_repeated:
            many = like if isinstance(like, list) else [like]
            getattr(message, field.name).extend(_scalar(field, each) for each in many)
        else:
            setattr(message, field.name, _scalar(field, like))
    elif field.message_type.GetOptions().map_entry:
        value = field.message_type.fields_by_name["value"]
        if isinstance(like, Mapping) and value.cpp_type == value.CPPTYPE_STRING:
            getattr(message, field.name).update(like)
    elif depth < _DEPTH:
        made = example_message(field.message_type, samples, depth + 1)
        if field.is_repeated:
            # one where any number will do, else as many as there must be
            size = len(like) if isinstance(like, list) and like else 1
            getattr(message, field.name).extend([made] * size)
        else:
            getattr(message, field.name).CopyFrom(made)


def _scalar(field: Any, like: Any) -> Any:
    """What it should be like, if the field can hold that; else an example by the field's type.

    A name that ends in `id` says that it is a UUID.
    """
    if field.enum_type is not None:
        numbers = [each.number for each in field.enum_type.values]
        return next((each for each in numbers if each), 0)
    if field.cpp_type == field.CPPTYPE_STRING:
        if field.type == field.TYPE_BYTES:
            return b"example"
        if isinstance(like, str):
            return like
        return FORMATS["uuid"] if field.name.endswith("id") else "example"
    if isinstance(like, bool | int | float):
        whole = field.cpp_type not in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT)
        return int(like) if whole else like
    return field.cpp_type == field.CPPTYPE_BOOL or 1
