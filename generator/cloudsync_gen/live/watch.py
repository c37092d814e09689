"""A process that is started anew whenever its sources change."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event

Say = Callable[[str], None]
Seen = Mapping[str, tuple[int, int]]

_PAUSE = 0.3
_PATIENCE = 15.0


def run_watched(
    command: Sequence[str],
    environment: Mapping[str, str],
    folders: Iterable[Path],
    say: Say,
) -> int:
    """Keep the command running until it is interrupted, also over ends of its own: each waits for
    a change. Without folders to watch it runs once. The exit code of the last end, 0 where the
    command was stopped. For the main thread; both the command and this process hear Ctrl-C.
    """
    watched = tuple(folders)
    with interruption() as interrupted:
        while True:
            before = seen(watched)
            child = subprocess.Popen(command, env=dict(environment))
            while child.poll() is None and not interrupted.wait(_PAUSE):
                if seen(watched) != before:
                    break
            if interrupted.is_set():
                _stop(child)
                return 0
            if child.poll() is None:
                say("sources changed: starting anew")
                _stop(child)
                continue
            if not watched:
                return child.returncode
            say(f"it ended with code {child.returncode}; waiting for a change of its sources")
            while seen(watched) == before:
                if interrupted.wait(_PAUSE):
                    return child.returncode


@contextmanager
def hearing(*signals: signal.Signals) -> Iterator[Event]:
    """Set by any of the signals, whatever runs then: an exception might come where nobody hears it,
    and the next loop would wait for ever.
    """
    heard = Event()
    before = {each: signal.signal(each, lambda *_: heard.set()) for each in signals}
    try:
        yield heard
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def interruption() -> AbstractContextManager[Event]:
    """Set by Ctrl-C, SIGTERM, or the end of the terminal unless that is to be outlived (nohup)."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    ends = () if outlives else (signal.SIGHUP,)
    return hearing(signal.SIGINT, signal.SIGTERM, *ends)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def seen(folders: Iterable[Path]) -> Seen:
    """Size and time of every Python source."""
    found = {}
    for folder in folders:
        for place, names, files in os.walk(folder):
            names[:] = [each for each in names if each != "__pycache__"]
            for name in files:
                path = os.path.join(place, name)
                if name.endswith(".py") and os.path.exists(path):
                    status = os.stat(path)
                    found[path] = (status.st_mtime_ns, status.st_size)
    return found
