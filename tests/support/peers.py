"""Services that call each other: processes on one machine that can be stopped, killed, started."""

from __future__ import annotations

import importlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from cloudsync_chassis.cases import Case
from cloudsync_chassis.contract import Bench, Tenant

from cloudsync_gen.naming import screaming
from support.services import PATIENCE, Written


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Peer:
    """A service on a port of its own; its state folder is shared with all others."""

    def __init__(self, made: Written, service: str, folder: Path, port: int) -> None:
        self.made, self.service, self.folder, self.port = made, service, folder, port
        self.url = f"http://127.0.0.1:{port}"
        self.peers: Mapping[str, str] = {}
        self.variables: Mapping[str, str] = {}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> str:
        return (self.folder / f"{self.service}.log").read_text("utf-8")

    def start(self) -> None:
        """Up, and listening."""
        with (self.folder / f"{self.service}.log").open("ab") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", self.made.package(self.service)],
                env=self._environment(),
                stdout=output,
                stderr=output,
                cwd=self.folder,
            )
        until = time.monotonic() + PATIENCE
        while True:
            assert self._child.poll() is None, self.log
            assert time.monotonic() < until, self.log
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return

    def freeze(self) -> None:
        """It holds its connections and answers nothing."""
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Gone without a word."""
        self._running.kill()
        self._running.wait(PATIENCE)
        self._child = None

    def client(self, tenant: Tenant, roles: tuple[str, ...]) -> httpx.Client:
        """A caller of the tenant."""
        who = ("--subject", str(tenant.subject), "--organization", str(tenant.organization))
        done = subprocess.run(
            [
                *(sys.executable, "-m", self.made.package(self.service), "token", *who),
                *(part for role in roles for part in ("--role", role)),
            ],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        token = {"Authorization": f"Bearer {done.stdout.strip()}"}
        return httpx.Client(base_url=self.url, headers=token, timeout=30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self.kill()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._child is not None
        return self._child

    def _environment(self) -> dict[str, str]:
        prefix = screaming(self.service)
        return self.made.environment(
            self.service,
            **{f"{prefix}_PORT": str(self.port), "CHASSIS_STATE_DIR": str(self.state)},
            CHASSIS_PEERS=json.dumps(dict(self.peers)),
            **self.variables,
        )


def case_of(made: Written, service: str, operation: str) -> Case:
    """The example request of an operation."""
    testing = importlib.import_module(f"{made.package(service)}.generated.testing")
    cases = testing.cases(made.folder(service) / "tests" / "contract.json")
    (found,) = (each for each in cases if each.operation == operation)
    return found  # type: ignore[no-any-return]


def stored(made: Written, service: str, operation: str, folder: Path, tenant: Tenant) -> Any:
    """What the operation answers once its example exists in the tenant; it stays in the store."""
    generated = f"{made.package(service)}.generated"
    testing: Any = importlib.import_module(f"{generated}.testing")
    testing.Handlers = importlib.import_module(f"{generated}.defaults").Defaults
    with Bench(testing.started, folder / "state") as bench:
        case = case_of(made, service, operation)
        answer = bench._runner.run(bench._ask(case, tenant, True))
    assert answer.is_success, answer.text
    return answer.json()
