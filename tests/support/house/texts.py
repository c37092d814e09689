"""What no tracked file may say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

# put together here, so that this file does not name what it forbids
_LATER = "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "raise Not" + "ImplementedError"])
LATER = re.compile(rf"\b({_LATER})\b")
_FOLDERS = "|".join(["wo" + "rk", "ro" + "ot"])
_HOSTS = "|".join(
    re.escape(host)
    for host in (
        "py" + "pi.org",
        "python" + "hosted.org",
        "registry.npm" + "js.org",
        "registry.yarn" + "pkg.com",
        "deb." + "debian.org",
        "security." + "debian.org",
    )
)
# a path of this machine begins a path: `a/work/b` and `https://x/work/` are none
MACHINE = re.compile(rf"(?<![\w./~>-])/({_FOLDERS})/|{_HOSTS}")
CODE = (".py", ".pyi", ".j2", ".tpl", ".sh", ".ts")


def tracked(root: Path) -> list[str]:
    """Files that git has or would take, sorted."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def lines_matching(root: Path, names: list[str], pattern: re.Pattern[str]) -> Iterator[str]:
    for name in names:
        text = (root / name).read_bytes().decode("utf-8", errors="replace")
        if not pattern.search(text):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found = pattern.search(line)
            if found:
                yield f"{name}:{number}: {found[0]}"


def nothing_left_for_later(root: Path) -> Iterator[str]:
    """No reminders and no stubs in code, ours or generated; protoc's base classes are its own."""
    names = [n for n in tracked(root) if n.endswith(CODE) and not n.endswith("_pb2_grpc.py")]
    yield from lines_matching(root, names, LATER)


def no_machine_is_named(root: Path) -> Iterator[str]:
    """No path of the machine that a file was made on, no host of a package registry."""
    yield from lines_matching(root, tracked(root), MACHINE)
