"""Many services at once, each a process of its own: started, watched, stopped together."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from threading import Event

from msgspec import Struct

from cloudsync_gen.live.ports import HOST
from cloudsync_gen.live.probe import ready_by_grpc, ready_by_http
from cloudsync_gen.live.state import appended, log_path

_PAUSE = 0.05
_LAZY = 0.3
_GRACE = 15.0
"""Seconds to stop in; the chassis' own grace and some."""
_TAIL = 8192


class Member(Struct, frozen=True, kw_only=True):
    """A service and how its process is started. `rpc`: it speaks gRPC at its port, else HTTP."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    rpc: bool
    before: tuple[tuple[str, ...], ...] = ()
    """Commands that end before it starts."""

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://{HOST}:{self.port}"


class State(Enum):
    """Where a member is."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    STOPPED = "stopped"


class Standing:
    """What is known of a member; `seconds` is the time from its start until it was ready."""

    def __init__(self, member: Member, log: Path) -> None:
        self.member = member
        self.log = log
        self.state = State.WAITING
        self.seconds = 0.0
        self.code: int | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.left: list[tuple[str, ...]] = []
        self.since = 0.0

    @property
    def last_lines(self) -> str:
        """The end of its log."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            lines = log.read().decode("utf-8", "replace").splitlines()
            return "\n".join(lines[-12:])
        return ""


Changed = Callable[[Standing], None]


class Supervisor:
    """Starts members, at most `at_once` at a time, and says through `changed` what becomes of them.

    Nothing is started anew unless `start` is called. For one thread.
    """

    def __init__(
        self,
        members: Iterable[Member],
        folder: Path,
        changed: Changed = lambda _: None,
        at_once: int = 0,
        about_to_listen: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._changed = changed
        self._at_once = at_once if at_once > 0 else max(2, os.cpu_count() or 2)
        self._about_to_listen = about_to_listen
        self.all = {each.name: Standing(each, log_path(folder, each.name)) for each in members}

    def start(self, name: str) -> None:
        """Start a member that does not run."""
        self._to(self.all[name], State.WAITING)

    def step(self) -> None:
        """Look once at all of them."""
        starting = [each for each in self.all.values() if each.state is State.STARTING]
        free = self._at_once - len(starting)
        for each in self._in(State.WAITING)[: max(0, free)]:
            self._begin(each)
        for each in self._in(State.STARTING, State.READY):
            self._look_at(each)

    def settle(self, stop: Event, seconds: float = float("inf")) -> bool:
        """Step until nobody is on the way to be ready; whether that came before `stop` or the end
        of the time.
        """
        until = time.monotonic() + seconds
        while self._in(State.WAITING, State.STARTING):
            self.step()
            if stop.wait(_PAUSE) or time.monotonic() > until:
                return False
        return True

    def watch(self, stop: Event) -> None:
        """Step until `stop`, or until nobody runs any more."""
        while self._in(State.WAITING, State.STARTING, State.READY) and not stop.wait(_LAZY):
            self.step()

    def kill(self, name: str) -> None:
        """End a member at once (SIGKILL), as a crash would; it is then stopped."""
        standing = self.all[name]
        if standing.child is not None:
            standing.child.kill()
            standing.code = standing.child.wait()
        self._to(standing, State.STOPPED)

    def stop(self, hurry: Event | None = None) -> list[str]:
        """SIGTERM to all, SIGKILL to who is still there after the grace or at `hurry`; the names of
        these.
        """
        running = [each for each in self.all.values() if each.child is not None]
        for each in running:
            if each.child is not None and each.child.poll() is None:
                each.child.terminate()
        until = time.monotonic() + _GRACE
        killed = []
        for each in running:
            if not _ended(each.child, until, hurry):
                killed.append(each.member.name)
            if each.state is not State.DIED:
                self._to(each, State.STOPPED)
        return killed

    def _in(self, *states: State) -> Sequence[Standing]:
        return [each for each in self.all.values() if each.state in states]

    def _begin(self, standing: Standing) -> None:
        standing.since = time.monotonic()
        standing.left = [*standing.member.before, standing.member.command]
        self._next(standing)
        self._to(standing, State.STARTING)

    def _next(self, standing: Standing) -> None:
        """Start the next of its commands, in a session of its own: Ctrl-C is for us to hear."""
        command = standing.left.pop(0)
        if not standing.left:
            self._about_to_listen(standing.member.port)
        with appended(standing.log) as log:
            standing.child = subprocess.Popen(
                command,
                cwd=self._folder,
                env=dict(standing.member.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _look_at(self, standing: Standing) -> None:
        if standing.child is None:
            return
        standing.code = standing.child.poll()
        if standing.code == 0 and standing.left:
            self._next(standing)
        elif standing.code is not None:
            self._to(standing, State.DIED)
        elif standing.state is State.STARTING and not standing.left and _ready(standing.member):
            standing.seconds = time.monotonic() - standing.since
            self._to(standing, State.READY)

    def _to(self, standing: Standing, state: State) -> None:
        standing.state = state
        self._changed(standing)


def _ready(member: Member) -> bool:
    return ready_by_grpc(member.port) if member.rpc else ready_by_http(member.port)


def _ended(child: subprocess.Popen[bytes] | None, until: float, hurry: Event | None) -> bool:
    """Whether a process ends by itself; else it is killed."""
    while child is not None and child.poll() is None:
        if time.monotonic() > until or (hurry is not None and hurry.is_set()):
            child.kill()
            child.wait()
            return False
        time.sleep(_PAUSE)
    return True
