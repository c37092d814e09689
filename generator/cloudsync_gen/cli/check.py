"""`check`: all rules over the model."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cloudsync_gen.cli import NO_FINDINGS, set_by_environment
from cloudsync_gen.cli.dispatch import FINDINGS, OK, UNREADABLE, USAGE
from cloudsync_gen.engine import index

if TYPE_CHECKING:
    from cloudsync_gen.diagnostics import Diagnostic
    from cloudsync_gen.rules._rule import Rule
    from cloudsync_gen.source import SourceMap

FORMATS = ("text", "json", "sarif", "github")

EXAMPLES = """
check  all rules
check --select LNK  codes that begin so
check --ignore metric-name-style  all but one, by name
check --format sarif > findings.sarif
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--select", action="append", default=[], metavar="RULE", help="only these")
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE", help="not these")
    parser.add_argument("--summary", action="store_true", help="count rules and findings by family")
    parser.add_argument("--no-cache", action="store_true", help="trust nothing read before")
    parser.add_argument("files", nargs="*", metavar="FILE", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    plain = options.format == "text" and not (options.select or options.ignore or options.summary)
    plain = plain and not set_by_environment()
    if plain and not options.no_cache and index.is_clean(options.root, "check"):
        sys.stderr.write(f"{NO_FINDINGS}\n")
        return OK
    return _run(options, plain)


def _run(options: argparse.Namespace, plain: bool) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli.settings import Misconfigured, chosen, settings
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.engine.executors import Crew, default_jobs
    from cloudsync_gen.report import text

    root = Path(options.root)
    before = index.State(options.root, outputs=False)
    try:
        rules = chosen(settings(root), options.select, options.ignore)
    except Misconfigured as error:
        sys.stderr.write(f"{text.printable(str(error))}\n")
        return USAGE
    store = Store(None if options.no_cache else root)
    tree = pipeline.read_model(root)
    with Crew(default_jobs()) as crew:
        checked = pipeline.compile_model(tree, rules, store, crew).checked
    if plain and not checked.diagnostics:
        index.remember(options.root, ("check",), before)
    say(checked.diagnostics, checked.sources, options.format, rules)
    if options.summary:
        sys.stderr.write(_families(rules, checked.diagnostics))
    return exit_code(checked.diagnostics)


def say(
    found: tuple[Diagnostic, ...], sources: SourceMap, form: str, rules: tuple[Rule, ...]
) -> None:
    """Findings on stdout in a format, their number on stderr."""
    from cloudsync_gen.report import formats, text

    documentation = formats.documentation_of((rule.code, rule.check) for rule in rules)
    colour = form == "text" and coloured(sys.stdout)
    sys.stdout.write(formats.render(form, found, sources, documentation, colour=colour))
    sys.stderr.write(text.summary(found) + "\n")


def coloured(stream: TextIO) -> bool:
    """Whether to colour what goes there: NO_COLOR wins, then FORCE_COLOR, then the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR", "")
    return forced not in ("", "0") or (stream.isatty() and os.environ.get("TERM") != "dumb")


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
