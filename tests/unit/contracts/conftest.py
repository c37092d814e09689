"""A small library as model, compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudsync_gen.source import tree_from_disk
from support.compiled import Compiled
from support.trees import Edits, edited

LIBRARY = Path(__file__).parent / "library"


@pytest.fixture(scope="session")
def library() -> Compiled:
    return Compiled(tree_from_disk(LIBRARY, "model"))


@pytest.fixture(scope="session")
def library_with() -> Callable[[Edits], Compiled]:
    """The library after edits."""
    files = tree_from_disk(LIBRARY, "model")
    return lambda edits: Compiled(edited(files, edits))
