"""A small library as model, compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.diagnostics import Diagnostic, Staged
from cloudsync_gen.link import link
from cloudsync_gen.load import LOCATORS, load
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import SourceMap, tree_from_disk
from support.trees import Edits, Files, edited

LIBRARY = Path(__file__).parent / "library"
_kept: dict[str, bytes] = {}
PARSED = ParseCache(_kept.get, _kept.__setitem__)
"""So that sources which a test leaves alone are read once."""


class Compiled:
    """A model, its contracts, and where its findings stand."""

    def __init__(self, files: Files) -> None:
        self.files = files
        loaded = load(files, PARSED)
        assert loaded.value is not None
        assert loaded.diagnostics == ()
        linked = link(loaded.value)
        assert linked.diagnostics == ()
        self.model: Model = linked.value
        self.staged: Staged[Contracts] = compile_contracts(self.model)
        self.contracts = self.staged.value

    def where(self, finding: Diagnostic) -> str:
        """Text of the line that a finding points at."""
        sources = SourceMap(self.files, LOCATORS)
        span = finding.span or sources.span(finding.ref)
        return self.files[span.file].decode().splitlines()[span.line - 1].strip()


@pytest.fixture(scope="session")
def library() -> Compiled:
    return Compiled(tree_from_disk(LIBRARY, "model"))


@pytest.fixture(scope="session")
def library_with() -> Callable[[Edits], Compiled]:
    """The library after edits."""
    files = tree_from_disk(LIBRARY, "model")
    return lambda edits: Compiled(edited(files, edits))
