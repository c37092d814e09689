"""Whether a service can be called: by its own health endpoint."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from typing import Any

from cloudsync_gen.live.ports import HOST

_PATIENCE = 2.0


def ready_by_http(port: int) -> bool:
    """Whether `/health/ready` answers 200."""
    asked = HTTPConnection(HOST, port, timeout=_PATIENCE)
    try:
        asked.request("GET", "/health/ready")
        return asked.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()


def ready_by_grpc(port: int) -> bool:
    """Whether the service `ready` of gRPC's health protocol (grpc/health/v1) is SERVING."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"{HOST}:{port}") as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        try:
            said = health.Check(
                health_pb2.HealthCheckRequest(service="ready"), timeout=_PATIENCE
            ).status
        except grpc.RpcError:
            return False
    return bool(said == health_pb2.HealthCheckResponse.SERVING)
