"""`dev`: a service with reload, and what stands in for those that it calls."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
import jsonschema_rs
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from cloudsync_gen.cli import main
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.live import by_grpc, by_http
from cloudsync_gen.live.watch import run_watched
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.standins import StandIn
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._standins import standins_of
from support import shared
from support.services import CHASSIS, free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
System = tuple[Model, Contracts]


@pytest.fixture(scope="module")
def system() -> System:
    checked = shared.checked(ROOT)
    assert checked.model is not None
    return checked.model, compile_contracts(checked.model).value


@pytest.fixture(scope="module")
def standins(system: System) -> dict[tuple[str, bool], StandIn]:
    """Those of every callee of the whole model."""
    model, contracts = system
    every = (each for s in model.all(Service) for each in standins_of(model, contracts, s))
    return {(each.service, each.rpc): each for each in every}


def test_every_service_that_is_called_has_a_stand_in(
    system: System, standins: dict[tuple[str, bool], StandIn]
) -> None:
    model, contracts = system
    for service in model.all(Service):
        called = {each.service for each in standins_of(model, contracts, service)}
        assert bool(called) == bool(service.calls), service.id
    assert len(standins) > 15
    assert {rpc for _, rpc in standins} == {True, False}


def test_examples_are_what_the_contracts_promise(
    system: System, standins: dict[tuple[str, bool], StandIn]
) -> None:
    _, contracts = system
    checked = 0
    for standin in (each for each in standins.values() if not each.rpc):
        data = contracts.rest[standin.service.removesuffix("-service")].data
        for answer in standin.answers:
            method, _, path = answer.key.partition(" ")
            response = data["paths"][path][method.lower()]["responses"][str(answer.status)]
            for content in response.get("content", {}).values():
                schema = {**content["schema"], "components": data["components"]}
                validator = jsonschema_rs.validator_for(schema)
                faults = [
                    each.message for each in validator.iter_errors(json.loads(answer.content))
                ]
                assert faults == [], answer.key
                checked += 1
    assert checked > 100


def test_a_stand_in_answers_by_http(standins: dict[tuple[str, bool], StandIn]) -> None:
    told: list[str] = []
    files = standins["file-service", False]
    with by_http.serving(files, told.append) as url, httpx.Client(base_url=url) as client:
        found = client.get("/v1/files/01890a5d-ac96-774b-bcce-b302099a8057")
        assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
        assert found.json()["version"] == 1
        missing = client.post("/v1/nothing", json={"a": 1})
        assert (missing.status_code, missing.json()["status"]) == (404, 404)
        assert client.get("/v1/files/a/b/c").status_code == 404
    assert told[:2] == ["file-service getFile", "file-service POST /v1/nothing"]


def test_a_stand_in_answers_by_grpc(
    system: System, standins: dict[tuple[str, bool], StandIn]
) -> None:
    contract = next(each for each in system[1].grpc.values() if each.name == "version")
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(contract.descriptors).file:
        pool.Add(file)
    service = next(iter(pool.FindFileByName(contract.import_path).services_by_name.values()))
    method = service.methods_by_name["CreateVersion"]
    told: list[str] = []
    with by_grpc.serving(standins["version-service", True], told.append) as url:
        address = url.removeprefix("http://")
        with grpc.insecure_channel(address) as opened:
            channel: Any = opened
            answer: Any = channel.unary_unary(
                f"/{service.full_name}/{method.name}",
                response_deserializer=GetMessageClass(method.output_type).FromString,
            )(b"", timeout=10)
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(f"/{service.full_name}/Nothing")(b"", timeout=10)
    assert answer.ByteSize() > 20
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert told == ["version-service CreateVersion"]


def test_messages_of_a_stand_in_are_as_their_schemas_say(
    system: System, standins: dict[tuple[str, bool], StandIn]
) -> None:
    """Ids are ids, and a map holds what the model gives as an example of it."""
    contract = next(each for each in system[1].grpc.values() if each.name == "metrics")
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(contract.descriptors).file:
        pool.Add(file)
    service = next(iter(pool.FindFileByName(contract.import_path).services_by_name.values()))
    answers = {each.operation: each for each in standins["metrics-service", True].answers}

    def said(operation: str) -> Any:
        kind = GetMessageClass(service.methods_by_name[operation].output_type)
        return kind.FromString(answers[operation].content)

    assert dict(said("Query").series[0].dimension_values) == {"movement": "new"}
    run = said("GetBackfill").backfill_run
    assert UUID(run.id)
    assert run.from_day == "2030-01-02"


@pytest.fixture
def lemonade(tmp_path: Path) -> Path:
    """A generated system of its own."""
    root = tmp_path / "lemonade"
    shutil.copytree(ROOT / "tests" / "models" / "lemonade", root)
    assert main(["--root", str(root), "generate"]) == 0
    return root


@pytest.fixture
def started(lemonade: Path) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    port = free_port()
    command = ["dev", "recipe", "--port", str(port)]
    with (lemonade / "told").open("w") as told:
        child = subprocess.Popen(
            [sys.executable, "-m", "cloudsync_gen", "--root", str(lemonade), *command],
            stderr=told,
            stdout=told,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(CHASSIS)])},
            start_new_session=True,
        )
        yield child, lemonade, port
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def until(holds: Callable[[], bool], told: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, told.read_text("utf-8")
        time.sleep(0.1)


def answers(port: int, path: str, status: int) -> Callable[[], bool]:
    def holds() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}").status_code == status
        except httpx.TransportError:
            return False

    return holds


def test_it_serves_reloads_and_ends(started: tuple[subprocess.Popen[str], Path, int]) -> None:
    child, root, port = started
    told = root / "told"
    until(answers(port, "/health/ready", 200), told)
    assert "stand-in for lambda: http://127.0.0.1:" in told.read_text("utf-8")
    handlers = next(root.glob("generated/services/recipe/src/*/handlers.py"))
    sound = handlers.read_text("utf-8")
    handlers.write_text(sound + "\nraise SystemExit(3)\n", "utf-8")
    until(lambda: "ended with code 3; waiting" in told.read_text("utf-8"), told)
    handlers.write_text(sound, "utf-8")
    until(answers(port, "/health/ready", 200), told)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(PATIENCE) == 0, told.read_text("utf-8")
    assert not answers(port, "/health/live", 200)()


def test_what_is_not_watched_runs_once(tmp_path: Path) -> None:
    told: list[str] = []
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    assert run_watched(command, os.environ, (), told.append) == 7
    assert told == []


SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
WATCHER = f"""
import os, sys
from functools import partial
from pathlib import Path
from cloudsync_gen.live.watch import run_watched
said = partial(print, flush=True)
sys.exit(run_watched([sys.executable, "-c", {SLEEPER!r}], os.environ, [Path(sys.argv[1])], said))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_is_watched_ends_with_its_watcher(tmp_path: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-c", WATCHER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        first = int(watcher.stdout.readline())
        (tmp_path / "source.py").write_text("changed = True\n")
        assert "anew" in watcher.stdout.readline()
        second = int(watcher.stdout.readline())
        watcher.send_signal(ending)
        assert watcher.wait(PATIENCE) == 0
    for each in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(each, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dev", "nothing"], "`nothing` is no element"),
        (["dev", "recipe"], "run `cloudsync-gen generate` first"),
    ],
)
def test_what_cannot_be_run_is_told(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "tests" / "models" / "lemonade", tmp_path, dirs_exist_ok=True)
    assert main(["--root", str(tmp_path), *arguments]) == 2
    assert said in capsys.readouterr().err
