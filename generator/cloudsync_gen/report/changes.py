"""A plan of changes for people: one line per file, and a bounded diff where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from cloudsync_gen.engine.reconcile import TOUCHING, Plan
from cloudsync_gen.model.artefacts import Action, Change
from cloudsync_gen.report.text import printable

MAX_DIFF_LINES = 200
_HINTS = {
    "edited by hand since it was generated": "move the edit into the service's own files, "
    "delete this file, generate again",
    "there is a file that the tool never wrote": "move it away, generate again",
}


def render(plan: Plan, root: Path | None) -> str:
    """Changed, conflicting and orphan files; with `root`, their diffs against the disk."""
    return "".join(f"{line}\n" for line in _lines(plan, root))


def summary(plan: Plan) -> str:
    """`3 created, 1 updated, 140 unchanged`."""
    counts = {action: len(plan.having(action)) for action in Action}
    words = {
        Action.CREATE: "created",
        Action.UPDATE: "updated",
        Action.DELETE: "deleted",
        Action.CONFLICT: "in conflict",
        Action.KEEP: "left to their teams",
        Action.SAME: "unchanged",
    }
    parts = [f"{counts[action]} {word}" for action, word in words.items() if counts[action]]
    if plan.orphans:
        parts.append(f"{len(plan.orphans)} orphans")
    return ", ".join(parts) or "nothing to generate"


def _lines(plan: Plan, root: Path | None) -> Iterator[str]:
    for change in (*plan.changes, *plan.bookkeeping):
        if change.action not in (*TOUCHING, Action.CONFLICT):
            continue
        yield f"{change.action.value:8} {printable(change.path)}  ({change.reason})"
        if change.reason in _HINTS:
            yield f"  hint: {_HINTS[change.reason]}"
        if root is not None:
            yield from _diff(root, change)
    for path in plan.orphans:
        yield f"orphan   {printable(path)}  (nothing in the model implies it; delete it)"


def _diff(root: Path, change: Change) -> Iterator[str]:
    try:
        before = (root / change.path).read_text("utf-8") if change.old is not None else ""
    except UnicodeDecodeError:
        return
    after = change.content.decode() if change.content is not None else ""
    lines = list(
        unified_diff(
            before.splitlines(),
            after.splitlines(),
            f"disk/{change.path}",
            f"model/{change.path}",
            lineterm="",
        )
    )
    yield from (printable(line) for line in lines[:MAX_DIFF_LINES])
    if len(lines) > MAX_DIFF_LINES:
        yield f"… {len(lines) - MAX_DIFF_LINES} more lines"
