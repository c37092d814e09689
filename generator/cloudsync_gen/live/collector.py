"""A collector of traces: what services send by OTLP over HTTP is written to a file as OTLP JSON.

Each line is the `TracesData` of one request (OpenTelemetry, "OTLP File Exporter"); ids are
hexadecimal, as OTLP's JSON mapping has them.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, BinaryIO

from cloudsync_gen.live.ports import HOST
from cloudsync_gen.live.state import appended

_PATH = "/v1/traces"
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})
_LARGEST = 64 * 1024 * 1024


@contextmanager
def collecting(file: Path) -> Iterator[str]:
    """The base URL of a collector that appends to `file`, until this ends."""
    with appended(file) as lines:
        server = ThreadingHTTPServer((HOST, 0), _handler(lines, Lock()))
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(lines: BinaryIO, writing: Lock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != _PATH or not length.isdecimal() or int(length) > _LARGEST:
                self.send_error(404 if self.path != _PATH else 413)
                return
            body = self.rfile.read(int(length))
            try:
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                line = traces_json(body)
            except (OSError, EOFError, ValueError):
                self.send_error(400)
                return
            with writing:
                lines.write(f"{line}\n".encode())
                lines.flush()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            # an empty ExportTraceServiceResponse: all was taken
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *told: object) -> None:
            """Services say themselves what went wrong."""

    return Handler


def traces_json(body: bytes) -> str:
    """An `ExportTraceServiceRequest`, which `TracesData` equals, on one line of JSON.

    Raises:
        ValueError: it is none.
    """
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    try:
        content = MessageToDict(TracesData.FromString(body), use_integers_for_enums=True)
    except DecodeError as error:
        raise ValueError("no spans") from error
    return json.dumps(_hexadecimal(content), separators=(",", ":"), ensure_ascii=False)


def _hexadecimal(value: Any) -> Any:
    """Protobuf's JSON has bytes in base64; OTLP's has those of ids in hexadecimal."""
    if isinstance(value, list):
        return [_hexadecimal(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64decode(each).hex() if name in _IDS else _hexadecimal(each)
        for name, each in value.items()
    }
