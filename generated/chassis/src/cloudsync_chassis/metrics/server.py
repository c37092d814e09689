"""A port of its own for the metrics of a service that does not speak HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloudsync_chassis import supervised
from cloudsync_chassis.asgi import Config, Server
from cloudsync_chassis.logs import logger
from cloudsync_chassis.metrics.series import CONTENT_TYPE
from cloudsync_chassis.metrics.service import ServiceMetrics
from cloudsync_chassis.settings import Settings

_AT_ONCE = 4
"""Scrapes; who scrapes more often is told 503."""

log = logger("metrics")


class MetricsServer:
    """Serves `GET /metrics`; `port` is the real one once it runs."""

    def __init__(self, metrics: ServiceMetrics, settings: Settings) -> None:
        self.port = settings.metrics_port or 0
        self._host = settings.host
        self._descriptor = settings.metrics_listen_fd
        app = Starlette(routes=[Route("/metrics", _answer)])
        app.state.metrics = metrics
        self._server = _Guest(
            Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                limit_concurrency=_AT_ONCE,
                timeout_graceful_shutdown=1,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve in this loop. A port that is taken is no reason not to serve those who call."""
        try:
            listening = supervised.handed_down(self._descriptor)
            listening = listening or socket.create_server((self._host, self.port))
        except OSError as error:
            log.error("no_metrics", port=self.port, error=str(error))
            return
        self.port = int(listening.getsockname()[1])
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))

    async def stop(self) -> None:
        """Stop serving."""
        task, self._task = self._task, None
        if task is not None:
            self._server.should_exit = True
            await task


class _Guest(Server):
    """A server in somebody else's process, who hears the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


async def _answer(request: Request) -> Response:
    metrics: ServiceMetrics = request.app.state.metrics
    return Response(await metrics.text(), media_type=CONTENT_TYPE)
