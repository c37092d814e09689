"""A plan of changes: for people one line per file and a bounded diff, for machines JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.engine.reconcile import LOST_BASE, TOUCHING, Plan
from cloudsync_gen.model.artefacts import Action, Change
from cloudsync_gen.report.finding import Finding, resolve
from cloudsync_gen.report.json import dumps
from cloudsync_gen.report.text import printable
from cloudsync_gen.source import SourceMap

MAX_DIFF_LINES = 200
MAX_LINES_IN_ALL = 4_000
HINTS = {
    "edited by hand since it was generated": "move the edit into the service's own files, "
    "delete this file, generate again",
    "there is a file that the tool never wrote": "move it away, generate again",
    "no longer generated, but edited by hand": "move the edit elsewhere, delete this file",
    "released, and changed on the disk": "restore it; a change needs a new migration",
    "released, and gone from the disk": "restore it; what is released stays",
    "released: it may not change any more": "a change needs a new migration",
    LOST_BASE: "restore it from git, or delete the scaffold to have both written again",
}
_WORDS = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.CONFLICT: "in conflict",
    Action.KEEP: "left to their teams",
    Action.SAME: "unchanged",
}


class PlannedChange(Struct, frozen=True, kw_only=True):
    """What is to become of a file."""

    path: str
    action: Action
    reason: str
    unit: str


class PlanView(Struct, frozen=True, kw_only=True):
    """`--format json`: everything but files that are as wanted; `counts` has those too."""

    findings: tuple[Finding, ...]
    changes: tuple[PlannedChange, ...]
    orphans: tuple[str, ...]
    counts: dict[str, int]


def render(plan: Plan, root: Path | None) -> str:
    """Changed, conflicting and orphan files; with `root`, their diffs against the disk."""
    return "".join(f"{line}\n" for line in _lines(plan, root))


def render_json(plan: Plan, findings: Iterable[Diagnostic], sources: SourceMap) -> str:
    """The same as JSON."""
    view = PlanView(
        findings=tuple(resolve(each, sources) for each in findings),
        changes=tuple(
            PlannedChange(path=c.path, action=c.action, reason=c.reason, unit=c.unit)
            for c in _shown(plan)
        ),
        orphans=plan.orphans,
        counts={action.value: len(plan.having(action)) for action in Action},
    )
    return dumps(view)


def summary(plan: Plan) -> str:
    """`3 created, 1 updated, 140 unchanged`."""
    counts = {action: len(plan.having(action)) for action in Action}
    parts = [f"{counts[action]} {word}" for action, word in _WORDS.items() if counts[action]]
    if plan.orphans:
        parts.append(f"{len(plan.orphans)} orphan{'s' if len(plan.orphans) > 1 else ''}")
    return ", ".join(parts) or "nothing to generate"


def conflicts(plan: Plan) -> str:
    """`2 conflicts`."""
    number = len(plan.conflicts)
    return f"{number} conflict{'s' if number != 1 else ''}"


def _shown(plan: Plan) -> Iterator[Change]:
    for change in (*plan.changes, *plan.bookkeeping):
        if change.action in (*TOUCHING, Action.CONFLICT):
            yield change


def _lines(plan: Plan, root: Path | None) -> Iterator[str]:
    left = MAX_LINES_IN_ALL
    for change in _shown(plan):
        yield f"{change.action.value:8} {printable(change.path)}  ({change.reason})"
        if change.reason in HINTS:
            yield f"  hint: {HINTS[change.reason]}"
        if root is not None and left > 0:
            diff = [*_diff(root, change)]
            left -= len(diff)
            yield from diff
    if root is not None and left <= 0:
        yield "… and more; name a service or a target to see them"
    for path in plan.orphans:
        yield f"orphan   {printable(path)}  (nothing in the model implies it; delete it)"


def _diff(root: Path, change: Change) -> Iterator[str]:
    try:
        before = (root / change.path).read_bytes().decode() if change.old is not None else ""
        after = change.content().decode() if change.content is not None else ""
    except UnicodeDecodeError:
        yield "  (not text)"
        return
    lines = list(
        unified_diff(
            before.split("\n"),
            after.split("\n"),
            f"disk/{change.path}",
            f"model/{change.path}",
            lineterm="",
        )
    )
    yield from (printable(line) for line in lines[:MAX_DIFF_LINES])
    if len(lines) > MAX_DIFF_LINES:
        yield f"… {len(lines) - MAX_DIFF_LINES} more lines"
