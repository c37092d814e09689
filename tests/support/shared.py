"""What tests of one run make once: rendered units, verdicts, bytecode of what services run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from cloudsync_gen import pipeline
from cloudsync_gen.engine.cache import Store

T = TypeVar("T")
_VARIABLE = "TESTS_SHARED_FOLDER"


def begin() -> None:
    """Before the first test: makes the folder, of which processes begun from now on know."""
    os.environ[_VARIABLE] = tempfile.mkdtemp(prefix="cloudsync-gen-tests-")


def end() -> None:
    """After the last."""
    shutil.rmtree(os.environ.pop(_VARIABLE, ""), ignore_errors=True)


@cache
def store() -> Store:
    """What was rendered or judged in this run, by whichever process."""
    folder = os.environ.get(_VARIABLE)
    return Store(Path(folder) if folder else None)


def from_elsewhere(things: Sequence[T]) -> Sequence[T]:
    """The same things, begun at a place of this process's own: of several that make all of them at
    the same time each finds what another has made.
    """
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    of = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    at = len(things) * (number % of) // of
    return [*things[at:], *things[:at]]


def bytecode() -> dict[str, str]:
    """Variables with which Python keeps it for other processes of this run, and not in the tree."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        return {"PYTHONDONTWRITEBYTECODE": "1"}
    return {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}


@cache
def checked(root: Path) -> pipeline.Checked:
    """The model below a root, which no test changes."""
    return pipeline.check(pipeline.read_model(root), store=store())
