"""`--staged`: what git is about to commit is judged, and what it would leave behind is not there.

pre-commit puts changes aside that are not staged, but leaves files alone that git does not track:
without this, a commit that lacks a file would be judged by the file in the work tree.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from posixpath import commonpath, dirname

from msgspec.structs import replace

from cloudsync_gen.engine.index import BASELINES, CONFIGURATION, INPUTS, OUTPUTS
from cloudsync_gen.engine.reconcile import Plan
from cloudsync_gen.load import git
from cloudsync_gen.model.artefacts import Action
from cloudsync_gen.report.text import printable
from cloudsync_gen.source import Tree

NOTHING_STAGED = "nothing is about to be committed that could change the verdict"
_SETTINGS = (*CONFIGURATION, f":(glob)*{BASELINES}", ":(top).pre-commit-config.yaml")
"""The last one says which release of the tool judges."""

_MAX_NAMED = 8


def untouched(root: str, *, outputs: bool) -> bool:
    """Whether git is committing, and nothing that a verdict rests on; deletions count. Raises
    `GitFailed`.
    """
    folders = (*INPUTS, *OUTPUTS) if outputs else INPUTS
    return git.is_committing() and not git.staged(Path(root), (*folders, *_SETTINGS))


def is_whole(root: str, *, outputs: bool) -> bool:
    """Whether git tracks all that is there, caches aside. Raises `GitFailed`."""
    folders = (*INPUTS, *OUTPUTS) if outputs else INPUTS
    left = git.untracked(Path(root), folders)
    return all("__pycache__/" in path for path in left)


def of_commit(root: Path, tree: Tree) -> Tree:
    """The part of a model that would be committed. Raises `GitFailed`."""
    held = git.tracked(root, INPUTS)
    return {path: content for path, content in tree.items() if path in held}


def without_strangers(root: Path, plan: Plan) -> Plan:
    """The plan without orphans that nobody commits. Raises `GitFailed`."""
    held = git.tracked(root, OUTPUTS)
    return replace(plan, orphans=tuple(path for path in plan.orphans if path in held))


def left_behind(root: Path, plan: Plan) -> tuple[str, ...]:
    """Outputs, lock and bases that the plan wants and git does not track. Raises `GitFailed`."""
    held = git.tracked(root, OUTPUTS)
    gone = (Action.DELETE, Action.CONFLICT)
    wanted = (each.path for each in (*plan.changes, *plan.bookkeeping) if each.action not in gone)
    return tuple(sorted(path for path in wanted if path not in held))


def written(root: Path, plan: Plan, left: Iterable[str]) -> frozenset[str]:
    """What to add after a plan was carried out. Raises `GitFailed`."""
    touched = (*plan.changes, *plan.bookkeeping)
    deleted = {each.path for each in touched if each.action is Action.DELETE}
    unknown = deleted - git.tracked(root, OUTPUTS)
    return frozenset((*plan.differing, *left)) - unknown


def how_to_add(root: Path, paths: Iterable[str]) -> str:
    """The `git add` that stages these and little else: of many, the folders that hold them."""
    named = sorted(paths)
    if len(named) > _MAX_NAMED:
        found = [[path for path in named if path.startswith(f"{each}/")] for each in OUTPUTS]
        named = sorted({commonpath(map(dirname, each)) for each in found if each})
    below = os.path.relpath(root)
    where = [] if below == os.curdir else ["-C", below]
    return shlex.join(["git", *where, "add", "--", *map(printable, named)])
