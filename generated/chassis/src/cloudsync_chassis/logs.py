"""JSON logs on standard output, each line with the trace and the tenant."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

from cloudsync_chassis import propagation
from cloudsync_chassis.lean import structlog
from cloudsync_chassis.masking import MASK, Masking, described

_MASKED = frozenset({"authorization", "cookie", "password", "secret", "token", "idempotency_key"})
_FRAMES = 12
"""How many places of a traceback are told, from the innermost outwards."""

_OWN = frozenset(
    (
        *("_record", "_from_structlog", "exc_info", "positional_args", "event", "level", "time"),
        *("service", "component", "trace_id", "operation", "organization_id"),
    )
)
"""Entries that structlog and this module make themselves, whatever a property is called."""

_REQUEST = frozenset(("method", "route", "status", "milliseconds", "request_id"))
"""What the adapters tell of each request."""


def logger(name: str) -> Any:
    """A structured logger; its first argument is an event name in snake case."""
    return structlog.get_logger(name, component=name)


def configure(level: str, service: str, masking: Masking | None = None) -> None:
    """Send all logs, also those of libraries, through one JSON formatter.

    Values whose names are masked are not shown, wherever they stand in a line. Of an exception the
    types and the places are told and not what it says, which may quote a value.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _context(service),
        _mask(masking or Masking()),
        _exceptions,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    render = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=render, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # a line that cannot be written would go to stderr, unmasked
    for noisy in ("aiosqlite", "httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _renderer() -> Any:
    return structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)


def _context(service: str) -> Any:
    def add(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["service"] = service
        context = propagation.current.get()
        if context is not None:
            entry.setdefault("trace_id", context.trace.trace_id)
            entry.setdefault("operation", context.operation.id)
            if context.principal.organization_id is not None:
                entry.setdefault("organization_id", str(context.principal.organization_id))
        return entry

    return add


def _mask(masking: Masking) -> Any:
    hidden = Masking(masking.names | _MASKED)

    def mask(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        own = _OWN | _REQUEST if entry.get("component") in ("http", "rpc") else _OWN
        for name in entry.keys() - own:
            value = entry[name]
            if hidden.hides(name):
                entry[name] = MASK
            elif isinstance(value, BaseException):
                entry[name] = described(value)
            elif not isinstance(value, str | int | float | None):
                entry[name] = hidden.shown(value)
        return entry

    return mask


def _exceptions(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an exception came from; a library's line ends where it begins to quote one."""
    raised = entry.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        frames = traceback.extract_tb(raised.__traceback__)
        entry["exception"] = described(raised)
        places = (f"{each.filename}:{each.lineno} {each.name}" for each in frames[-_FRAMES:])
        entry["frames"] = list(places)
    if "_record" in entry and isinstance(entry.get("event"), str):
        entry["event"] = entry["event"].partition("\n")[0]
    return entry
