"""One copy of a service: its process, what it is handed down, and whether it serves yet."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from enum import Enum
from pathlib import Path

from msgspec import Struct

from cloudsync_gen.live.ports import HOST, Sockets
from cloudsync_gen.live.probe import ready_by_grpc, ready_by_http
from cloudsync_gen.live.state import appended


class Member(Struct, frozen=True, kw_only=True):
    """A service and how its process is started. `rpc`: it speaks gRPC at its port, else HTTP."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    rpc: bool
    before: tuple[tuple[str, ...], ...] = ()
    """Commands that end before it starts."""
    handed: Mapping[str, int] = {}
    """Variable -> port: the variable names the descriptor of a socket that is bound there, the same
    for all its copies.
    """
    announces: str = ""
    """The variable that names the descriptor to which a copy writes once it serves. Without one its
    port alone can tell, which another copy may answer at.
    """
    sources: tuple[Path, ...] = ()
    """Folders of the code that it runs."""

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://{HOST}:{self.port}"


class Progress(Enum):
    """Where a copy is."""

    COMING = "coming"
    SERVING = "serving"
    ENDED = "ended"


class Place(Struct, frozen=True):
    """What all copies have in common: the folder they run in, the sockets they share, and standard
    input, which ends with the supervisor however that ends. `about_to_listen` is told ports.
    """

    folder: Path
    about_to_listen: Callable[[int], None]
    sockets: Sockets
    lifeline: int


class Copy:
    """Starts with the first of the member's commands."""

    def __init__(self, member: Member, log: Path, place: Place) -> None:
        self.member = member
        self.since = time.monotonic()
        self._log = log
        self._place = place
        self._left = [*member.before, member.command]
        self._serves = False
        self._told: int | None = None
        self.child = self._next()

    @property
    def code(self) -> int | None:
        """With what it ended; None while it runs."""
        return self.child.poll()

    def look(self) -> Progress:
        """Where it is by now; the next command starts once the one before has ended well."""
        code = self.code
        if code == 0 and self._left:
            self.child = self._next()
        elif code is not None:
            self._listen_no_more()
            return Progress.ENDED
        elif not self._serves and not self._left:
            self._serves = self._has_told() and _answers(self.member)
        return Progress.SERVING if self._serves else Progress.COMING

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        if self.code is None:
            self.child.terminate()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        self.child.kill()
        self.child.wait()
        self._listen_no_more()

    def _next(self) -> subprocess.Popen[bytes]:
        command = self._left.pop(0)
        if self._left:
            return self._started(command, self.member.environment)
        self._place.about_to_listen(self.member.port)
        told, sockets = dict(self.member.environment), self._place.sockets
        handed = {name: sockets.at(port).fileno() for name, port in self.member.handed.items()}
        with ExitStack() as stack:
            if self.member.announces:
                self._told, other = os.pipe()
                os.set_blocking(self._told, False)
                stack.callback(os.close, other)
                handed[self.member.announces] = other
            told |= {name: str(descriptor) for name, descriptor in handed.items()}
            return self._started(command, told, tuple(handed.values()))

    def _started(
        self, command: tuple[str, ...], environment: Mapping[str, str], handed: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """In a session of its own: Ctrl-C is for us to hear."""
        with appended(self._log) as log:
            return subprocess.Popen(
                command,
                cwd=self._place.folder,
                env=dict(environment),
                stdin=self._place.lifeline,
                stdout=log,
                stderr=log,
                pass_fds=handed,
                start_new_session=True,
            )

    def _has_told(self) -> bool:
        if self._told is None:
            return True
        told = b""
        with suppress(BlockingIOError):
            told = os.read(self._told, 1)
        if told:
            self._listen_no_more()
        return bool(told)

    def _listen_no_more(self) -> None:
        if self._told is not None:
            os.close(self._told)
            self._told = None


def _answers(member: Member) -> bool:
    return ready_by_grpc(member.port) if member.rpc else ready_by_http(member.port)


def has_ended(copy: Copy, until: float, hurried: Callable[[], bool], pause: float) -> bool:
    """Whether a copy ends by itself before a moment of the monotonic clock; else it is killed."""
    while copy.code is None:
        if time.monotonic() > until or hurried():
            copy.kill()
            return False
        time.sleep(pause)
    return True
