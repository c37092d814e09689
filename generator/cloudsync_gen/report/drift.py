"""Output that is not what the model implies, as findings: one per file, at its first difference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.engine.reconcile import Plan
from cloudsync_gen.model.artefacts import SYSTEM, Action, Change
from cloudsync_gen.model.belonging import Group
from cloudsync_gen.report.changes import HINTS
from cloudsync_gen.rules.reading import READINGS
from cloudsync_gen.source import Ref, Span

_CODES = {
    Action.CREATE: "DRF001",
    Action.UPDATE: "DRF002",
    Action.DELETE: "DRF003",
    Action.CONFLICT: "DRF004",
}
_ORPHAN = "DRF005"
CODES = (*_CODES.values(), _ORPHAN)


def drift(plan: Plan, root: Path) -> Iterator[Diagnostic]:
    """What `generate` would change, lock and bases included, and orphans."""
    for change in (*plan.changes, *plan.bookkeeping):
        if change.action in _CODES:
            yield _finding(
                _CODES[change.action],
                change.path,
                f"{change.action.value}: {change.reason}",
                HINTS.get(change.reason, "run `cloudsync-gen generate` and commit what it writes"),
                _first_difference(change, root),
            )
    for path in plan.orphans:
        yield _finding(_ORPHAN, path, "nothing in the model implies it", "delete it", 1)


def groups(plan: Plan) -> dict[str, Group]:
    """Path -> the unit that a file belongs to; orphans belong to the system."""
    of_units = {change.path: Group(change.unit or SYSTEM) for change in plan.changes}
    others = (*(change.path for change in plan.bookkeeping), *plan.orphans)
    return of_units | dict.fromkeys(others, Group(SYSTEM))


def _finding(code: str, path: str, message: str, hint: str, line: int) -> Diagnostic:
    return Diagnostic(
        code=code,
        name=READINGS[code].name,
        severity=READINGS[code].severity,
        ref=Ref(path),
        message=message,
        hint=hint,
        facts=(path,),
        span=Span(path, line, 1, line, 1),
    )


def _first_difference(change: Change, root: Path) -> int:
    if change.old is None or change.content is None:
        return 1
    before = (root / change.path).read_bytes().split(b"\n")
    pairs = zip_longest(before, change.content().split(b"\n"))
    return next((line for line, (old, new) in enumerate(pairs, 1) if old != new), 1)
