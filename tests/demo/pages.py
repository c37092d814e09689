"""Somebody who asks for a document's page over and over, whatever is done to the services."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import httpx

from demo.system import Running
from support.steady import Steady

_PAUSE = 0.05


class Reader(Steady):
    """Reads and writes at the gateway, and at the service itself."""

    def __init__(self, found: Running, document: str) -> None:
        super().__init__()
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

    def ask(self) -> None:
        with httpx.Client(headers=self._headers, timeout=30) as http:
            for method, url, body, expect in cycle(self._asked):
                if self.over.wait(_PAUSE):
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
