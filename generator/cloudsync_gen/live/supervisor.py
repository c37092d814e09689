"""Many services at once, each a process of its own: started, watched, renewed, stopped together."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from threading import Event

from cloudsync_gen.live.copies import Copy, Member, Place, Progress, has_ended
from cloudsync_gen.live.ports import Sockets
from cloudsync_gen.live.state import log_path

_PAUSE = 0.05
_LAZY = 0.3
_GRACE = 15.0
"""Seconds to stop in; the chassis' own grace and some."""
_TAIL = 8192


class State(Enum):
    """Where a member is."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RENEWING = "renewing"
    DIED = "died"
    STOPPED = "stopped"


_RUNNING = (State.READY, State.RENEWING)


class Standing:
    """What is known of a member; `seconds` is the time from its start until it was ready.

    `copy` serves, or will; `next` is to take over from it, `last` is the one from which it did.
    """

    def __init__(self, member: Member, log: Path) -> None:
        self.member = member
        self.log = log
        self.state = State.WAITING
        self.seconds = 0.0
        self.code: int | None = None
        self.copy: Copy | None = None
        self.next: Copy | None = None
        self.last: Copy | None = None

    @property
    def copies(self) -> list[Copy]:
        """Its processes, of which there is one unless it is being renewed."""
        return [each for each in (self.last, self.copy, self.next) if each is not None]

    @property
    def pid(self) -> int | None:
        """Of the copy that serves, while it runs."""
        return self.copy.child.pid if self.copy is not None and self.copy.code is None else None

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

    Nothing is started anew unless `start` or `renew` is called. For one thread. However this
    process ends, the standard input of its services ends with it.
    """

    def __init__(
        self,
        members: Iterable[Member],
        folder: Path,
        changed: Changed = lambda _: None,
        at_once: int = 0,
        about_to_listen: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._changed = changed
        self._at_once = at_once if at_once > 0 else max(2, os.cpu_count() or 2)
        # nobody writes; the other end is nobody else's, and closed when we are gone
        lifeline, self._held = os.pipe()
        self._place = Place(folder, about_to_listen, Sockets(about_to_listen), lifeline)
        self._renewals: deque[Member] = deque()
        self._patience = 0.0
        self.all = {each.name: Standing(each, log_path(folder, each.name)) for each in members}

    def start(self, name: str) -> None:
        """Start a member that does not run."""
        self._to(self.all[name], State.WAITING)

    def renew(self, member: Member) -> None:
        """Have a new copy, perhaps of another version, take over from the one that runs.

        The new one starts beside the old one, and once it serves the old one is told to stop; the
        member is ready again when that has ended. One member after the other. If the new one ends
        before it serves, the old one goes on and `code` says with what it ended. A member that does
        not run is started.
        """
        self._renewals.append(member)

    @property
    def renews(self) -> bool:
        """Whether something is left of what `renew` was asked for."""
        return bool(self._renewals or self._in(State.RENEWING))

    def step(self) -> None:
        """Look once at all of them."""
        starting = [each for each in self.all.values() if each.state is State.STARTING]
        free = self._at_once - len(starting)
        for each in self._in(State.WAITING)[: max(0, free)]:
            self._begin(each)
        for each in self._in(State.STARTING, *_RUNNING):
            self._look_at(each)
        for each in self._in(State.RENEWING):
            self._look_at_next(each)
        if self._renewals and not self._in(State.RENEWING):
            self._renew(self._renewals.popleft())

    def settle(self, stop: Event, seconds: float = float("inf")) -> bool:
        """Step until nobody is on the way to be ready; whether that came before `stop` or the end
        of the time.
        """
        until = time.monotonic() + seconds
        while self._in(State.WAITING, State.STARTING) or self.renews:
            self.step()
            if stop.wait(_PAUSE) or time.monotonic() > until:
                return False
        return True

    def watch(self, stop: Event, look: Callable[[], None] = lambda: None) -> None:
        """Step until `stop`, or until nobody runs any more; `look` is called each time."""
        while self._in(State.WAITING, State.STARTING, *_RUNNING) and not stop.wait(_LAZY):
            look()
            self.step()

    def kill(self, name: str) -> None:
        """End a member at once (SIGKILL), as a crash would; it is then stopped."""
        standing = self.all[name]
        for each in standing.copies:
            each.kill()
            standing.code = each.code
        standing.next = standing.last = None
        self._to(standing, State.STOPPED)

    def stop(self, hurry: Event | None = None) -> list[str]:
        """The end: SIGTERM to all, SIGKILL to who is still there after the grace or at `hurry`; the
        names of these.
        """
        self._renewals.clear()
        copies = [copy for each in self.all.values() for copy in each.copies]
        for copy in copies:
            copy.terminate()
        until = time.monotonic() + _GRACE
        hurried = hurry.is_set if hurry is not None else lambda: False
        killed = [
            each.member.name for each in copies if not has_ended(each, until, hurried, _PAUSE)
        ]
        for standing in self.all.values():
            standing.next = standing.last = None
            if standing.copy is not None and standing.state is not State.DIED:
                self._to(standing, State.STOPPED)
        for each in (self._place.lifeline, self._held):
            os.close(each)
        return list(dict.fromkeys(killed))

    def _in(self, *states: State) -> Sequence[Standing]:
        return [each for each in self.all.values() if each.state in states]

    def _begin(self, standing: Standing) -> None:
        standing.copy = self._copy(standing)
        self._to(standing, State.STARTING)

    def _copy(self, standing: Standing) -> Copy:
        return Copy(standing.member, standing.log, self._place)

    def _look_at(self, standing: Standing) -> None:
        if standing.copy is None:
            return
        progress = standing.copy.look()
        if progress is Progress.ENDED:
            standing.code = standing.copy.code
            self._to(standing, State.DIED)
            if standing.next is not None:
                standing.copy, standing.next = standing.next, None
                self._to(standing, State.STARTING)
        elif progress is Progress.SERVING and standing.state is State.STARTING:
            standing.seconds = time.monotonic() - standing.copy.since
            self._to(standing, State.READY)

    def _renew(self, member: Member) -> None:
        standing = self.all[member.name]
        standing.member = member
        if standing.state is State.READY:
            standing.next = self._copy(standing)
            self._to(standing, State.RENEWING)
        else:
            self.start(member.name)

    def _look_at_next(self, standing: Standing) -> None:
        """Whether the next copy serves, and whether the last one has left."""
        if standing.next is None:
            self._see_off(standing)
            return
        progress = standing.next.look()
        if progress is Progress.ENDED:
            standing.code, standing.next = standing.next.code, None
            self._to(standing, State.READY)
        elif progress is Progress.SERVING:
            if standing.copy is not None:
                standing.copy.terminate()
            standing.seconds = time.monotonic() - standing.next.since
            standing.last, standing.copy, standing.next = standing.copy, standing.next, None
            self._patience = time.monotonic() + _GRACE

    def _see_off(self, standing: Standing) -> None:
        """The last copy ends in peace, or by force when its grace is over."""
        if standing.last is not None and standing.last.code is None:
            if time.monotonic() > self._patience:
                standing.last.kill()
            return
        standing.last = standing.code = None
        self._to(standing, State.READY)

    def _to(self, standing: Standing, state: State) -> None:
        standing.state = state
        if state in (State.DIED, State.STOPPED) and standing.next is None:
            # nobody serves, so callers had better be refused than wait
            self._place.sockets.let_go(standing.member.handed.values())
        self._changed(standing)
