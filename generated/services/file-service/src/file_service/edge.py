"""The domain without cookies from which bytes come on one machine: serves what `LocalObjects` signs.

    uvicorn --factory file_service.edge:local

Answers carry a sandboxing content policy; an address that does not hold is answered 403.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from cloudsync_chassis import clock
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from . import local_objects
from .generated.settings import ServiceSettings
from .local_objects import AddressRefusedError, LocalObjects

_LARGEST_PART = 536_870_912
_SANDBOX = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
)


def edge(objects: LocalObjects) -> FastAPI:
    """The application over a store."""
    app = FastAPI(openapi_url=None)

    @app.put("/parts/{path:path}")
    async def put_part(path: str, request: Request) -> Response:
        if int(request.headers.get("content-length", _LARGEST_PART + 1)) > _LARGEST_PART:
            return Response(status_code=413)

        async def put() -> Response:
            tag = await objects.put_part(_address(request), await request.body(), clock.now())
            return Response(status_code=200, headers={"ETag": f'"{tag}"'})

        return await _or_refused(put)

    @app.get("/files/{path:path}")
    async def fetch(path: str, request: Request) -> Response:
        async def found() -> Response:
            place, told = await objects.fetch(_address(request), clock.now())
            if "network" in told and not _within(request, told["network"]):
                raise AddressRefusedError("the address is for another network")
            name = quote(told["name"], safe="")
            headers = {
                "Content-Disposition": f"{told['disposition']}; filename*=UTF-8''{name}",
                "Content-Security-Policy": _SANDBOX,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, no-store",
            }
            return FileResponse(place, media_type=told["type"], headers=headers)

        return await _or_refused(found)

    return app


def local() -> FastAPI:
    """The edge of this machine's store."""
    return edge(local_objects.local(ServiceSettings()))


def _address(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}"


def _within(request: Request, network: str) -> bool:
    """Whether the caller's address lies in a network (CIDR, RFC 4632)."""
    try:
        caller = ipaddress.ip_address(request.client.host if request.client else "")
        return caller in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


async def _or_refused(answer: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await answer()
    except AddressRefusedError:
        return Response(status_code=403)
