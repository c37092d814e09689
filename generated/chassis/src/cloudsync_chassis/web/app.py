"""The FastAPI application of a service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from cloudsync_chassis import published
from cloudsync_chassis.metrics.series import CONTENT_TYPE
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.web import problems
from cloudsync_chassis.web.framework import APIRouter, FastAPI, Response
from cloudsync_chassis.web.late import LateRoute
from cloudsync_chassis.web.middleware import Envelope


def create_app(runtime: Runtime, *routers: APIRouter) -> FastAPI:
    """The service's routes, health, keys and contract; starting it starts the runtime."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await runtime.start()
        try:
            yield
        finally:
            await runtime.stop()

    app = FastAPI(
        title=runtime.spec.name,
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
        # spans are made per operation, alike for REST, gRPC and events
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.runtime = runtime
    every = (APIRouter(routes=list(_own_routes(runtime))), *routers)
    problems.install(app, [route for router in every for route in router.routes])
    for router in every:
        problems.refuse_other_methods(router)
        # as they are: a router that is included looks for each route twice
        app.router.routes.extend(router.routes)
    app.add_middleware(
        Envelope,
        settings=runtime.settings,
        health=runtime.health,
        metrics=runtime.metrics.standard,
    )
    return app


def _own_routes(runtime: Runtime) -> Iterator[LateRoute]:
    async def live() -> Response:
        return _state(True)

    async def started() -> Response:
        return _state(runtime.health.started)

    async def ready() -> Response:
        return _state(await runtime.health.ready())

    async def keys() -> Response:
        keys = runtime.identity.keys.public_keys()
        return Response(json.dumps({"keys": keys}), media_type="application/jwk-set+json")

    async def metrics() -> Response:
        return Response(await runtime.metrics.text(), media_type=CONTENT_TYPE)

    yield LateRoute("GET", "/health/live", lambda: live)
    yield LateRoute("GET", "/health/started", lambda: started)
    yield LateRoute("GET", "/health/ready", lambda: ready)
    yield LateRoute("GET", "/.well-known/jwks.json", lambda: keys)
    yield LateRoute("GET", "/metrics", lambda: metrics)
    contract = runtime.spec.contract
    if contract is not None:
        yield LateRoute("GET", "/openapi.yaml", lambda: partial(_text, contract))
        yield LateRoute("GET", "/openapi.json", lambda: partial(_json, contract))


def _state(good: bool) -> Response:
    content = b'{"status":"pass"}' if good else b'{"status":"fail"}'
    return Response(content, 200 if good else 503, media_type="application/health+json")


def _text(contract: Path) -> Response:
    return Response(contract.read_bytes(), media_type="application/yaml")


def _json(contract: Path) -> Response:
    content = json.dumps(published.document(contract), ensure_ascii=False)
    return Response(content, media_type="application/json")
