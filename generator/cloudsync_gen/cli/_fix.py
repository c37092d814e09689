"""`check --fix`: mends what can certainly be mended, whole or not at all.

Certain is what its rule declares so, and what the judgement afterwards bears out: a mend after
which something else is found is taken back, since then it was not what was meant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from msgspec import structs

from cloudsync_gen import pipeline
from cloudsync_gen.cli._edits import changes
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.edit.mend import mended
from cloudsync_gen.engine import write
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.pipeline import Checked, Judging
from cloudsync_gen.report.text import printable
from cloudsync_gen.rules import RULES
from cloudsync_gen.source import Tree

_MAX_ROUNDS = 5
"""A mend may show what else is there to mend."""

_MAX_SINGLE = 50
"""Mends that are tried one by one where all together do not do."""


def fix(root: Path, tree: Tree, judging: Judging, store: Store) -> Tree:
    """Mends the model below a root; the model after it. Raises `Unsafe`, `Busy`, `OSError`."""
    made = mends(tree, judging, store)
    if made:
        with write.exclusive(root):
            write.apply(root, (), changes(made, tree))
        sys.stderr.write(f"mended: {', '.join(map(printable, made))}\n")
    return {**tree, **made}


def difference(tree: Tree, made: Mapping[str, bytes]) -> str:
    """What mends change, line by line."""
    return "".join(f"{printable(line)}\n" for file in made for line in _lines(tree, made, file))


def _lines(tree: Tree, made: Mapping[str, bytes], file: str) -> Iterator[str]:
    before, after = (each[file].decode().split("\n") for each in (tree, made))
    return unified_diff(before, after, f"a/{file}", f"b/{file}", lineterm="")


def mends(tree: Tree, judging: Judging, store: Store) -> dict[str, bytes]:
    """Path -> content of every file that mends change: of findings of the rules given, judged by
    all rules.
    """
    named = {each for rule in judging.rules for each in (rule.code, rule.name)}
    judging = structs.replace(judging, rules=RULES)
    current = dict(tree)
    checked = _checked(current, judging, store)
    for _ in range(_MAX_ROUNDS):
        found = [each for each in checked.diagnostics if each.mends and named & {*_rules(each)}]
        better = _better(current, checked, found, judging, store) if found else None
        if better is None:
            break
        current, checked = better
    return {path: content for path, content in current.items() if content != tree[path]}


def _rules(finding: Diagnostic) -> Iterable[str]:
    """The rule that a finding is of; of a suppression, the one that it suppresses."""
    return finding.facts if finding.code == "WVR003" else (finding.code,)


def _checked(tree: Tree, judging: Judging, store: Store) -> Checked:
    return pipeline.check(tree, judging.rules, store, judging.waivers)


def _better(
    tree: dict[str, bytes],
    checked: Checked,
    found: list[Diagnostic],
    judging: Judging,
    store: Store,
) -> tuple[dict[str, bytes], Checked] | None:
    """The model with all of these mended; if something else is found then, with those of them
    that bring nothing new, tried one after the other. `None` where nothing can be mended.
    """
    together = _tried(tree, checked, found, judging, store)
    if together is not None:
        return together
    best: tuple[dict[str, bytes], Checked] | None = None
    due = {each.fingerprint for each in found[:_MAX_SINGLE]} if len(found) > 1 else set()
    for fingerprint in sorted(due):
        now, known = best or (tree, checked)
        one = [each for each in known.diagnostics if each.fingerprint == fingerprint]
        best = _tried(now, known, one, judging, store) or best
    return best


def _tried(
    tree: dict[str, bytes],
    checked: Checked,
    found: Iterable[Diagnostic],
    judging: Judging,
    store: Store,
) -> tuple[dict[str, bytes], Checked] | None:
    made = mended(tree, checked.sources, (each.mends for each in found))
    if not made:
        return None
    after = _checked({**tree, **made}, judging, store)
    before = {each.fingerprint for each in (*checked.diagnostics, *checked.waived)}
    left = {each.fingerprint for each in (*after.diagnostics, *after.waived)}
    return ({**tree, **made}, after) if left < before else None
