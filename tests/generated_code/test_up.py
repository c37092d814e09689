"""`up`: services that run together, each a process; found, watched, and gone afterwards."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest
from msgspec import structs
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    TracesData,
)

from cloudsync_gen.cli import main
from cloudsync_gen.live import supervisor as supervising
from cloudsync_gen.live.collector import collecting
from cloudsync_gen.live.copies import Member
from cloudsync_gen.live.ports import HOST, Ports
from cloudsync_gen.live.supervisor import State, Supervisor
from support.postgres import is_listening
from support.up import PATIENCE, ROOT, Up, lemonade_in

SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
print("serving", flush=True)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER

SHARED = """
import os, socket, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION.encode())
server = HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(os.environ["LISTEN"]))
server.socket.listen()
os.write(int(os.environ["READY"]), b"x")
server.serve_forever()
"""


@pytest.fixture
def ports() -> Iterator[Ports]:
    held = Ports()
    yield held
    held.close()


def member(name: str, ports: Ports, code: str = SERVER, *before: str) -> Member:
    port = ports.take()
    return Member(
        name=name,
        command=(sys.executable, "-c", code, str(port)),
        environment={"PATH": os.environ.get("PATH", "")},
        port=port,
        rpc=False,
        before=tuple((sys.executable, "-c", each) for each in before),
    )


def test_a_port_that_is_held_is_its_services_alone(ports: Ports) -> None:
    port = ports.take()
    ports.hand_over(port)
    with socket.socket() as service:
        service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        service.bind((HOST, port))
        service.listen()
        with socket.create_connection((HOST, port), 5):
            assert ports.take() != port


def test_members_come_up_a_few_at_a_time_and_go_together(ports: Ports, tmp_path: Path) -> None:
    seen: list[tuple[str, State]] = []
    most = 0

    def changed(standing: supervising.Standing) -> None:
        nonlocal most
        seen.append((standing.member.name, standing.state))
        starting = [each for each in system.all.values() if each.state is State.STARTING]
        most = max(most, len(starting))

    members = [member(f"m{at}", ports, SERVER, "print('before')") for at in range(5)]
    system = Supervisor(members, tmp_path, changed, at_once=2)
    assert system.settle(Event(), PATIENCE)
    assert [each.state for each in system.all.values()] == [State.READY] * 5
    assert most == 2
    assert all(each.seconds > 0 for each in system.all.values())
    assert system.all["m3"].last_lines.splitlines()[:2] == ["before", "serving"]
    assert system.stop() == []
    assert {state for _, state in seen[-5:]} == {State.STOPPED}
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((HOST, members[0].port), 1)


def test_who_dies_is_known_and_stays_so(ports: Ports, tmp_path: Path) -> None:
    told: list[str] = []

    def changed(standing: supervising.Standing) -> None:
        if standing.state is State.DIED:
            told.append(f"{standing.member.name} {standing.code} {standing.last_lines}")

    members = [
        member("sound", ports),
        member("broken", ports, "print('alas'); raise SystemExit(7)"),
        member("unprepared", ports, SERVER, "raise SystemExit('no table')"),
    ]
    system = Supervisor(members, tmp_path, changed)
    try:
        assert system.settle(Event(), PATIENCE)
        assert sorted(told) == ["broken 7 alas", "unprepared 1 no table"]
        copy = system.all["sound"].copy
        assert copy is not None
        copy.child.kill()
        copy.child.wait()
        system.step()
        assert told[-1].startswith("sound -9 ")
        assert system.all["sound"].state is State.DIED
        system.watch(Event())
        assert system.all["sound"].state is State.DIED
    finally:
        system.stop()


def test_who_was_killed_can_be_started_again(ports: Ports, tmp_path: Path) -> None:
    system = Supervisor([member("one", ports)], tmp_path)
    try:
        assert system.settle(Event(), PATIENCE)
        system.kill("one")
        assert system.all["one"].state is State.STOPPED
        system.start("one")
        assert system.settle(Event(), PATIENCE)
        assert system.all["one"].last_lines.splitlines().count("serving") == 2
    finally:
        system.stop()


def sharing(ports: Ports, version: str, port: int = 0) -> Member:
    told = structs.replace(member("one", ports), announces="READY")
    port = port or told.port
    code = f"VERSION = {version!r}" + SHARED
    command = (sys.executable, "-c", code)
    return structs.replace(told, command=command, port=port, handed={"LISTEN": port})


def test_the_next_copy_takes_over_once_it_serves(ports: Ports, tmp_path: Path) -> None:
    seen: list[tuple[State, int | None]] = []
    first = sharing(ports, "1")

    def answer() -> str:
        return httpx.get(first.url, timeout=PATIENCE).text

    changed = seen.append
    system = Supervisor([first], tmp_path, lambda each: changed((each.state, each.code)))
    try:
        assert system.settle(Event(), PATIENCE)
        before = system.all["one"].pid
        assert answer() == "1"
        broken = structs.replace(first, command=(sys.executable, "-c", "raise SystemExit(7)"))
        system.renew(broken)
        system.renew(sharing(ports, "2", first.port))
        system.step()
        assert system.all["one"].state is State.RENEWING
        while system.renews:
            assert answer() in ("1", "2")
            system.step()
        assert answer() == "2"
        assert system.all["one"].pid != before
        assert seen[-4:] == [
            (State.RENEWING, None),
            (State.READY, 7),
            (State.RENEWING, 7),
            (State.READY, None),
        ]
        system.kill("one")
        with pytest.raises(httpx.ConnectError):
            answer()
        system.renew(sharing(ports, "3", first.port))
        assert system.settle(Event(), PATIENCE)
        assert answer() == "3"
    finally:
        assert system.stop() == []


def test_the_next_copy_stands_in_for_one_that_dies(ports: Ports, tmp_path: Path) -> None:
    first = sharing(ports, "1")
    system = Supervisor([first], tmp_path)
    try:
        assert system.settle(Event(), PATIENCE)
        system.renew(sharing(ports, "2", first.port))
        system.step()
        copy = system.all["one"].copy
        assert copy is not None
        copy.kill()
        assert system.settle(Event(), PATIENCE)
        assert httpx.get(first.url, timeout=PATIENCE).text == "2"
    finally:
        assert system.stop() == []


@pytest.mark.parametrize("hurried", [False, True])
def test_who_does_not_stop_is_killed(
    ports: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurried: bool
) -> None:
    monkeypatch.setattr(supervising, "_GRACE", 600.0 if hurried else 0.2)
    system = Supervisor([member("deaf", ports, DEAF), member("sound", ports)], tmp_path)
    assert system.settle(Event(), PATIENCE)
    hurry = Event()
    if hurried:
        hurry.set()
        assert "deaf" in system.stop(hurry)
    else:
        assert system.stop() == ["deaf"]
    assert all(each.copy and each.copy.code is not None for each in system.all.values())


def test_what_is_waited_for_can_be_given_up(ports: Ports, tmp_path: Path) -> None:
    system = Supervisor([member("slow", ports, "import time; time.sleep(600)")], tmp_path)
    stop = Event()
    stop.set()
    assert not system.settle(stop)
    assert not system.settle(Event(), 0.1)
    assert system.stop() == []


def test_spans_are_kept_as_lines_of_otlp(tmp_path: Path) -> None:
    span = Span(
        trace_id=bytes(range(16)), span_id=b"\x01" * 8, name="get", kind=Span.SPAN_KIND_SERVER
    )
    span.start_time_unix_nano = 1_700_000_000_000_000_000
    sent = TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])])
    body = sent.SerializeToString()
    file = tmp_path / "traces.jsonl"
    with collecting(file) as url:
        assert httpx.post(f"{url}/v1/traces", content=body).status_code == 200
        packed = {"Content-Encoding": "gzip"}
        both = httpx.post(f"{url}/v1/traces", content=gzip.compress(body), headers=packed)
        assert both.status_code == 200
        assert httpx.post(f"{url}/v1/traces", content=b"\xff\xff").status_code == 400
        assert httpx.post(f"{url}/v1/traces", content=body, headers=packed).status_code == 400
        assert httpx.post(f"{url}/v1/metrics", content=body).status_code == 404
    lines = [json.loads(each) for each in file.read_text("utf-8").splitlines()]
    assert len(lines) == 2
    assert lines[0] == lines[1]
    [kept] = lines[0]["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert kept == {
        "traceId": "000102030405060708090a0b0c0d0e0f",
        "spanId": "01" * 8,
        "name": "get",
        "kind": 2,
        "startTimeUnixNano": "1700000000000000000",
    }


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lemonade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lemonade_in(tmp_path_factory.mktemp("up") / "lemonade")


@pytest.fixture
def up(lemonade: Path, tmp_path: Path) -> Iterator[Callable[..., Up]]:
    made: list[Up] = []

    def start(*arguments: str) -> Up:
        made.append(Up(lemonade, tmp_path, *arguments))
        return made[-1]

    yield start
    for each in made:
        if each.child.poll() is None:
            each.child.terminate()
            each.child.wait(PATIENCE)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_all_and_leaves_nothing(up: Callable[..., Up], ending: signal.Signals) -> None:
    running = up("--format", "json")
    services = running.services()
    assert {each["state"] for each in services.values()} == {"ready"}
    assert {each["protocol"] for each in services.values()} == {"http", "grpc"}
    for each in services.values():
        if each["protocol"] == "http":
            assert httpx.get(f"{each['url']}/health/ready").status_code == 200
    assert list(running.temporary.iterdir()) != []
    assert running.end(ending) == 0, running.said
    assert [each for each in services.values() if is_there(each["pid"])] == []
    assert list(running.temporary.iterdir()) == []


def test_services_end_with_the_command_however_that_ends(up: Callable[..., Up]) -> None:
    running = up("--format", "json")
    services = running.services()
    running.end(signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    left = {httpx.URL(each["url"]).port or 0 for each in services.values()}
    while left and time.monotonic() < end:
        left = {port for port in left if is_listening(port)}
        time.sleep(0.05)
    assert left == set()


def test_a_service_that_dies_is_named_with_the_end_of_its_log(
    up: Callable[..., Up], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    running = up("--format", "json", "--state", str(state), "--traces")
    services = running.services()
    name = "lambda"
    os.kill(services[name]["pid"], signal.SIGKILL)
    running.until(lambda: f"{name} ended by itself with code -9" in running.said)
    assert running.end() == 1
    assert (state / "logs" / f"{name}.log").is_file()
    assert (state / "traces.jsonl").is_file()
    assert running.said.count("ended by itself") == 1


def test_some_run_beside_stand_ins(up: Callable[..., Up], lemonade: Path) -> None:
    running = up("--only", "recipe")
    running.until(lambda: "recipe" in running.printed)
    assert running.printed.split()[:2][0] == "recipe"
    assert running.printed.count("\n") == 1
    assert "http://127.0.0.1:" in running.printed
    assert running.end() == 0, running.said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "`nothing` is no element"),
        (["--traces"], "--traces needs --state"),
        ([], "run `cloudsync-gen generate` first"),
    ],
)
def test_what_cannot_be_run_is_told(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "tests" / "models" / "lemonade", tmp_path, dirs_exist_ok=True)
    assert main(["--root", str(tmp_path), "up", *arguments]) == 2
    assert said in capsys.readouterr().err
