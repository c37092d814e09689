"""Spans of statements: what is asked of which tables, how long it took, how it failed.

As OpenTelemetry's semantic conventions for database clients (1.33 and later) have it. The text of a
statement stays here, its parameters even more so. A span is made once its statement has ended, and
only where it leaves: of a request that is not sampled those of statements that fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from opentelemetry.trace import Span
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.sql.util import find_tables

from cloudsync_chassis import telemetry
from cloudsync_chassis.store.engine import AsyncEngine

_LONGEST = 255
"""Characters of a summary (semantic conventions, "Generating a summary of the query")."""


def follow(engine: AsyncEngine, is_refusal: Callable[[BaseException], bool]) -> None:
    """Have each statement of the engine that runs within a span make one of its own.

    `is_refusal`: whether an error is an answer, and no failure of the database.
    """
    kept: WeakKeyDictionary[object, dict[str, str]] = WeakKeyDictionary()
    where = _server(engine)

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def begin(
        connection: Connection, cursor: Any, text: str, values: Any, context: Any, many: bool
    ) -> None:
        running = telemetry.heard()
        if running is not None:
            context.chassis_began = (time.time_ns(), running)

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def end(
        connection: Connection, cursor: Any, text: str, values: Any, context: Any, many: bool
    ) -> None:
        began = _begun(context)
        if began is not None and telemetry.leaves(began[1]):
            told = _told(context, text, kept)
            telemetry.past(told["db.query.summary"], {**where, **told}, began[0])

    @event.listens_for(engine.sync_engine, "handle_error")
    def fail(failure: ExceptionContext) -> None:
        began = _begun(failure.execution_context)
        if began is None:
            return
        broken = not is_refusal(failure.sqlalchemy_exception or failure.original_exception)
        if broken or telemetry.leaves(began[1]):
            told = _told(failure.execution_context, failure.statement or "", kept)
            told = {**told, **_fault(failure.original_exception)}
            name = told["db.query.summary"]
            telemetry.past(name, {**where, **told}, began[0], failed=broken)


def _begun(context: Any) -> tuple[int, Span] | None:
    """When a statement began, and within which span."""
    found: tuple[int, Span] | None = getattr(context, "chassis_began", None)
    return found


def _server(engine: AsyncEngine) -> dict[str, str | int]:
    url = engine.url
    told: dict[str, str | int] = {"db.system.name": engine.dialect.name}
    if url.host:
        told |= {"db.namespace": url.database or "", "server.address": url.host}
    if url.port:
        told["server.port"] = url.port
    return told


def _told(
    context: ExecutionContext | None, text: str, kept: WeakKeyDictionary[object, dict[str, str]]
) -> Mapping[str, str]:
    """What a statement does, and to which tables; known of those that are compiled once."""
    compiled = getattr(context, "compiled", None)
    if compiled is None:
        return _described(text, ())
    found = kept.get(compiled)
    if found is None:
        names = sorted({each.name for each in _tables(compiled.statement)})
        found = kept[compiled] = _described(text, tuple(sorted(names, key=text.find)))
    return found


def _described(text: str, tables: tuple[str, ...]) -> dict[str, str]:
    """`db.collection.name` is told of one table alone, as the conventions want it."""
    operation = next(iter(text.split(None, 1)), "").upper()
    operation = operation if operation.isalpha() else "STATEMENT"
    told = {
        "db.operation.name": operation,
        "db.query.summary": " ".join((operation, *tables))[:_LONGEST],
    }
    return {**told, "db.collection.name": tables[0]} if len(tables) == 1 else told


def _tables(statement: Any) -> list[sa.Table]:
    found = find_tables(statement, include_joins=True, include_selects=True, include_crud=True)
    return [each for each in found if isinstance(each, sa.Table)]


def _fault(error: BaseException) -> dict[str, str]:
    state = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    told = {"error.type": state or type(error).__name__}
    return {**told, "db.response.status_code": state} if state else told
