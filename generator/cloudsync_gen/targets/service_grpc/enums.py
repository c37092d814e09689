"""Values of proto enumerations and members of the data model, where one does not spell the other.

The runtime derives `deletionPending` from `DOCUMENT_STATUS_DELETION_PENDING`. What it cannot derive
is found by walking messages and schemas side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.naming import screaming, words
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service_grpc.messages import Field, Message, Messages

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Pair = tuple[str, Mapping[str, Any]]
"""Full name of a message, and the schema of what it stands for."""


def enum_names(
    known: Messages, pairs: Iterator[Pair], schemas: Mapping[str, Any]
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Enumeration -> its values that the runtime cannot derive -> their members; sorted."""
    found: dict[str, dict[str, str]] = {}
    for name, schema in _enums(known, pairs, schemas):
        members = [each for each in schema.get("enum", ()) if isinstance(each, str)]
        table = _table(name.rpartition(".")[2], known.enums.get(name, ()), members)
        if table:
            found.setdefault(name, {}).update(table)
    return tuple(sorted((name, tuple(sorted(table.items()))) for name, table in found.items()))


def _table(enum: str, values: tuple[str, ...], members: list[str]) -> dict[str, str]:
    """Only what differs from the derivation; a value without a member keeps its derived name."""
    by_words = {words(each): each for each in members}
    found = {}
    for value in values:
        derived = _runtime_name(enum, value)
        plain = words(value.removeprefix(f"{screaming(enum)}_"))
        member = derived if derived in members else by_words.get(plain, derived)
        if member != derived:
            found[value] = member
    return found


def _runtime_name(enum: str, value: str) -> str:
    """As `cloudsync_chassis.protobuf.convert` derives it."""
    prefix = _HUMP.sub("_", enum).upper()
    first, *rest = value.removeprefix(f"{prefix}_").lower().split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in rest)


def _enums(
    known: Messages, pairs: Iterator[Pair], schemas: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(enumeration, schema of what it stands for) of all fields that can be reached."""
    seen: set[tuple[str, str]] = set()
    pending = list(pairs)
    while pending:
        name, schema = pending.pop()
        message = known.messages.get(name)
        properties = schema.get("properties", {})
        for field in message.fields if message else ():
            if field.wire not in properties:
                continue
            label, inner = _item(field, known, properties[field.wire], schemas)
            if field.is_enum:
                yield field.type, inner
            elif field.is_message and (field.type, label) not in seen:
                seen.add((field.type, label))
                pending.append((field.type, inner))


def _item(
    field: Field, known: Messages, schema: Any, schemas: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    """(name, schema) of what a field holds, or of one of them."""
    name, found = followed(schema, schemas)
    if field.repeated and not _is_map(known.messages.get(field.type)):
        name, found = followed(found.get("items", {}), schemas)
    return name or str(id(schema)), found


def _is_map(message: Message | None) -> bool:
    return message is not None and message.is_map
