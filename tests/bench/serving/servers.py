"""Servers under measurement: processes of their own, on loopback, each with a folder to itself."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from joserfc import jwt
from joserfc.jwk import Key, import_key
from msgspec import Struct

from bench.measure import cpu_of, memory_of
from bench.serving import guarded, load

TESTS = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0
_LIFETIME = 900
_SETTLING, _LOOK, _IDLE = 60, 2.0, 0.1
"""Looks at whether what was set off is done, seconds of each, a share of a processor that is idle.
"""

READY = "/health/ready"


class Failed(Exception):
    """A server or a run did not do what it is for."""


class Weight(Struct, frozen=True):
    """Of a process once it is ready: seconds from its start, those of processors, bytes resident,
    and bytes of its own with its share of what it has in common with others (0: not told)."""

    seconds: float
    cpu: float
    resident: int
    proportional: int


class Server:
    """A process that answers on `port`; its output goes nowhere, or to `log` if it fails."""

    def __init__(
        self,
        name: str,
        line: Sequence[str],
        port: int,
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name, self.port, self.folder = name, port, folder
        self._log = (folder / "errors.txt").open("wb")
        began = time.perf_counter()
        self._process = subprocess.Popen(
            line,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env={**os.environ, **environment},
        )
        self.weight = self._until_ready(began)

    def ask(self, run: load.Run) -> load.Told:
        """Have the load generator do it, in a process of its own.

        Raises:
            Failed: something was not answered well.
        """
        done = subprocess.run(
            [sys.executable, "-m", "bench.serving.load"],
            input=msgspec.json.encode(run),
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
        if done.returncode:
            raise Failed(f"{self.name}: {done.stderr.decode()[-2000:]}")
        return msgspec.json.decode(done.stdout, type=load.Told)

    @property
    def cpu(self) -> float:
        """Seconds of processors that it has used; 0 where the system does not tell."""
        return cpu_of(self._process.pid)

    def settle(self) -> float:
        """Wait until it has done what its requests set off, then let it stand still; the share of a
        processor that it takes when nobody asks anything.

        Raises:
            Failed: it goes on working.
        """
        with self.awake():
            for _ in range(_SETTLING):
                before = self.cpu
                time.sleep(_LOOK)
                idle = (self.cpu - before) / _LOOK
                if idle <= _IDLE:
                    return idle
        raise Failed(f"{self.name} works though nobody asks")

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run; at the end it stands still, so that it takes nothing from another."""
        self._process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _until_ready(self, began: float) -> Weight:
        while not _says_ready(self.port):
            if self._process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                self.stop()
                told = (self.folder / "errors.txt").read_text(errors="replace")[-2000:]
                raise Failed(f"{self.name} did not become ready:\n{told}")
            time.sleep(0.005)
        seconds, cpu = time.perf_counter() - began, self.cpu
        own = self._process.pid
        return Weight(seconds, cpu, memory_of(own, "Rss"), memory_of(own, "Pss"))


def _says_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", READY)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def tokens(keys: Path, subjects: Sequence[str], organization: str) -> list[str]:
    """One for each subject, signed with the newest key of the state folder."""
    key: Key = import_key(json.loads(sorted(keys.glob("signing-*.json"))[-1].read_bytes()))
    issued = int(time.time())
    claims = {
        "iss": guarded.ISSUER,
        "aud": [guarded.AUDIENCE],
        "iat": issued,
        "exp": issued + _LIFETIME,
        "org": organization,
        "kind": "user",
        "roles": ["member"],
    }
    header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}
    return [jwt.encode(header, {**claims, "sub": each}, key) for each in subjects]
