"""A stand-in that is called by HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from cloudsync_gen.model.standins import Answer, StandIn

Say = Callable[[str], None]

_LARGEST = 16 * 1024 * 1024
_UNKNOWN = b'{"type":"about:blank","title":"No such operation in the contract","status":404}'


@contextmanager
def serving(standin: StandIn, say: Say) -> Iterator[str]:
    """Answer on a free port of this machine; its URL. `say` is told of every call."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(standin, say))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(standin: StandIn, say: Say) -> type[BaseHTTPRequestHandler]:
    routes = sorted(
        ((_pattern(each), each) for each in standin.answers),
        key=lambda route: route[1].key.count("{"),
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self._drop_body()
            path = urlsplit(self.path).path
            asked = f"{self.command} {path}"
            answer = next((each for pattern, each in routes if pattern.fullmatch(asked)), None)
            say(f"{standin.service} {answer.operation if answer else asked}")
            self._answer(answer)

        def _drop_body(self) -> None:
            length = self.headers.get("Content-Length", "0")
            size = int(length) if length.isdecimal() else _LARGEST + 1
            if size > _LARGEST:
                self.close_connection = True
                return
            self.rfile.read(size)

        def _answer(self, answer: Answer | None) -> None:
            content = answer.content if answer else _UNKNOWN
            self.send_response(answer.status if answer else 404)
            if content:
                kind = "application/json" if answer else "application/problem+json"
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *told: object) -> None:
            """`say` is told instead."""

    return Handler


def _pattern(answer: Answer) -> re.Pattern[str]:
    """`GET /v1/files/{id}` as a pattern: a parameter is one segment or a part of it."""
    parts = re.split(r"(\{[^}]*\})", answer.key)
    return re.compile("".join("[^/]+" if p.startswith("{") else re.escape(p) for p in parts))
