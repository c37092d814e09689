"""Somebody who asks for a document's page over and over, whatever is done to the services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from threading import Event, Thread
from typing import Any

import httpx

from demo.system import Running

_PAUSE = 0.05


class Reader:
    """`answered` counts by what was asked; `failed` holds what did not go as it should."""

    def __init__(self, found: Running, document: str) -> None:
        self.answered: Counter[str] = Counter()
        self.failed: list[str] = []
        gate, own = (
            f"{found.supervisor.all[each].member.url}/v1"
            for each in ("api-gateway", "document-service")
        )
        new: Any = {"title": "Another plan", "documentType": "page"}
        self._asked = (
            ("GET", f"{gate}/documents/{document}", None, 200),
            ("POST", f"{gate}/documents", new, 201),
            ("GET", f"{gate}/search?q=lighthouse", None, 200),
            ("GET", f"{own}/documents/{document}", None, 200),
            ("POST", f"{own}/documents", new, 201),
        )
        self._headers = {"Authorization": f"Bearer {found.token}"}
        self._over = Event()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """It goes on, in a thread, until this ends."""
        thread = Thread(target=self._read)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _read(self) -> None:
        with httpx.Client(headers=self._headers, timeout=30) as http:
            for method, url, body, expect in cycle(self._asked):
                if self._over.wait(_PAUSE):
                    return
                what = f"{method} {url}"
                try:
                    answer = http.request(method, url, json=body)
                except httpx.TransportError as error:
                    self.failed.append(f"{what}: {error!r}")
                    continue
                self.answered[what] += 1
                if answer.status_code != expect:
                    self.failed.append(f"{what}: {answer.status_code} {answer.text}")
