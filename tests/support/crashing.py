"""Runs of the tool in processes of their own, to which something happens at a chosen moment.

Moments are counted in what the interpreter itself announces (audit events, PEP 578), not in
seconds: the same number is the same moment on every machine. Where the disk is what fails, the
announced call fails with its error, as the system's own would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHANGING = ("open:write", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
"""Events of whoever changes the disk."""

_CHILD = """
import ctypes, errno, json, os, shutil, signal, sys
from cloudsync_gen.cli import main
from cloudsync_gen.engine import cache

plan = json.loads(sys.argv[1])
if plan["seal"]:
    cache._seal = lambda folder: plan["seal"].encode()
seen = 0

def changes(event, arguments):
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        written = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        return bool(flags & written) and str(arguments[0]).startswith((plan["root"], "/tmp"))
    return event in plan["events"]

def happens():
    match plan["what"]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "swap":
            away, link = plan["away"], plan["link"]
            if not os.path.islink(link) and os.path.isdir(link):
                shutil.copytree(link, away + ".decoy", symlinks=True)
                shutil.copytree(link, away + ".known", symlinks=True)
                os.rename(link, away)
                os.symlink(away + ".decoy", link)
        case "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

def watch(event, arguments):
    global seen, inside
    if inside or (plan["events"] and not changes(event, arguments)):
        return
    seen += 1
    late = plan["what"] == "full" and plan["moment"] and seen > plan["moment"]
    if seen == plan["moment"] or late:
        inside = plan["what"] != "full"
        happens()
        inside = False

if plan["what"] == "closed" and os.geteuid() == 0:
    # root may write everywhere unless it lays down what lets it
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        sys.exit("capset")
inside = False
sys.addaudithook(watch)
code = main(plan["arguments"])
plan["moment"] = 0
if plan["count"]:
    with open(plan["count"], "w") as file:
        file.write(str(seen))
os._exit(code)
"""


class Run:
    """One run of the tool below a root. With a `seal` it believes a cache that came with the tree
    and has that seal: what was copied is as warm as what it was copied from.
    """

    def __init__(self, root: Path, *arguments: str, moment: int = 0, **plan: Any) -> None:
        self._count = root.with_name(f"{root.name}.count")
        given: Mapping[str, Any] = {
            "root": str(root),
            "arguments": ["--root", str(root), *arguments],
            "moment": moment,
            "events": plan.get("events", ()),
            "what": plan.get("what", "kill"),
            "away": str(plan.get("away", "")),
            "link": str(plan.get("link", "")),
            "seal": plan.get("seal", ""),
            "count": str(self._count),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CHILD, json.dumps(given)],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self) -> tuple[int, str]:
        """How it ended, and what it said on stderr."""
        _, said = self._process.communicate()
        return self._process.returncode, said

    @property
    def moments(self) -> int:
        """How many there were, of one that was let go to its end."""
        return int(self._count.read_text())
