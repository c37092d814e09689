"""`check`: all rules over the model."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import FINDINGS, OK, UNREADABLE, USAGE
from cloudsync_gen.engine import index

if TYPE_CHECKING:
    from cloudsync_gen.diagnostics import Diagnostic
    from cloudsync_gen.rules._rule import Rule

FORMATS = ("text", "json", "sarif", "github")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--select", action="append", default=[], metavar="RULE", help="only these")
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE", help="not these")
    parser.add_argument("--summary", action="store_true", help="count rules and findings by family")
    parser.add_argument("--no-cache", action="store_true", help="trust nothing read before")
    parser.add_argument("files", nargs="*", metavar="FILE", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    plain = options.format == "text" and not (options.select or options.ignore or options.summary)
    if plain and not options.no_cache and index.is_clean(options.root, "check"):
        sys.stderr.write("no findings (nothing has changed)\n")
        return OK
    return _run(options, plain)


def _run(options: argparse.Namespace, plain: bool) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.report import formats, text
    from cloudsync_gen.rules import RULES

    rules, unknown = chosen(RULES, options.select, options.ignore)
    if unknown:
        sys.stderr.write(unknown)
        return USAGE
    root = Path(options.root)
    before = index.State(options.root, outputs=False)
    store = Store(None if options.no_cache else root)
    checked = pipeline.check(pipeline.read_model(root), rules, store)
    if plain and not checked.diagnostics:
        index.remember(options.root, ("check",), before)
    documentation = formats.documentation_of((rule.code, rule.check) for rule in rules)
    found = checked.diagnostics
    sys.stdout.write(formats.render(options.format, found, checked.sources, documentation))
    if options.summary:
        sys.stderr.write(_families(rules, found))
    sys.stderr.write(text.summary(found) + "\n")
    return exit_code(found)


def chosen(
    rules: tuple[Rule, ...], select: list[str], ignore: list[str]
) -> tuple[tuple[Rule, ...], str]:
    """The rules by codes, prefixes of codes or names; and a message for one that matches
    nothing.
    """
    from cloudsync_gen.naming import nearest

    def matches(rule: Rule, pattern: str) -> bool:
        return rule.name == pattern or rule.code.startswith(pattern)

    for pattern in (*select, *ignore):
        if not any(matches(rule, pattern) for rule in rules):
            near = nearest(pattern, [*(r.name for r in rules), *(r.code for r in rules)])
            return (), f"no rule `{pattern}`; did you mean `{near}`?\n"
    kept = [r for r in rules if not select or any(matches(r, p) for p in select)]
    return tuple(r for r in kept if not any(matches(r, p) for p in ignore)), ""


def _families(rules: tuple[Rule, ...], found: tuple[Diagnostic, ...]) -> str:
    family = {rule.code: rule.family for rule in rules}
    counts = Counter(family.get(each.code, "reading the model") for each in found)
    per_family = Counter(rule.family for rule in rules)
    lines = [
        f"{name}: {number} rules, {counts[name]} findings"
        for name, number in sorted(per_family.items())
    ]
    return "".join(f"{line}\n" for line in lines)


def exit_code(diagnostics: tuple[Diagnostic, ...]) -> int:
    """3 where a text cannot be read, else 1 for errors, else 0."""
    from cloudsync_gen.diagnostics import has_errors

    if any(d.code.startswith("SRC") for d in diagnostics):
        return UNREADABLE
    return FINDINGS if has_errors(diagnostics) else OK
