"""Spans by OpenTelemetry; no exporter unless configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from opentelemetry import trace
from opentelemetry.trace import Span, SpanContext, SpanKind, StatusCode, TraceFlags

from cloudsync_chassis.propagation import Trace

Exporter = Literal["none", "console", "memory"]

_tracer = trace.get_tracer("cloudsync_chassis")


class Telemetry:
    """Installs a provider for `exporter`; `finished` are the spans of the memory exporter."""

    def __init__(self, exporter: Exporter, service: str) -> None:
        self._memory: Any = None
        self._provider: Any = None
        if exporter != "none":
            self._install(exporter, service)

    @property
    def finished(self) -> list[Any]:
        """Spans ended so far (memory exporter only)."""
        return list(self._memory.get_finished_spans()) if self._memory else []

    def stop(self) -> None:
        """Export what is left."""
        if self._provider is not None:
            self._provider.shutdown()

    def _install(self, exporter: Exporter, service: str) -> None:
        # the SDK is an extra: most tests and all clients do without
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import (
            BatchSpanProcessor,
            ConsoleSpanExporter,
            SimpleSpanProcessor,
        )
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
            InMemorySpanExporter,
        )

        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        if exporter == "memory":
            self._memory = InMemorySpanExporter()
            self._provider.add_span_processor(SimpleSpanProcessor(self._memory))
        else:
            self._provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
        trace.set_tracer_provider(self._provider)


@contextmanager
def span(
    name: str, kind: SpanKind, parent: Trace | None, attributes: Mapping[str, str]
) -> Iterator[Span]:
    """A span below `parent`, or below the running one; an exception marks it as failed."""
    context = trace.set_span_in_context(_remote(parent)) if parent is not None else None
    with _tracer.start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes=dict(attributes),
        record_exception=False,
        set_status_on_exception=False,  # it would quote what the exception says
    ) as running:
        try:
            yield running
        except BaseException as error:
            running.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def ids_of(running: Span, parent: Trace) -> Trace:
    """The span's ids; the parent's where nothing is recorded."""
    found = running.get_span_context()
    if not found.is_valid:
        return parent
    return Trace(f"{found.trace_id:032x}", f"{found.span_id:016x}", f"{found.trace_flags:02x}")


def _remote(parent: Trace) -> Span:
    return trace.NonRecordingSpan(
        SpanContext(
            int(parent.trace_id, 16),
            int(parent.span_id, 16),
            is_remote=True,
            trace_flags=TraceFlags(int(parent.flags, 16)),
        )
    )
