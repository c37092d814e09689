"""A small model compiled, with what is found in it."""

from __future__ import annotations

from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.diagnostics import Diagnostic, Staged
from cloudsync_gen.link import link
from cloudsync_gen.load import LOCATORS, load
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import SourceMap
from support.trees import Files

_kept: dict[str, bytes] = {}
PARSED = ParseCache(_kept.get, _kept.__setitem__)
"""So that sources which a test leaves alone are read once."""


class Refused(Exception):
    """A source that its reader does not take; the findings tell why."""

    def __init__(self, findings: tuple[Diagnostic, ...]) -> None:
        super().__init__("; ".join(f"{each.ref.file}: {each.message}" for each in findings))
        self.findings = findings


class Compiled:
    """A model, its contracts, and where its findings stand. Raises `Refused`."""

    def __init__(self, files: Files) -> None:
        self.files = files
        loaded = load(files, PARSED)
        if loaded.diagnostics:
            raise Refused(loaded.diagnostics)
        assert loaded.value is not None
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
