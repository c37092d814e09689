"""Health over gRPC: whether a service serves, and for the platform what HTTP's probes say."""

from __future__ import annotations

from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

from cloudsync_chassis.health import Health

_STATES = {
    True: health_pb2.HealthCheckResponse.SERVING,
    False: health_pb2.HealthCheckResponse.NOT_SERVING,
}


class Probes(HealthServicer):
    """`live`, `started` and `ready` are asked as services, as Kubernetes does; others are told."""

    def __init__(self, health: Health) -> None:
        super().__init__()
        self._state = health

    async def _check(
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> health_pb2.HealthCheckResponse:
        if request.service == "live":
            good = True
        elif request.service == "started":
            good = self._state.started
        elif request.service == "ready":
            good = await self._state.ready()
        else:
            answer: health_pb2.HealthCheckResponse = await super().Check(request, context)
            return answer
        return health_pb2.HealthCheckResponse(status=_STATES[good])

    Check = _check
