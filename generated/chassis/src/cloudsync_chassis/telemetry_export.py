"""What leaves of spans, and how: sampling, names that may be told, exporters, and the last drain.

Imported only where spans go somewhere: the SDK and requests take a while.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanLimits, SpanProcessor
from opentelemetry.sdk.trace import TracerProvider as Provider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.util.types import Attributes
from pydantic_core import to_json

from cloudsync_chassis.telemetry import Tracing, begun

STANDARD = frozenset(
    (
        *("error.type", "exception.type", "graphql.operation.type"),
        *("http.request.method", "http.request.resend_count"),
        *("http.response.status_code", "http.route", "network.protocol.name"),
        *("network.protocol.version", "server.address", "server.port", "url.scheme"),
        *("peer.service", "rpc.grpc.status_code", "rpc.method", "rpc.response.status_code"),
        *("rpc.service", "rpc.system", "rpc.system.name"),
        *("messaging.batch.message_count", "messaging.consumer.group.name"),
        *("messaging.destination.name", "messaging.message.id", "messaging.operation.name"),
        *("messaging.operation.type", "messaging.system"),
        *("db.collection.name", "db.namespace", "db.operation.name", "db.query.summary"),
        *("db.response.status_code", "db.system.name"),
    )
)
"""What any span may carry: of OpenTelemetry's semantic conventions for HTTP, RPC, GraphQL,
messaging and databases, those that hold neither content nor an address of a person: no
URL, header, text of a query or message of an exception.
"""

_LIMITS = SpanLimits(max_span_attributes=64, max_span_attribute_length=256)
"""Names and characters of a value, so that a bounded number of spans is a bounded size."""
_SCOPE = "cloudsync_chassis"
_WELL, _FAILED = Status(StatusCode.UNSET), Status(StatusCode.ERROR)
_QUIET = 60.0
"""Seconds between two lines of the log about a collector that is away."""
_TRACES = "/v1/traces"
"""Where a collector takes spans below its base URL (OTLP 1.x, OTLP/HTTP)."""


class Spans:
    """The provider of one service. `finished` are the spans of the memory exporter."""

    def __init__(self, tracing: Tracing) -> None:
        self._memory = InMemorySpanExporter() if tracing.exporter == "memory" else None
        self._leaving = Leaving(self._memory or _exporter(tracing), tracing.attributes)
        self.provider = Provider(
            resource=Resource(dict(tracing.resource)),
            sampler=Recorded(ParentBased(TraceIdRatioBased(tracing.sampling))),
            id_generator=_Ids(),
            span_limits=_LIMITS,
            shutdown_on_exit=False,  # it would wait for a collector that is away
        )
        self._ids = self.provider.id_generator
        self._scope = InstrumentationScope(_SCOPE, "")
        processor: SpanProcessor = (
            SimpleSpanProcessor(self._leaving)
            if self._memory is not None
            else BatchSpanProcessor(self._leaving)
        )
        self._kept = Kept(processor)
        self.provider.add_span_processor(self._kept)
        self.tracer: Tracer = self.provider.get_tracer(_SCOPE)

    @property
    def finished(self) -> list[ReadableSpan]:
        """Spans ended so far, as they would leave."""
        return list(self._memory.get_finished_spans()) if self._memory is not None else []

    def past(
        self, name: str, attributes: Mapping[str, str | int], began: int, *, failed: bool
    ) -> None:
        """A CLIENT span of something that has just ended, below the running one, which is ours.

        As the tracer would make it, without what a span needs that is still to change: statements
        are many, and nothing is added to their spans. `began`: nanoseconds since the epoch.
        """
        above = get_current_span().get_span_context()
        own = SpanContext(
            above.trace_id,
            self._ids.generate_span_id(),
            is_remote=False,
            trace_flags=above.trace_flags,
            trace_state=above.trace_state,
        )
        span = ReadableSpan(
            name,
            context=own,
            parent=above,
            resource=self.provider.resource,
            attributes=attributes,
            kind=SpanKind.CLIENT,
            status=_FAILED if failed else _WELL,
            start_time=began,
            end_time=time.time_ns(),
            instrumentation_scope=self._scope,
        )
        self._kept.on_end(span)

    async def stop(self, seconds: float) -> None:
        """Export what is queued. After `seconds` nothing more is sent, and nobody waits for it."""
        # a thread of the loop's own pool would hold up the end of the process
        ending = threading.Thread(target=self.provider.shutdown, name="last-spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, seconds)
        self._leaving.closed = True


class Recorded(Sampler):
    """Records what is not sampled, with what it says: it may fail (`Kept`).

    OpenTelemetry's own AlwaysRecordSampler forgets the attributes of such a span.
    """

    def __init__(self, decides: Sampler) -> None:
        self._decides = decides

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Sampled, or at least recorded."""
        found = self._decides.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )
        if found.decision is Decision.DROP:
            return SamplingResult(Decision.RECORD_ONLY, attributes, found.trace_state)
        return found

    def get_description(self) -> str:
        """For OpenTelemetry's own logs."""
        return f"Recorded{{{self._decides.get_description()}}}"


class Kept(SpanProcessor):
    """Hands on what is sampled, and what failed.

    Whether a trace is recorded is decided where it begins (its head), so that all services agree;
    whether it fails is known only at its end. So every span is recorded in memory, and one that
    failed is exported by itself, as failure goes up: what called it has failed and is kept, too,
    in whatever service it is. Spans of the same trace that went well are gone by then. Keeping
    these needs a collector that sees all spans (tail sampling).
    """

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following

    def on_end(self, span: ReadableSpan) -> None:
        """Decide."""
        context = span.context
        if context.trace_flags.sampled:
            self._following.on_end(span)
        elif span.status.status_code is StatusCode.ERROR:
            self._following.on_end(_copy(span, context=_sampled(context)))

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        """Nothing to do."""

    def shutdown(self) -> None:
        """Export what is queued."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what is queued, and go on."""
        return self._following.force_flush(timeout_millis)


class Leaving(SpanExporter):
    """Hands on of each span what may be told. Once it is `closed` it hands on nothing."""

    def __init__(self, following: SpanExporter, allowed: frozenset[str]) -> None:
        self.closed = False
        self._following = following
        self._allowed = STANDARD | allowed

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called in a thread of its own, but for the memory exporter."""
        if self.closed:
            return SpanExportResult.FAILURE
        return self._following.export([self._told(each) for each in spans])

    def shutdown(self) -> None:
        """Let go of connections."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing is held back here."""
        return self._following.force_flush(timeout_millis)

    def _told(self, span: ReadableSpan) -> ReadableSpan:
        """Without the status' description, which often is what an exception said."""
        more = span.status.description or span.events or span.links
        if not more and self._allowed.issuperset(span.attributes or ()):
            return span  # as most are; a copy takes as long as all else that is done here
        return _copy(
            span,
            attributes=self._permitted(span.attributes),
            events=[
                Event(each.name, self._permitted(each.attributes), each.timestamp)
                for each in span.events
            ],
            links=[Link(each.context, self._permitted(each.attributes)) for each in span.links],
            status=Status(span.status.status_code),
        )

    def _permitted(self, attributes: Attributes) -> dict[str, Any]:
        return {name: value for name, value in (attributes or {}).items() if name in self._allowed}


class _Seldom(logging.Filter):
    """A collector may be away for hours, and each batch would say so three times."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the last line is long ago."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _QUIET
        return True


_SELDOM = _Seldom()


class _Ids(RandomIdGenerator):
    """A trace that begins has the id that logs already say."""

    def generate_trace_id(self) -> int:
        return begun.get() or super().generate_trace_id()


def _exporter(tracing: Tracing) -> SpanExporter:
    if tracing.exporter == "console":
        return ConsoleSpanExporter(formatter=line)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    logging.getLogger(OTLPSpanExporter.__module__).addFilter(_SELDOM)
    base = tracing.endpoint
    return OTLPSpanExporter(
        endpoint=base and base.rstrip("/") + _TRACES,
        headers=dict(tracing.headers),
        timeout=tracing.timeout,
    )


def line(span: ReadableSpan) -> str:
    """A span with the members that OpenTelemetry's own console exporter writes, in one line as logs
    have them, and several times as fast.
    """
    told = {
        "name": span.name,
        "context": span.context and _context(span.context),
        "kind": str(span.kind),
        "parent_id": span.parent and f"0x{format_span_id(span.parent.span_id)}",
        "start_time": _instant(span.start_time),
        "end_time": _instant(span.end_time),
        "status": _status(span.status),
        "attributes": dict(span.attributes or {}),
        "events": [
            {
                "name": each.name,
                "timestamp": _instant(each.timestamp),
                "attributes": dict(each.attributes or {}),
            }
            for each in span.events
        ],
        "links": [
            {"context": _context(each.context), "attributes": dict(each.attributes or {})}
            for each in span.links
        ],
        "resource": {
            "attributes": dict(span.resource.attributes),
            "schema_url": span.resource.schema_url,
        },
    }
    return to_json(told).decode() + "\n"


def _context(context: SpanContext) -> Mapping[str, str]:
    return {
        "trace_id": f"0x{format_trace_id(context.trace_id)}",
        "span_id": f"0x{format_span_id(context.span_id)}",
        "trace_state": repr(context.trace_state),
    }


def _status(status: Status) -> Mapping[str, str]:
    told = {"status_code": status.status_code.name}
    return {**told, "description": status.description} if status.description else told


def _instant(nanoseconds: int | None) -> str | None:
    """In UTC, with microseconds."""
    if not nanoseconds:
        return None
    told = datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="microseconds")
    return told.removesuffix("+00:00") + "Z"


def _sampled(context: SpanContext) -> SpanContext:
    return SpanContext(
        context.trace_id,
        context.span_id,
        context.is_remote,
        TraceFlags(context.trace_flags | TraceFlags.SAMPLED),
        context.trace_state,
    )


def _copy(span: ReadableSpan, **changed: Any) -> ReadableSpan:
    """The span with some of its parts replaced; an ended one cannot be changed."""
    parts = {
        "context": span.context,
        "attributes": span.attributes,
        "events": span.events,
        "links": span.links,
        "status": span.status,
    }
    return ReadableSpan(
        span.name,
        parent=span.parent,
        resource=span.resource,
        kind=span.kind,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
        **{**parts, **changed},
    )
