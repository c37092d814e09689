"""A stand-in for the parts of GitHub's API that a comment needs, on a port of this machine."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT, STRANGER = "github-actions[bot]", "mallory"


class GitHub:
    """`comments` of pull request 7, oldest first; `refuse`: method -> status that it is answered
    with; `asked`: (method, path) of all requests.
    """

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.refuse: dict[str, int] = {}
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    def write(self, author: str, body: str) -> None:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "user": {"login": author}, "body": body})

    def answer(self, method: str, path: str, content: Any) -> tuple[int, Any]:
        """Status and body, as docs.github.com describes them (REST "Issue comments")."""
        parts, refused = urlsplit(path), self.refuse.get(method)
        self.asked.append((method, parts.path))
        if parts.path == "/graphql":
            return 200, {"data": {"viewer": {"login": BOT}}}
        if refused is not None:
            return refused, {"message": "Resource not accessible by integration"}
        if parts.path == "/repos/zitrus/garten/issues/7/comments":
            if method == "POST":
                self.write(BOT, content["body"])
                return 201, self.comments[-1]
            query = parse_qs(parts.query)
            page, size = int(query["page"][0]), int(query["per_page"][0])
            return 200, self.comments[(page - 1) * size : page * size]
        one = re.fullmatch(r"/repos/zitrus/garten/issues/comments/(\d+)", parts.path)
        if one and method == "PATCH":
            self.comments[int(one[1]) - 1]["body"] = content["body"]
            return 200, self.comments[int(one[1]) - 1]
        return 404, {"message": "Not Found"}


@contextmanager
def github() -> Iterator[GitHub]:
    """Serves until the block ends."""
    there = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            assert self.headers["Authorization"] == "Bearer sesame"
            status, content = there.answer(self.command, self.path, json.loads(sent or b"null"))
            body = json.dumps(content).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{there.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
