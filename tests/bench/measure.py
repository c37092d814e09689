"""Whole processes, timed: seconds, processor seconds and memory of all that they start."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, structs

_SUBREAPER = 36
_KILO = 1 if sys.platform == "darwin" else 1024


class Spent(Struct, frozen=True):
    """`peak` is the memory of the largest process, in bytes."""

    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.cpu + other.cpu, max(self.peak, other.peak))


Job = Callable[[], Spent]


def adopt() -> None:
    """Processes whose parent has ended become children of this one, so that they are counted."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def compiled() -> None:
    """Let what is started from here on keep the bytecode that it makes, as installed packages have
    theirs (pip makes it). Else each start would read its own sources anew, whatever the yardstick
    does: a service of 200 modules a fifth of its start.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def command(line: Sequence[str], folder: Path, expect: int | None = 0) -> Job:
    """A job that runs it. Ends the bench when it does not end as expected, where something is."""

    def job() -> Spent:
        with tempfile.TemporaryFile() as said:
            started = time.perf_counter()
            process = subprocess.Popen(line, cwd=folder, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            if expect is not None and process.returncode != expect:
                said.seek(0)
                text = said.read().decode(errors="replace")[-2000:]
                sys.exit(f"{' '.join(line)} ended with {process.returncode}:\n{text}")
        spent = Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _KILO)
        for each in _orphans():
            spent = structs.replace(spent + each, seconds=seconds)
        return spent

    return job


def _orphans() -> Iterator[Spent]:
    """What processes used that outlived their parent; waits for their end."""
    while True:
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return
        yield Spent(0.0, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _KILO)


def two_at_a_time(lines: Sequence[Sequence[str]], folder: Path) -> Job:
    """A job that runs them all, as `xargs -P2` or `make -j2` would."""

    def job() -> Spent:
        started, cpu, peak = time.perf_counter(), 0.0, 0
        waiting = [*lines]
        running: dict[int, tuple[subprocess.Popen[bytes], Sequence[str]]] = {}
        while waiting or running:
            while waiting and len(running) < 2:
                line = waiting.pop(0)
                process = subprocess.Popen(
                    line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                running[process.pid] = (process, line)
            pid, status, usage = os.wait4(-1, 0)
            process, line = running.pop(pid)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{' '.join(line)} ended with {process.returncode}")
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss * _KILO)
        return Spent(time.perf_counter() - started, cpu, peak)

    return job


def both(first: Job, second: Job) -> Job:
    """One after the other."""
    return lambda: first() + second()


@contextmanager
def others(running: Callable[[], float] = lambda: 0.0) -> Iterator[Callable[[], float]]:
    """The share of the machine's processors that other processes used meanwhile, as a number from
    0 to 1; 0 where the system does not tell. `running`: seconds of processors that children of ours
    have used which run on.
    """
    before, own = _busy(), sum(os.times()[:4]) + running()

    def share() -> float:
        now = _busy()
        if before is None or now is None or now[1] == before[1]:
            return 0.0
        busy = (
            now[0] - before[0] - (sum(os.times()[:4]) + running() - own) * os.sysconf("SC_CLK_TCK")
        )
        return max(0.0, busy / (now[1] - before[1]))

    yield share


def _busy() -> tuple[int, int] | None:
    """Ticks in which processors were busy, and all ticks."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    ticks = [int(each) for each in fields]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def cpu_of(pid: int) -> float:
    """Seconds of processors that a running process has used; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int, kind: str) -> int:
    """Bytes of a running process, as Linux counts them (`Rss`, `Pss`); 0 where the system does not
    tell, or not to us.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    found = (each.split()[1] for each in lines if each.startswith(f"{kind}:"))
    return int(next(found, "0")) * 1024
