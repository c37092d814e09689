"""Base of the generated REST clients: one method per operation on top of `call`."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from cloudsync_chassis.client.attempts import Client, Outcome, TokenSource, no_token, silent
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import RefusedError, readable
from cloudsync_chassis.client.late import Result, reader
from cloudsync_chassis.client.observer import SILENT, Observer
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.lean import httpx

R = TypeVar("R")

_RETRIED = frozenset({429, 502, 503, 504})


class ServiceClient(Client):
    """Calls one service by HTTP and JSON."""

    def __init__(
        self,
        base_url: str,
        *,
        token: TokenSource = no_token,
        budgets: Mapping[str, Budget] | None = None,
        breaker: BreakerPolicy | None = None,
        concurrent: int | None = None,
        observer: Observer = SILENT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(
            base_url,
            token=token,
            budgets=budgets,
            breaker=breaker,
            concurrent=concurrent,
            observer=observer,
        )
        self._transport = transport

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        """Made for the first call, since with TLS reading the authorities takes a while."""
        return httpx.AsyncClient(
            base_url=self.base_url,
            verify=_trusted(self.base_url),
            transport=self._transport,
            timeout=None,
        )

    async def call(self, request: Call, result: TypeAdapter[R] | Result[R]) -> R:
        """The typed answer, without what a newer callee adds to it. Raises as `send` does."""
        response = await self.send(request)
        with readable(request):
            return reader(result).validate_json(
                response.content or b"null", strict=False, extra="ignore"
            )

    async def send(self, request: Call) -> httpx.Response:
        """The successful answer as it came."""
        return await self.attempts(request, lambda timeout: self._answer(request, timeout))

    async def aclose(self) -> None:
        """Close the connections."""
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def _answer(self, request: Call, timeout: float) -> Outcome[httpx.Response]:
        connection = _Connection()
        try:
            headers = await self.headers(request, timeout)
            _ = self._http  # not within the time of the call, of which making it is no part
            async with asyncio.timeout(timeout):
                response = await self._http.send(self._build(request, headers, connection))
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            lost = silent(request, error)
            return replace(lost, closed=True, healthy=True) if connection.kept else lost
        except (httpx.TransportError, TimeoutError) as error:
            return silent(request, error)
        if response.is_success:
            return Outcome(response)
        return Outcome(
            error=RefusedError(request, response.status_code, _problem(response)),
            healthy=response.status_code < 500,
            again=response.status_code in _RETRIED,
            pause=_retry_after(response),
        )

    def _build(
        self, request: Call, headers: dict[str, str], connection: _Connection
    ) -> httpx.Request:
        content = None
        if request.body is not None:
            headers["Content-Type"] = request.media
            content = json.dumps(request.body)
        query = {
            name: to_jsonable_python(value)
            for name, value in request.query.items()
            if value is not None
        }
        return self._http.build_request(
            request.method,
            request.url,
            params=query,
            headers=headers,
            content=content,
            extensions={"trace": connection.note},
        )


class _Connection:
    """Whether a request went by a connection that was there before."""

    def __init__(self) -> None:
        self.kept = True

    async def note(self, name: str, _: Mapping[str, Any]) -> None:
        """One event of httpcore's (its documentation, Request extensions, "trace")."""
        if name.startswith("connection.connect_"):
            self.kept = False


def _trusted(base_url: str) -> ssl.SSLContext | bool:
    """The usual authorities; none where nothing is encrypted, for reading them takes longer than
    the first call may.
    """
    if base_url.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return True


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
