"""What spans say of requests, answers and entities: fields that the model's traces name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from pydantic import BaseModel

from cloudsync_chassis import telemetry
from cloudsync_chassis.model import to_record

Value = str | int | float | bool | Enum
"""What an attribute may hold; an enumeration's member is told by its value."""

Port = TypeVar("Port")

Fields = Iterable[tuple[str, str]]
"""Name of an attribute, and of the field that it tells, as JSON calls it."""


def tell(name: str, value: Value) -> None:
    """Have the span of the operation under way say something; it leaves if the model's traces list
    the name.
    """
    running = trace.get_current_span()
    if running.is_recording():
        running.set_attribute(name, _plain(value))


def tell_fields(fields: Fields, told: object) -> None:
    """Have it say what fields of an entity, a body or an answer hold, as far as these have them."""
    if not fields or not trace.get_current_span().is_recording():
        return
    record: Mapping[str, Any] = {}
    if isinstance(told, BaseModel):
        record = to_record(told)
    elif isinstance(told, Mapping):
        record = told
    for name, field in fields:
        value = _plain(record.get(field))
        if isinstance(value, str | int | float):
            tell(name, value)


def calls(port: Port, peer: str, *plain: str) -> Port:
    """The same port, each call of one of its coroutines a CLIENT span called `<peer> <method>`
    below the running one, for what is reached by no client of the chassis: an object store, a
    provider. Arguments are not told. `plain`: those of its other methods that go there, too.
    """
    return cast(Port, _Calls(port, peer, frozenset(plain)))


class _Calls:
    def __init__(self, port: object, peer: str, plain: frozenset[str]) -> None:
        self._port = port
        self._peer = peer
        self._plain = plain

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name in self._plain:
            return self._waited_for(name, found)
        if not iscoroutinefunction(found):
            return found
        told = {"peer.service": self._peer}

        @wraps(found)
        async def spanned(*arguments: Any, **named: Any) -> Any:
            if telemetry.heard() is None:
                return await found(*arguments, **named)
            with telemetry.span(f"{self._peer} {name}", SpanKind.CLIENT, None, told):
                return await found(*arguments, **named)

        return spanned

    def _waited_for(self, name: str, found: Any) -> Any:
        @wraps(found)
        def spanned(*arguments: Any, **named: Any) -> Any:
            if telemetry.heard() is None:
                return found(*arguments, **named)
            told = {"peer.service": self._peer}
            with telemetry.span(f"{self._peer} {name}", SpanKind.CLIENT, None, told):
                return found(*arguments, **named)

        return spanned


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
