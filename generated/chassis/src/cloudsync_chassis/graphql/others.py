"""Asking another service for the answer to a field, as the caller; and timing fields."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloudsync_chassis import propagation
from cloudsync_chassis.context import Context
from cloudsync_chassis.graphql import errors
from cloudsync_chassis.graphql.exchange import Exchange, Thunk
from cloudsync_chassis.graphql.values import Given
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime


@contextmanager
def measured(runtime: Runtime, place: str) -> Iterator[None]:
    """Times a field, and raises what callers are told of its failure."""
    began, status = time.perf_counter(), 499
    try:
        yield
        status = 200
    except Exception as error:
        problem = errors.of_exception(error)
        status = problem.kind.status
        if problem is error:
            raise
        raise problem from error
    finally:
        seconds = time.perf_counter() - began
        measured = runtime.metrics.standard
        measured.time("graphql_field_duration_seconds", seconds, place, str(status))


async def ask(
    runtime: Runtime, exchange: Exchange, place: str, asked: tuple[Given, str], call: Thunk
) -> Any:
    """What a client's method answers, called with the caller's own token, within their time and in
    a span of the field's; `asked`: the field's arguments, and its name in the answer.

    Raises:
        Problem: `validation-failed`, `deadline-exceeded`, or what the callee refuses with.
    """
    operation = Operation(id=place, timeout=runtime.settings.request_timeout)
    incoming = exchange.incoming(operation, place, *asked)

    async def action(ctx: Context) -> Any:
        del ctx
        acting = propagation.acting_for.set(exchange.token)
        try:
            return await call()
        finally:
            propagation.acting_for.reset(acting)

    return await runtime.executor.run(operation, incoming, action, again=False)
