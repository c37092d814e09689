"""Spans of statements: what is asked of which tables, how long it took, how it failed.

As OpenTelemetry's semantic conventions for database clients (1.33 and later) have it. The text of a
statement stays here, its parameters even more so. A span is made once its statement has ended, and
only where it leaves: of a request that is not sampled those of statements that fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from opentelemetry.trace import Span
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.sql.util import find_tables

from cloudsync_chassis import telemetry
from cloudsync_chassis.store.engine import AsyncEngine

Attributes = Mapping[str, str | int]
Kept = WeakKeyDictionary[object, Attributes]
"""What spans of a statement say, by what it was compiled to."""
Carry = Callable[[Any, str, Any, Any], None]
"""A dialect's way to carry out a statement: cursor, text, parameters, context."""

_LONGEST = 255
"""Characters of a summary (semantic conventions, "Generating a summary of the query")."""


def follow(engine: AsyncEngine, is_refusal: Callable[[BaseException], bool]) -> None:
    """Have each statement of the engine that runs within a span make one of its own.

    `is_refusal`: whether an error is an answer, and no failure of the database.
    """
    kept: Kept = WeakKeyDictionary()
    where = _server(engine)

    def follow_one(carry_out: Carry, cursor: Any, text: str, values: Any, context: Any) -> bool:
        running = telemetry.heard()
        if running is None:
            return False  # whoever asks carries it out
        context.chassis_began = began = (time.time_ns(), running)
        carry_out(cursor, text, values, context)
        if telemetry.leaves(running):
            told = _told(context, text, kept, where)
            telemetry.past(str(told["db.query.summary"]), told, began[0])
        return True

    # events of the dialect: those of an engine cost as much again where nobody listens
    for name in ("do_execute", "do_executemany"):
        carry_out: Carry = getattr(engine.dialect, name)
        event.listen(engine.sync_engine, name, partial(follow_one, carry_out))

    @event.listens_for(engine.sync_engine, "handle_error")
    def fail(failure: ExceptionContext) -> None:
        began = _begun(failure.execution_context)
        if began is None:
            return
        broken = not is_refusal(failure.sqlalchemy_exception or failure.original_exception)
        if broken or telemetry.leaves(began[1]):
            told = _told(failure.execution_context, failure.statement or "", kept, where)
            name, told = str(told["db.query.summary"]), {**told, **_fault(failure)}
            telemetry.past(name, told, began[0], failed=broken)


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


def _told(context: ExecutionContext | None, text: str, kept: Kept, where: Attributes) -> Attributes:
    """What a statement does, where, and to which tables; known of those that are compiled once."""
    compiled = getattr(context, "compiled", None)
    if compiled is None:
        return {**where, **_described(text, ())}
    found = kept.get(compiled)
    if found is None:
        names = sorted({each.name for each in _tables(compiled.statement)})
        told = _described(text, tuple(sorted(names, key=text.find)))
        found = kept[compiled] = {**where, **told}
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


def _fault(failure: ExceptionContext) -> dict[str, str]:
    error = failure.original_exception
    state = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    told = {"error.type": state or type(error).__name__}
    return {**told, "db.response.status_code": state} if state else told
