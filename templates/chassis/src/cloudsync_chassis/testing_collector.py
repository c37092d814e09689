"""A collector for tests: takes spans by OTLP over HTTP, as a service sends them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATH = "/v1/traces"


@dataclass(frozen=True, slots=True)
class Received:
    """A span; ids as in `traceparent`, `parent` empty where a trace begins."""

    name: str
    trace_id: str
    span_id: str
    parent: str
    kind: str
    failed: bool
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


class Collector:
    """Listens at `url` while it is entered. `status` is what it answers.

    `requests` are (path, headers with names in lower case, bytes as decoded) of all that came.
    """

    def __init__(self, status: int = 200) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self._arrived = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, status))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Note a request."""
        with self._arrived:
            self.requests.append((path, headers, body))
            self._arrived.notify_all()

    @property
    def spans(self) -> list[Received]:
        """All that came, as sent."""
        return [each for _, _, body in list(self.requests) for each in _spans(body)]

    def wait(
        self, enough: Callable[[Sequence[Received]], bool], seconds: float = 20.0
    ) -> list[Received]:
        """All spans, once they are enough.

        Raises:
            AssertionError: they are not within `seconds`.
        """
        with self._arrived:
            came = self._arrived.wait_for(lambda: enough(self.spans), seconds)
        assert came, f"came: {sorted(each.name for each in self.spans)}"
        return self.spans


def _handler(collector: Collector, status: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            if headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, headers, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as above
            """Say nothing."""

    return Handler


def _spans(body: bytes) -> Iterable[Received]:
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = _values(group.resource.attributes)
        for scope in group.scope_spans:
            for each in scope.spans:
                yield Received(
                    name=each.name,
                    trace_id=each.trace_id.hex(),
                    span_id=each.span_id.hex(),
                    parent=each.parent_span_id.hex(),
                    kind=Span.SpanKind.Name(each.kind).removeprefix("SPAN_KIND_"),
                    failed=each.status.code == Status.STATUS_CODE_ERROR,
                    attributes=_values(each.attributes),
                    resource=resource,
                )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in attributes
    }
