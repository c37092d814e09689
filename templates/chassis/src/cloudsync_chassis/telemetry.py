"""Spans by OpenTelemetry; nothing of its SDK is imported, and no span kept, unless configured."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer

from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace

if TYPE_CHECKING:
    from cloudsync_chassis.telemetry_export import Spans

Exporter = Literal["none", "console", "memory", "otlp"]

begun: ContextVar[int | None] = ContextVar("cloudsync_chassis_begun", default=None)
"""The id of the trace that is about to begin: the one that logs have already."""


@dataclass(slots=True)
class Asked:
    """A request from its first byte on (nanoseconds since the epoch), and whether it has a span."""

    began: int
    spanned: bool = False


_asked: ContextVar[Asked | None] = ContextVar("cloudsync_chassis_asked", default=None)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.6.2)."""
_ANY: Tracer = trace.get_tracer("cloudsync_chassis")
"""Of whoever has installed a provider in this process; a client may be used without a service."""
_tracer = _ANY
_ours: Spans | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """How a service is traced.

    Attributes:
        exporter: where spans go.
        resource: what they all say of the service (OpenTelemetry's resource attributes).
        sampling: the share, 0 to 1, of the traces that begin here; who calls us has decided.
        attributes: names that spans may carry beside those of `telemetry_export.STANDARD`.
        endpoint: the collector's base URL for OTLP over HTTP; None: as OTEL_EXPORTER_OTLP_ENDPOINT
            says, else port 4318 of this machine.
        headers: of each request to the collector.
        timeout: seconds for one batch, retries included.
    """

    exporter: Exporter
    resource: Mapping[str, str] = field(default_factory=dict)
    sampling: float = 1.0
    attributes: frozenset[str] = frozenset()
    endpoint: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3.0


class Telemetry:
    """Installs a provider; `finished` are the spans of the memory exporter."""

    def __init__(self, tracing: Tracing) -> None:
        global _tracer, _ours
        self._spans: Spans | None = None
        if tracing.exporter != "none":
            # the SDK is an extra: most tests and all clients do without
            from cloudsync_chassis.telemetry_export import Spans

            self._spans = Spans(tracing)
            trace.set_tracer_provider(self._spans.provider)
            _tracer, _ours = self._spans.tracer, self._spans

    @property
    def finished(self) -> list[Any]:
        """Spans ended so far, as they would leave (memory exporter only)."""
        return self._spans.finished if self._spans else []

    async def stop(self, seconds: float) -> None:
        """Export what is left; what is not taken within `seconds` is lost."""
        global _tracer, _ours
        if self._spans is None:
            return
        await self._spans.stop(seconds)
        if _ours is self._spans:
            _tracer, _ours = _ANY, None


@contextmanager
def span(
    name: str, kind: SpanKind, parent: Trace | None, attributes: Mapping[str, str]
) -> Iterator[Span]:
    """A span below `parent`, or below the running one.

    An exception marks it as failed, unless it is a refusal, which is an answer: else whoever asks
    for what is not there would fill the collector.
    """
    started = _started(name, kind, parent, attributes)
    asked = _asked.get()
    if asked is not None and kind is SpanKind.SERVER:
        asked.spanned = True
    with trace.use_span(
        started, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield started
        except BaseException as error:
            _tell(started, error, kind)
            if isinstance(error, Problem):
                answered(attributes, error.kind.status)
            raise


def asked() -> Asked:
    """What an adapter notes of a request before it looks at it."""
    noted = Asked(time.time_ns())
    _asked.set(noted)
    return noted


def refused(
    noted: Asked, name: str, parent: Trace, attributes: Mapping[str, str], slug: str, status: int
) -> None:
    """The span of a request that was refused with a problem before its operation began, if it was:
    who is not admitted, comes too often or says what cannot be read has one like all others.
    """
    if noted.spanned:
        return
    noted.spanned = True
    span = _started(name, SpanKind.SERVER, parent, attributes, noted.began)
    span.set_attribute("error.type", slug)
    if "http.request.method" in attributes:
        span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(StatusCode.ERROR)
    span.end()


def heard() -> Span | None:
    """The running span, if anything is recorded."""
    running = trace.get_current_span()
    return running if running.is_recording() else None


def leaves(running: Span) -> bool:
    """Whether a span leaves this process even if all goes well."""
    return running.get_span_context().trace_flags.sampled


def past(
    name: str, attributes: Mapping[str, str | int], began: int, *, failed: bool = False
) -> None:
    """A CLIENT span of something that has just ended, below the running one.

    `began`: nanoseconds since the epoch.
    """
    if _ours is not None:
        _ours.past(name, attributes, began, failed=failed)
        return
    span = _started(name, SpanKind.CLIENT, None, attributes, began)
    if failed:
        span.set_status(StatusCode.ERROR)
    span.end()


def answered(attributes: Mapping[str, str], status: int) -> None:
    """Have the running span, which began with `attributes`, tell the status of an answer by HTTP.

    Of other protocols `status` means nothing here.
    """
    if "http.request.method" in attributes:
        trace.get_current_span().set_attribute("http.response.status_code", status)


def ids_of(running: Span, parent: Trace) -> Trace:
    """The span's ids; the parent's where nothing is recorded."""
    return Trace.of(running.get_span_context()) or parent


def headers_of(text: str) -> dict[str, str]:
    """`name=value,…` with percent-encoded values, as in OTEL_EXPORTER_OTLP_HEADERS
    (OpenTelemetry, Protocol Exporter).

    Raises:
        ValueError: it is something else, which is not quoted.
    """
    found = {}
    for each in filter(None, map(str.strip, text.split(","))):
        name, equals, value = (part.strip() for part in each.partition("="))
        value = unquote(value)
        if (
            not equals
            or not _TOKEN.fullmatch(name)
            or not (value.isascii() and value.isprintable())
        ):
            raise ValueError("headers are name=value, separated by commas")
        found[name] = value
    return found


def _started(
    name: str,
    kind: SpanKind,
    parent: Trace | None,
    attributes: Mapping[str, str] | Mapping[str, str | int],
    at: int | None = None,
) -> Any:
    told: dict[str, Any] = {"kind": kind, "attributes": attributes, "start_time": at}
    if parent is None:
        return _tracer.start_span(name, **told)
    if not parent.begins:
        below = trace.set_span_in_context(_remote(parent), Context())
        return _tracer.start_span(name, context=below, **told)
    token = begun.set(int(parent.trace_id, 16))
    try:
        return _tracer.start_span(name, context=Context(), **told)
    finally:
        begun.reset(token)


def _tell(failed: Span, error: BaseException, kind: SpanKind) -> None:
    """How it ended, by names alone: what an exception says may quote data."""
    name, status = type(error).__name__, _status(error, kind)
    if isinstance(error, Problem):
        name = error.kind.slug
    elif status is not None:
        name = str(status)
    failed.set_attribute("error.type", name)
    if status is None or status >= 500:
        failed.set_status(StatusCode.ERROR)


def _status(error: BaseException, kind: SpanKind) -> int | None:
    """Of a refusal: ours, or a callee's where it is our call that ended so."""
    if isinstance(error, Problem):
        return error.kind.status
    found = getattr(error, "status", None) if kind is SpanKind.CLIENT else None
    return found if isinstance(found, int) else None


def _remote(parent: Trace) -> Span:
    return trace.NonRecordingSpan(
        SpanContext(
            int(parent.trace_id, 16),
            int(parent.span_id, 16),
            is_remote=True,
            trace_flags=TraceFlags(int(parent.flags, 16)),
        )
    )
