"""A process that is started anew whenever its sources change."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

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
    command was stopped. Both the command and this process hear Ctrl-C.
    """
    watched = tuple(folders)
    while True:
        seen = _seen(watched)
        child = subprocess.Popen(command, env=dict(environment))
        try:
            ended = _until_changed(child, watched, seen)
        except KeyboardInterrupt:
            _stop(child)
            return 0
        if not ended:
            say("sources changed: starting anew")
            _stop(child)
            continue
        if not watched:
            return child.returncode
        say(f"it ended with code {child.returncode}; waiting for a change of its sources")
        try:
            while _seen(watched) == seen:
                time.sleep(_PAUSE)
        except KeyboardInterrupt:
            return child.returncode


def _until_changed(child: subprocess.Popen[bytes], folders: Sequence[Path], seen: Seen) -> bool:
    """Whether the child ended by itself, and not its sources changed."""
    while child.poll() is None:
        time.sleep(_PAUSE)
        if _seen(folders) != seen:
            return False
    return True


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _seen(folders: Sequence[Path]) -> Seen:
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
