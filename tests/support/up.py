"""`cloudsync-gen up` as a process of its own, over a model that was copied and generated."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloudsync_gen.cli import main
from support.services import CHASSIS

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def lemonade_in(root: Path) -> Path:
    """The second company's model with its services, below a folder that is not there yet."""
    shutil.copytree(ROOT / "tests" / "models" / "lemonade", root)
    assert main(["--root", str(root), "generate"]) == 0
    return root


class Up:
    """The command, running. Temporary folders are its own, so that what it leaves can be seen."""

    def __init__(self, root: Path, folder: Path, *arguments: str, **told: str) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        path = os.pathsep.join([*sys.path, str(CHASSIS)])
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "cloudsync_gen", "--root", str(root), "up", *arguments],
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(self.temporary), **told},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return (self.folder / "err").read_text("utf-8")

    @property
    def printed(self) -> str:
        return (self.folder / "out").read_text("utf-8")

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert self.child.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)

    def services(self) -> dict[str, Any]:
        self.until(lambda: bool(self.printed))
        found: dict[str, Any] = json.loads(self.printed)["services"]
        return found

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.child.send_signal(how)
        return self.child.wait(PATIENCE)
