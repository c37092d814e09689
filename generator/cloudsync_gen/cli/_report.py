"""Findings on their way out: in a format, to stdout or into a file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from msgspec.structs import replace

from cloudsync_gen.cli._options import LEVELS
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.belonging import Belonging, Group
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.finding import Report
from cloudsync_gen.rules._rule import Rule

HOSTED = frozenset(("sarif", "github", "gitlab", "junit", "markdown"))
"""Formats that are read by who knows the repository, and not where the root is in it."""


def coloured(stream: TextIO) -> bool:
    """Whether to colour what goes there: NO_COLOR wins, then FORCE_COLOR, then the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR", "")
    return forced not in ("", "0") or (stream.isatty() and os.environ.get("TERM") != "dumb")


def deliver(report: Report, options: argparse.Namespace) -> None:
    """Writes the report as `--format` and `--output` say. Raises `OSError`.

    Where several commands run for one report (`options.taken`), it is left there instead.
    """
    from cloudsync_gen.report import formats

    taken: list[Report] | None = getattr(options, "taken", None)
    if taken is not None or options.format in HOSTED:
        named_from = "." if getattr(options, "base", None) else getattr(options, "root", ".")
        report = replace(report, below=_below(named_from))
    if taken is not None:
        taken.append(report)
        return
    output = getattr(options, "output", None)
    colour = options.format == "text" and output is None and coloured(sys.stdout)
    write(formats.render(options.format, report, colour=colour), output)


def _below(root: str) -> str:
    """Path of the root in its repository, as code hosts name files; outside of one, nothing."""
    from cloudsync_gen.load.git import GitFailed, git

    try:
        return git(Path(root), "rev-parse", "--show-prefix").decode().rstrip("\n")
    except GitFailed:
        return ""


def write(text: str, output: str | None) -> None:
    """Text to stdout, or into a file that takes the place of one that is there."""
    if output is None:
        sys.stdout.write(text)
        return
    from cloudsync_gen.engine.write import replace_file

    replace_file(Path(output), text)


def documentation(rules: Iterable[Rule]) -> Mapping[str, str]:
    """Code -> what it means, of rules and of findings that no rule makes."""
    from cloudsync_gen.report.formats import documentation_of
    from cloudsync_gen.rules.reading import READINGS

    others = {code: f"{each.name}\n\n{each.text}" for code, each in READINGS.items()}
    return others | documentation_of((rule.code, rule.check) for rule in rules)


def grouping(model: Model | None) -> Callable[[Diagnostic], Group]:
    """Whom a finding about a model belongs to."""
    belonging = Belonging(model)
    return lambda each: belonging.of(each.element, each.ref.file)


def cases(model: Model | None, rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    """Every rule for every service of a model; of none, every rule for the whole."""
    groups = [group.name for group in Belonging(model).services()] or ["model"]
    named = [f"{rule.code} {rule.name}" for rule in rules]
    return ((group, name) for group in groups for name in named)


def at_least(level: str) -> frozenset[str]:
    """This severity and graver ones."""
    return frozenset(LEVELS[: LEVELS.index(level) + 1])
