"""One REST request on its way to the port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from cloudsync_chassis import headers as sent
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import TENANT_HEADER, TIMEOUT_HEADER, timeout_seconds
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.idempotency import Answer, digest
from cloudsync_chassis.store.query import PageRequest
from cloudsync_chassis.traced import tell_fields
from cloudsync_chassis.web import answers
from cloudsync_chassis.web.framework import Depends, Request, Response
from cloudsync_chassis.web.middleware import TRACE

Q = TypeVar("Q")
R = TypeVar("R")


class RestCall:
    """A request whose caller has been admitted. Calling it runs the port's method.

    `page` is what it says of a page, where its operation lists something.
    """

    def __init__(
        self,
        request: Request,
        operation: Operation,
        principal: Principal,
        page: PageRequest | None = None,
    ) -> None:
        self._request = request
        self._operation = operation
        self._principal = principal
        self._runtime: Runtime = request.app.state.runtime
        self.page = page

    async def __call__(self, method: Callable[[Context, Q], Awaitable[R]], request: Q) -> Response:
        """The port's result as an HTTP answer."""
        incoming = await self._incoming()

        async def action(ctx: Context) -> Answer:
            tell_fields(self._operation.traced, getattr(request, "body", None))
            result = await method(ctx, request)
            tell_fields(self._operation.traced, result)
            return self._encode(result)

        answer = await self._runtime.executor.answer(self._operation, incoming, action)
        return self._response(answer)

    async def _incoming(self) -> Incoming:
        headers = self._request.headers
        route = str(getattr(self._request.scope.get("route"), "path", ""))
        key = sent.idempotency_key(headers.get("Idempotency-Key"))
        return Incoming(
            principal=self._principal,
            trace=self._request.scope[TRACE],
            timeout=timeout_seconds(headers.get(TIMEOUT_HEADER)),
            idempotency_key=key,
            if_match=sent.versions(headers.get("If-Match"), self._operation),
            digest=await self._digest() if key else "",
            source_ip=source_of(self._request, self._runtime.settings),
            route=route,
            attributes={"http.request.method": self._request.method, "http.route": route},
        )

    async def _digest(self) -> str:
        url = self._request.url
        target = f"{self._request.method} {url.path}?{url.query}"
        return digest(target.encode(), await self._request.body())

    def _encode(self, result: Any) -> Answer:
        request = self._request
        return answers.encode(
            self._operation,
            result,
            request.path_params,
            self._runtime.cursors,
            request.query_params.multi_items(),
            request.url.path,
        )

    def _response(self, answer: Answer) -> Response:
        headers = dict(answer.headers)
        tag = headers.get("etag")
        if self._request.method == "GET" and tag and self._known(tag):
            return Response(status_code=304, headers={"etag": tag})
        return Response(answer.body, answer.status, headers)

    def _known(self, tag: str) -> bool:
        given = self._request.headers.get("If-None-Match", "")
        return tag in {each.strip().removeprefix("W/") for each in given.split(",")}


def source_of(request: Request, settings: Settings) -> str | None:
    """The client's address, as far as it can be trusted."""
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    peer = request.client.host if request.client else None
    return sent.client_address(peer, forwarded, settings.trusted_proxies)


def admitted(operation: Operation, *, lists: bool = False) -> Any:
    """The dependency that names an operation: authenticates and authorises before all else, and
    then reads `limit`, `sort` and `cursor` where it `lists` something.
    """

    async def admit(request: Request) -> RestCall:
        runtime: Runtime = request.app.state.runtime
        principal = await runtime.identity.caller(request.headers.get("Authorization"))
        principal = sent.acting(principal, request.headers.get(TENANT_HEADER), operation)
        runtime.executor.admit(operation, principal)
        await runtime.limiter.admit(principal)
        page = runtime.pages.read(operation, request.query_params) if lists else None
        return RestCall(request, operation, principal, page)

    return Depends(admit)
