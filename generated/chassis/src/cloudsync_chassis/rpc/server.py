"""The gRPC server of a service: health and reflection beside its own services."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from cloudsync_chassis import heap, supervised
from cloudsync_chassis.context import Deadline
from cloudsync_chassis.logs import logger
from cloudsync_chassis.metrics.server import MetricsServer
from cloudsync_chassis.protobuf.convert import EnumNames
from cloudsync_chassis.rpc.probes import Probes
from cloudsync_chassis.rpc.service import RpcService
from cloudsync_chassis.runtime import Runtime

_SERVING = health_pb2.HealthCheckResponse.SERVING

log = logger("grpc")


class RpcServer:
    """Serves the services on the settings' host and port; `port` is the real one once it runs."""

    def __init__(self, runtime: Runtime, services: Sequence[RpcService]) -> None:
        self.port = 0
        self.runtime = runtime
        self._services = services
        self._health = Probes(runtime.health)
        self._server: grpc.aio.Server | None = None
        settings = runtime.settings
        self.metrics: MetricsServer | None = None
        if settings.metrics_port is not None or settings.metrics_listen_fd is not None:
            self.metrics = MetricsServer(runtime.metrics, settings)

    @property
    def enum_names(self) -> EnumNames:
        """What members of enumerations are called in the data model, of all its services."""
        return {name: held for each in self._services for name, held in each.enum_names.items()}

    async def start(self) -> None:
        """Start the runtime, then accept calls."""
        await self.runtime.start()
        settings = self.runtime.settings
        limits = [("grpc.max_receive_message_length", settings.max_body_bytes)]
        server = self._server = grpc.aio.server(options=limits)
        for each in self._services:
            each.add(server)
            await self._health.set(each.name, _SERVING)
        await self._health.set("", _SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [each.name for each in self._services]
        own = (health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
        reflection.enable_server_reflection([*names, *own], server)
        # the mesh speaks mutual TLS for us; the port itself is reachable from the pod only
        self.port = server.add_insecure_port(f"{settings.host}:{settings.port}")
        await server.start()
        if self.metrics is not None:
            await self.metrics.start()
        log.info("serving", port=self.port)

    async def stop(self) -> None:
        """Say that we stop, drain, stop."""
        self.runtime.health.stopping = True
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(self.runtime.settings.drain_pause)
        drained = Deadline.after(self.runtime.settings.drain_seconds)
        if self._server is not None:
            await self._server.stop(drained.remaining)
        for each in self._services:
            await each.settle(drained.remaining)
        if self.metrics is not None:
            await self.metrics.stop()
        await self.runtime.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stopped.set)
        async with self:
            heap.settle()
            supervised.announce(self.runtime.settings.ready_fd)
            await stopped.wait()
