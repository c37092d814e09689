"""Does pure work: here while it is little, in several processes when it is much."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from cloudsync_gen.engine.collector import collect_rarely
from cloudsync_gen.engine.spool import Spool
from cloudsync_gen.model.artefacts import Content

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Work = Callable[[bytes], bytes]
"""A function of a module, or an instance of a class of one: other processes find it by name."""

FEW = 8
"""So many tasks are done sooner here than other processes are ready for them."""

AHEAD = 256
"""So many tasks are with other processes at most, those included whose results nobody has taken."""

_CAN_FORK = sys.platform == "linux"


def default_jobs() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew:
    """At most `jobs` processes, and none before there is work for them.

    They are forked, where the system allows it, from a server that has imported `preload`: it does
    so while this process is busy with what only it can do, and what it imported costs the others
    nothing. Tasks that wait, and results that do, lie in a spool.
    """

    def __init__(self, jobs: int, preload: Sequence[str] = (), spool: Spool | None = None) -> None:
        self._jobs = jobs
        self._preload = [*preload]
        self.spool = spool or Spool()
        self._pool: ProcessPoolExecutor | None = None
        self._waiting: deque[_Answer] = deque()
        self._begun: list[_Answer] = []
        self._forked: list[_Forked] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        for each in self._forked:
            each.forget()

    def expect_much(self) -> None:
        """Begins to prepare other processes."""
        if self._jobs > 1 and self._pool is None:
            self._pool = self._started()

    def submit(self, work: Work, task: bytes, *, long: bool = False) -> Callable[[], bytes]:
        """Gives work to the crew; what is returned waits for the result, or makes it.

        Work that is `long` begins at once, as `beside` does it.
        """
        if self._pool is None and long and self._has_room:
            return self.beside(partial(work, task))
        answer = _Answer(work, self.spool.keep(task))
        if self._jobs > 1:
            self._waiting.append(answer)
            if len(self._waiting) > FEW:
                self.expect_much()
        self._go_on()
        return partial(self._result, answer)

    def _result(self, answer: _Answer) -> bytes:
        result = answer.result()
        if answer in self._begun:
            self._begun.remove(answer)
        self._go_on()
        return result

    def _go_on(self) -> None:
        """Gives other processes as much as they may have."""
        if self._pool is None or not self._waiting:
            return
        if len(self._begun) >= AHEAD:
            self._begun = [each for each in self._begun if not each.put_away(self.spool)]
        with _interrupts_kept_away():  # the first submission starts the processes
            while self._waiting and len(self._begun) < AHEAD:
                each = self._waiting.popleft()
                if each.begin(self._pool):
                    self._begun.append(each)

    def beside(self, work: Callable[[], bytes], *, apart: bool = False) -> Callable[[], bytes]:
        """Does at once what this process could do as well: in a copy of it, where the system can
        fork and a processor is free, else here. What is returned waits for the result.

        `apart`: in a copy in any case, for which this process waits where no other processor is
        free. All that the work made, and the holes that it would leave, go with the copy.
        """
        if self._has_room:
            self._forked.append(_Forked(work))
            return self._forked[-1]
        if apart and _CAN_FORK:
            self._forked.append(_Forked(work))
            result = self._forked[-1]()
        else:
            result = work()
        return lambda: result

    @property
    def _has_room(self) -> bool:
        running = sum(each.running for each in self._forked)
        return _CAN_FORK and running < self._jobs - 1

    def _started(self) -> ProcessPoolExecutor:
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        method = "spawn"
        if "forkserver" in multiprocessing.get_all_start_methods():
            from multiprocessing import forkserver, resource_tracker

            method = "forkserver"
            resource_tracker.ensure_running()  # it lets interrupts through again once it runs
            forkserver.set_forkserver_preload(self._preload)
            with _interrupts_kept_away():
                forkserver.ensure_running()
        context = multiprocessing.get_context(method)
        return ProcessPoolExecutor(self._jobs, context, initializer=_settle_in_pool)


class _Answer:
    """Work that was begun elsewhere, or is done here when its result is asked for."""

    def __init__(self, work: Work, task: Content) -> None:
        self._work = work
        self._task = task
        self._future: Future[bytes] | None = None
        self._kept: Content | None = None
        self._asked = False

    def begin(self, pool: ProcessPoolExecutor) -> bool:
        """Whether another process has it now."""
        from concurrent.futures import BrokenExecutor

        if not self._asked:
            with suppress(BrokenExecutor, EOFError, OSError):
                self._future = pool.submit(self._work, self._task())
        return self._future is not None

    def put_away(self, spool: Spool) -> bool:
        """Whether its result has come, and lies in the spool."""
        future = self._future
        if future is None or not future.done() or future.exception() is not None:
            return False
        self._kept, self._future = spool.keep(future.result()), None
        return True

    def result(self) -> bytes:
        """Its result; what other processes could not do because they died is done here."""
        self._asked = True
        if self._kept is not None:
            return self._kept()
        if self._future is not None:
            from concurrent.futures import BrokenExecutor

            with suppress(BrokenExecutor):
                return self._future.result()
        return self._work(self._task())


class _Forked:
    """Work that a copy of this process does, which ends with it. Only from a process that has no
    threads.
    """

    def __init__(self, work: Callable[[], bytes]) -> None:
        import socket

        self._work: Callable[[], bytes] | None = work

        self._ours, theirs = socket.socketpair()
        self._process = os.fork()
        if self._process:
            theirs.close()
            return
        code = 1
        try:  # nothing of this process may be flushed, closed or removed twice
            self._ours.close()
            _settle()
            theirs.sendall(work())
            code = 0
        finally:
            os._exit(code)

    def __call__(self) -> bytes:
        """Its result; what it could not do is done here, where it is told why."""
        assert self._work is not None
        parts = [*iter(partial(self._ours.recv, 1 << 20), b"")]
        result = b"".join(parts) if self._ended() else self._work()
        self._work = None  # and with it all that it would have been made of
        return result

    @property
    def running(self) -> bool:
        """Whether nobody has asked for its result yet."""
        return self._process != 0

    def forget(self) -> None:
        """It need not go on."""
        if self._process:
            os.kill(self._process, signal.SIGKILL)
            self._ended()

    def _ended(self) -> bool:
        process, self._process = self._process, 0
        self._ours.close()
        return os.waitpid(process, 0)[1] == 0


@contextmanager
def _interrupts_kept_away() -> Iterator[None]:
    """What is started here never sees an interrupt, not even while it is still importing; one that
    comes meanwhile reaches this process afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle() -> None:
    """In a new process: an interrupt is its parent's to answer, and what it was born with stays."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    collect_rarely()


def _settle_in_pool() -> None:
    """In a process of the pool, which waits for work for ever: it ends when its parent does, even
    if the parent was killed.
    """
    import threading

    _settle()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
