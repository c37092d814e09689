"""JSON logs on standard output, each line with the trace and the tenant."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from cloudsync_chassis import propagation

_MASKED = frozenset({"authorization", "cookie", "password", "secret", "token", "idempotency_key"})


def logger(name: str) -> Any:
    """A structured logger; its first argument is an event name in snake case."""
    return structlog.get_logger(name, component=name)


def configure(level: str, service: str) -> None:
    """Send all logs, also those of libraries, through one JSON formatter."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _context(service),
        _mask,
        structlog.processors.format_exc_info,
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


def _mask(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in entry.keys() & _MASKED:
        entry[name] = "***"
    return entry
