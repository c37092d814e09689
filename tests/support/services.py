"""All services of a model, generated into a folder; REST services started as processes."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from uuid import uuid4

import httpx
import msgspec
from cloudsync_chassis.client.queue import QUEUED
from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.engine.fingerprint import fingerprint
from cloudsync_gen.engine.render import render
from cloudsync_gen.live import by_grpc, by_http
from cloudsync_gen.model.artefacts import Ownership, Rendered, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate, Invariant, Service
from cloudsync_gen.model.packages import package_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import screaming
from cloudsync_gen.targets import BY_NAME
from cloudsync_gen.targets._standins import standins_of
from support import shared

ROOT = Path(__file__).parents[2]
CHASSIS = ROOT / "templates" / "chassis" / "src"
TARGETS = (
    "clients",
    "contracts",
    "grpc_stubs",
    "service",
    "service_graphql",
    "service_grpc",
    "stores",
)
OF_ONE = {"service", "service_graphql", "stores"}
"""Targets whose files only the service needs that they are written for."""
PATIENCE = 60.0
LASTING = 3600
ISSUER = "https://issuer.example.org/"


@dataclass(frozen=True)
class Written:
    """A model, its contracts, and the folder that all its services have been written to."""

    model: Model
    contracts: Contracts
    root: Path

    @property
    def names(self) -> list[str]:
        return [name_of(each.id) for each in self.model.all(Service)]

    def invariants(self, service: str) -> list[str]:
        """Names of the invariants of a service's aggregates."""
        own = {each.id for each in self.model.all(Aggregate) if name_of(each.service) == service}
        return [name_of(each.id) for each in self.model.all(Invariant) if each.aggregate in own]

    def folder(self, service: str) -> Path:
        return self.root / "generated" / "services" / service

    def clients(self) -> list[Path]:
        """Source roots of all clients and of the messages of gRPC."""
        folder = self.root / "generated" / "clients"
        return [*sorted(folder.glob("python/*/src")), *folder.glob("grpc/src")]

    def sources(self, service: str) -> list[Path]:
        """Source roots of a service and of what it calls others with."""
        return [self.folder(service) / "src", *self.clients()]

    def package(self, service: str) -> str:
        return package_of(service)

    def environment(self, service: str, **more: str) -> dict[str, str]:
        """Variables with which a process finds the service, its clients and the chassis."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(map(str, (*self.sources(service), CHASSIS))),
            **shared.bytecode(),
            # a test asks for more in a second than its one tenant would
            "CHASSIS_RATE_LIMIT_PER_SECOND": "0",
            **more,
        }


def written(
    root: Path, folder: Path, targets: Iterable[str] = TARGETS, services: Collection[str] = ()
) -> Written:
    """Write every service of the model below `root`, with what its team has written there.

    `services`: no others than these. What they share with others is written whole.
    """
    checked = pipeline.check(pipeline.read_model(root), store=shared.store())
    assert checked.model is not None
    contracts = compile_contracts(checked.model).value
    units = [
        unit
        for name in targets
        for unit in BY_NAME[name].units(checked.model, contracts)
        if not services or name not in OF_ONE or unit.name in services
    ]
    ours = set()
    for unit in shared.from_elsewhere(units):
        for each in rendered(unit.seen()):
            path = folder / each.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(each.content)
            if each.ownership is not Ownership.SCAFFOLD:
                ours.add(each.path)
    if folder != root:
        _add_theirs(root, folder, ours)
    return Written(checked.model, contracts, folder)


_decoded = msgspec.msgpack.Decoder(tuple[Rendered, ...])


def rendered(unit: Unit) -> tuple[Rendered, ...]:
    """Its files, made once in a run of the tests."""
    store, key = shared.store(), fingerprint(unit)
    stored = store.read(key)
    if stored is not None:
        return _decoded.decode(stored)
    made = render(unit, BY_NAME[unit.target].files(unit.view), store)
    store.write(key, msgspec.msgpack.encode(made))
    return made


_NOT_THEIRS = {"generated", "__pycache__"}


def _add_theirs(root: Path, folder: Path, ours: set[str]) -> None:
    """Copy what the services' teams wrote, and none of what is generated."""
    for kind in ("src", "tests"):
        for path in (root / "generated" / "services").glob(f"*/{kind}/**/*.*"):
            relative = path.relative_to(root)
            if str(relative) not in ours and not _NOT_THEIRS & {*relative.parts[3:]}:
                target = folder / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def opened(root: Path) -> Written:
    """What has been generated below `root`."""
    checked = pipeline.check(pipeline.read_model(root), store=shared.store())
    assert checked.model is not None
    return Written(checked.model, compile_contracts(checked.model).value, root)


def type_errors(made: Written, service: str) -> str:
    """What `mypy --strict` has to say of the service's package; nothing if it is satisfied."""
    variables = made.environment(service)
    command = (
        *("mypy", "--strict", "--explicit-package-bases"),
        *("--config-file", str(ROOT / "pyproject.toml")),
        *("--cache-dir", str(ROOT / ".mypy_cache")),
        *("--package", made.package(service)),
    )
    variables["MYPYPATH"] = variables["PYTHONPATH"]
    return _complaint(command, made.folder(service), variables)


def own_failures(made: Written, service: str, *tests: str, **variables: str) -> str:
    """What fails of what a team runs: the contract tests and the tests of its handlers, or of the
    `tests` that are named.
    """
    command = ("pytest", "-q", "-c", "pyproject.toml", "-p", "no:cacheprovider", *tests)
    # pytest closes its folder to other users, and ours holds a server that runs as another one
    with tempfile.TemporaryDirectory() as folder:
        variables["PYTEST_DEBUG_TEMPROOT"] = folder
        return _complaint(command, made.folder(service), made.environment(service, **variables))


def _complaint(command: tuple[str, ...], folder: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"{folder.name}: {done.stdout[-4000:]}{done.stderr[-2000:]}"
    return said if done.returncode else ""


@dataclass(frozen=True)
class Process:
    """A REST service that runs."""

    made: Written
    service: str
    url: str
    state: Path

    def token(self, *roles: str, organization: str, subject: str = "") -> str:
        """A development token, as the service's own command line gives it."""
        arguments = ["token", "--subject", subject or str(uuid4()), "--organization", organization]
        arguments += [part for role in roles for part in ("--role", role)]
        done = subprocess.run(
            [sys.executable, "-m", self.made.package(self.service), *arguments],
            env=self.made.environment(self.service, CHASSIS_STATE_DIR=str(self.state)),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def proof(self, principal: Principal) -> str:
        """A token of any caller, with second factors and attributes, that lasts for an hour."""
        keys = KeyRing(self.state / "keys")
        return TokenIssuer(keys.ensure(), ISSUER, LASTING).issue(principal, [self.service])

    def announced(self) -> list[str]:
        """Types of the events in its outbox, in the order of time, without calls that wait there
        for somebody who is not here.
        """
        with closing(sqlite3.connect(self.state / self.service / "store.sqlite")) as database:
            rows = database.execute("SELECT type FROM outbox ORDER BY occurred_at, id").fetchall()
        return [row[0] for row in rows if row[0] != QUEUED]


@contextmanager
def beside_standins(
    made: Written,
    service: str,
    state: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
    **variables: str,
) -> Iterator[Process]:
    """The service, with stand-ins for all that it calls, taking tokens that last for an hour.

    `say` is told of each call.
    """
    found = next(each for each in made.model.all(Service) if name_of(each.id) == service)
    with ExitStack() as stack:
        peers = {}
        for each in standins_of(made.model, made.contracts, found):
            serving = by_grpc.serving if each.rpc else by_http.serving
            peers[each.service] = stack.enter_context(serving(each, say))
        environment = made.environment(
            service,
            CHASSIS_PEERS=json.dumps(peers),
            CHASSIS_ISSUER=ISSUER,
            CHASSIS_TOKEN_ALGORITHM="ES256",
            # what else runs on the machine may take nobody's time
            CHASSIS_PATIENCE="100",
            CHASSIS_DATABASE_WAIT="60",
            CHASSIS_TOKEN_LIFETIME=str(LASTING),
            **variables,
        )
        command = (sys.executable, "-m", made.package(service))
        yield stack.enter_context(running_at(made, service, state, command, environment))


@contextmanager
def running(made: Written, service: str, state: Path) -> Iterator[Process]:
    """The service, serving from where it was written."""
    command = (sys.executable, "-m", made.package(service))
    with running_at(made, service, state, command, made.environment(service)) as process:
        yield process


@contextmanager
def running_at(
    made: Written, service: str, state: Path, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Process]:
    """What `command` starts, on a free port; its log is shown where it does not come up."""
    port = free_port()
    variables = {"CHASSIS_STATE_DIR": str(state), f"{screaming(service)}_PORT": str(port)}
    log = state.with_suffix(".log")
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=state.parent,
            env={**environment, **variables},
            stdout=output,
            stderr=output,
        )
    process = Process(made, service, f"http://127.0.0.1:{port}", state)
    try:
        _wait(process, child, log)
        yield process
        child.terminate()
        assert child.wait(PATIENCE) in (0, -signal.SIGTERM), log.read_text("utf-8")
        assert "Application shutdown complete" in log.read_text("utf-8")
    finally:
        child.kill()
        child.wait()


def _wait(process: Process, child: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        assert child.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < until, log.read_text("utf-8")
        try:
            if httpx.get(f"{process.url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def sealed_fields(made: Written, service: str) -> dict[str, set[str]]:
    """By collection, the fields that a service keeps encrypted in its documents."""
    found: dict[str, set[str]] = {}
    package = made.folder(service) / "src" / made.package(service)
    path = package / "generated" / "aggregates.py"
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "DocumentStore":
            told = {each.arg: each.value for each in call.keywords}
            name = ast.literal_eval(told["collection"])
            members = told.get("encrypted")
            fields = ast.literal_eval(members.args[0]) if isinstance(members, ast.Call) else set()
            found[name] = set(fields)
    return found
