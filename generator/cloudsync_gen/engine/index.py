"""The warm index: knows in a few milliseconds that nothing changed since a run that ended clean.

As git does, it trusts size, mtime, ctime and inode of a file, and distrusts a file that changed as
late as the index was written (git's "racy" entries). It is read before anything heavy is imported,
so it keeps the listing itself and compares text; it may be deleted, damaged or stale at any time
and then costs only the time of a full run. Nothing of it is committed.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
"""As `typing` has it, which takes longer to import than all that is done here."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = ".cloudsync-gen/index"
CHECKED = ".cloudsync-gen/checked"
"""What `check` alone found clean: it knows nothing of outputs, and what `generate` knows of them
stays.
"""
INPUTS = ("model",)
OUTPUTS = ("contracts", "generated", "model/.schema")
CONFIGURATION = ("pyproject.toml", "cloudsync-gen.toml")
BASELINES = ".baseline.toml"
"""How the names of files beside the settings end that say which findings may stay."""

FORMAT = "3"
MAX_BYTES = 64 * 1024 * 1024
_RACY_NS = 20_000_000
_SEPARATOR = "\n\x1e\n"
_SKIPPED = frozenset(
    (".schema", "__pycache__", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache")
)


class State:
    """Listings of the tool, the inputs and the outputs, and the time of the latest change in ns."""

    def __init__(self, root: str, *, outputs: bool) -> None:
        self.latest = 0
        self.tool = environment() + self._listing(_tool_folders())
        config = [os.path.join(root, name) for name in (*CONFIGURATION, *_baselines(root))]
        self.inputs = self._listing([os.path.join(root, name) for name in INPUTS], config)
        self.outputs = ""
        self._root = root
        if outputs:
            self.look_at_outputs()

    def look_at_outputs(self) -> None:
        """Lists the outputs too."""
        self.outputs = self._listing([os.path.join(self._root, name) for name in OUTPUTS])

    def look_again(self, paths: Iterable[str]) -> None:
        """Lists some outputs as they are now, because this run wrote them: whatever else changed
        meanwhile is no longer as it is listed, and will be seen.
        """
        folders = (os.path.join(self._root, name) for name in OUTPUTS)
        made = {each for each in folders if os.path.isdir(each)}  # listed by name while missing
        lines = {path: line for path, line in _by_path(self.outputs) if line not in made}
        for path in paths:
            place = os.path.join(self._root, path)
            written: list[str] = []
            try:
                self._add(written, place, os.lstat(place))
                lines[place] = written[0]
            except OSError:
                lines.pop(place, None)
        self.outputs = "\n".join(sorted(lines.values()))

    def _listing(self, folders: list[str], files: list[str] | None = None) -> str:
        lines: list[str] = []
        for path in files or ():
            try:
                # what a link leads to is what is read
                self._add(lines, path, os.stat(path))
            except OSError:
                lines.append(path)
        pending = list(folders)
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            if entry.name not in _SKIPPED:
                                pending.append(entry.path)
                        elif not entry.name.endswith(".pyc"):
                            self._add(lines, entry.path, entry.stat(follow_symlinks=False))
            except OSError:
                lines.append(folder)
        lines.sort()
        return "\n".join(lines)

    def _add(self, lines: list[str], path: str, stat: os.stat_result) -> None:
        self.latest = max(self.latest, stat.st_mtime_ns, stat.st_ctime_ns)
        lines.append(f"{path} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}")


def _baselines(root: str) -> list[str]:
    try:
        return [name for name in os.listdir(root or ".") if name.endswith(BASELINES)]
    except OSError:
        return []


def _tool_folders() -> list[str]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.isdir(os.path.join(package, "_templates")):
        return [package]
    return [package, os.path.join(os.path.dirname(os.path.dirname(package)), "templates")]


def environment() -> str:
    """Changes when any package of this Python is installed, removed or replaced."""
    places = [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
    stamps = [f"{p}:{os.stat(p).st_mtime_ns}" for p in sorted(places) if os.path.isdir(p)]
    return " ".join((FORMAT, sys.version.split()[0], *stamps)) + "\n"


def is_clean(root: str, verdict: str, now: State | None = None) -> bool:
    """Whether a run of `verdict` (`check` or `generate`) ended clean on exactly this state, which
    is listed `now` where the caller has no listing.
    """
    for known in _known(root, verdict):
        written, until, tool, inputs, outputs = known
        if until and (time.time() >= until or "SOURCE_DATE_EPOCH" in os.environ):
            continue
        state = now = now or State(root, outputs=False)
        if (state.tool, state.inputs) != (tool, inputs) or state.latest >= written - _RACY_NS:
            continue
        if verdict != "generate":
            return True
        if not state.outputs:
            state.look_at_outputs()
        if state.outputs == outputs and state.latest < written - _RACY_NS:
            return True
    return False


def untouched(root: str, now: State) -> frozenset[str]:
    """Outputs, relative to the root, that are what they were when all was as the model implied, the
    lock included: those that belong to no team are what the lock says. Of another tool, nothing
    is known.
    """
    known = next(_known(root, "generate"), None)
    if known is None:
        return frozenset()
    written, _, tool, _, outputs = known
    if tool != now.tool:
        return frozenset()
    before, start = set(outputs.split("\n")), len(os.path.join(root, ""))
    return frozenset(
        path[start:]
        for path, line in _by_path(now.outputs)
        if line in before and _changed(line) < written - _RACY_NS
    )


def _by_path(listing: str) -> Iterator[tuple[str, str]]:
    return ((line.rsplit(" ", 4)[0], line) for line in listing.split("\n") if line)


def _changed(line: str) -> int:
    """The later of both times of a line of a listing; never of what is only a name."""
    times = line.rsplit(" ", 4)[2:4]
    return max(map(int, times)) if all(each.isdigit() for each in times) else time.time_ns()


def _known(root: str, verdict: str) -> Iterator[tuple[int, int, str, str, str]]:
    """When an index was written, until when its verdict holds, and what it lists."""
    for name in (CHECKED, NAME) if verdict == "check" else (NAME,):
        try:
            place = os.path.join(root, name)
            with open(place, encoding="utf-8", errors="surrogateescape") as file:
                head, tool, inputs, outputs = file.read(MAX_BYTES).split(_SEPARATOR)
            written, until, *verdicts = head.split()
        except (OSError, ValueError):
            continue
        if verdict in verdicts and written.isdigit() and until.isdigit():
            yield int(written), int(until), tool, inputs, outputs


def remember(root: str, verdicts: tuple[str, ...], before: State, until: int = 0) -> None:
    """Notes that the state `before` (taken before the run read anything) was found clean, and until
    when that holds (seconds since 1970; 0 for ever): what is waived is waived until a day.

    Where the run itself wrote outputs, `before` is a state taken after writing whose inputs the
    caller has compared.
    """
    from cloudsync_gen.engine.locks import STATE, new_file, plain_folder, state

    pause = before.latest + _RACY_NS - time.time_ns()
    if 0 < pause <= _RACY_NS:
        time.sleep((pause + 1_000_000) / 1e9)
    head = " ".join((str(time.time_ns()), str(until), *verdicts))
    text = _SEPARATOR.join((head, before.tool, before.inputs, before.outputs))
    try:
        state(root)
        with plain_folder(root, STATE) as folder:
            name = os.path.basename(NAME if "generate" in verdicts else CHECKED)
            partial = f"{name}.{os.getpid()}"
            made = new_file(partial, folder)
            with open(made, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        return
