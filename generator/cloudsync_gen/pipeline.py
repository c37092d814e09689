"""load → link → check → compile → plan → render → validate → reconcile → apply, on one screen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, has_errors
from cloudsync_gen.link import link
from cloudsync_gen.load import LOCATORS, load
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import SourceMap, Tree, tree_from_disk


class Checked(Struct, frozen=True, kw_only=True):
    """The model after all rules; `model` is absent when it could not be read far enough."""

    model: Model | None
    diagnostics: tuple[Diagnostic, ...]
    sources: SourceMap


def read_model(root: Path) -> Tree:
    """The text of `model/` below a root."""
    return tree_from_disk(root, "model")


def check(tree: Tree, rules: Iterable[Rule] = RULES, cache: ParseCache | None = None) -> Checked:
    """All findings over a model. Rules run once all text is readable and every element has its type:
    before that, what looks missing may only be misspelt."""
    sources = SourceMap(tree, LOCATORS)
    loaded = load(tree, cache)
    if loaded.value is None:
        return Checked(
            model=None, diagnostics=ordered(loaded.diagnostics, sources), sources=sources
        )
    linked = link(loaded.value)
    found = (*loaded.diagnostics, *linked.diagnostics)
    if not has_errors(found):
        found = (*found, *(each for rule in rules for each in rule.check(linked.value)))
    return Checked(
        model=linked.value if loaded.value.complete else None,
        diagnostics=ordered(found, sources),
        sources=sources,
    )


def ordered(diagnostics: Iterable[Diagnostic], sources: SourceMap) -> tuple[Diagnostic, ...]:
    """By file, line, column, code, message; each finding once; with its span resolved."""
    placed = {(d.span or sources.span(d.ref), d.code, d.message): d for d in diagnostics}
    keys = sorted(placed, key=lambda k: (k[0].file, k[0].line, k[0].column, k[1], k[2]))
    return tuple(placed[key] for key in keys)
