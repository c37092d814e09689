"""gRPC services of a model, generated into a folder and started as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.model.contracts import Contracts, ProtoContract
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GrpcApi
from cloudsync_gen.model.packages import package_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import screaming
from cloudsync_gen.targets import BY_NAME
from support import shared
from support.services import free_port, rendered

CHASSIS = Path(__file__).parents[2] / "templates" / "chassis" / "src"
TARGETS = ("clients", "grpc_stubs", "service", "service_grpc")
PATIENCE = 30.0


@dataclass(frozen=True)
class Generated:
    """A model, its contracts, and where the services that speak gRPC have been written."""

    model: Model
    contracts: Contracts
    folder: Path

    @property
    def services(self) -> dict[str, ProtoContract]:
        """Service -> its contract."""
        found = {}
        for contract in self.contracts.grpc.values():
            api = self.model.get(GrpcApi, contract.source)
            if api is not None:
                found[name_of(api.service)] = contract
        return found

    def sources(self, service: str) -> list[Path]:
        """Source roots with which the service runs."""
        return [self.folder / "services" / service / "src", *self.clients(), CHASSIS]

    def clients(self) -> list[Path]:
        """Source roots of stubs and clients."""
        clients = self.folder / "clients"
        return [clients / "grpc" / "src", *sorted(clients.glob("python/*/src"))]


def generated(root: Path, folder: Path) -> Generated:
    """Writes what gRPC services and their callers are made of."""
    checked = pipeline.check(pipeline.read_model(root), store=shared.store())
    assert checked.model is not None
    assert not checked.diagnostics
    contracts = compile_contracts(checked.model).value
    made = Generated(checked.model, contracts, folder / "generated")
    for name in TARGETS:
        target = BY_NAME[name]
        for unit in target.units(checked.model, contracts):
            if name == "clients" or unit.name in (*made.services, "system"):
                for each in rendered(unit.seen()):
                    path = folder / each.path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(each.content)
    return made


@dataclass(frozen=True)
class Process:
    """A service that runs."""

    made: Generated
    service: str
    port: int
    environment: Mapping[str, str]
    organization: str = field(default_factory=lambda: str(uuid4()))

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """The file of its embedded database."""
        return Path(self.environment["CHASSIS_STATE_DIR"]) / self.service / "store.sqlite"

    def token(self, *arguments: str, organization: str = "") -> str:
        """A development token for one organisation, the process' own unless another is named."""
        owner = ("--organization", organization or self.organization)
        command = self._command("token", "--subject", str(uuid4()), *owner, *arguments)
        done = subprocess.run(
            command, env=dict(self.environment), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", package_of(self.service), *arguments]


@contextmanager
def running(made: Generated, service: str, state: Path) -> Iterator[Process]:
    """The service, serving; its log is shown where it does not come up or does not go in peace."""
    prefix = screaming(service)
    port = free_port()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, made.sources(service))),
        **shared.bytecode(),
        "CHASSIS_STATE_DIR": str(state),
        f"{prefix}_PORT": str(port),
        f"{prefix}_METRICS_PORT": "0",
        # a test asks for more in a second than its one tenant would
        f"{prefix}_RATE_LIMIT_PER_SECOND": "0",
    }
    process = Process(made, service, port, environment)
    log = state.with_suffix(".log")
    with log.open("wb") as written:
        child = subprocess.Popen(
            process._command("serve"), env=environment, stdout=written, stderr=written
        )
    try:
        _wait(process.address, child, log)
        yield process
    finally:
        child.terminate()
        try:
            assert child.wait(PATIENCE) == 0, log.read_text("utf-8")
        finally:
            child.kill()
            child.wait()


def _wait(address: str, child: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        while True:
            assert child.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < until, log.read_text("utf-8")
            try:
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.RpcError:
                time.sleep(0.05)
                continue
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            return


def arguments(name: str, values: Sequence[str]) -> list[str]:
    """`--name value` for each."""
    return [part for value in values for part in (f"--{name}", value)]
