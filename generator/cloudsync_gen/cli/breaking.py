"""`breaking`: what a change of contracts breaks, and whom it reaches."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import FINDINGS, OK, USAGE

if TYPE_CHECKING:
    from datetime import date

    from cloudsync_gen.cli._pairs import Pairs
    from cloudsync_gen.cli.settings import Settings
    from cloudsync_gen.diagnostics import Diagnostic
    from cloudsync_gen.model.waivers import Waivers

EXAMPLES = """
breaking --against origin/main  the work tree with it
breaking --against v1.2.0 --fail-on warning
breaking old.yaml new.yaml  two documents
breaking released/ contracts/openapi/  two folders
breaking --against v1 --write-baseline  it may stay for a while
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_baseline, add_fail_on, add_findings

    parser.add_argument("base", nargs="?", metavar="BASE", help="an OpenAPI file, or a folder")
    parser.add_argument("revision", nargs="?", metavar="REVISION", help="what became of it")
    parser.add_argument("--against", metavar="REV", help="compare the model with a git revision")
    add_fail_on(parser)
    add_baseline(parser)
    add_findings(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli import _pairs
    from cloudsync_gen.cli._waivers import fitting, waivers
    from cloudsync_gen.cli.settings import Misconfigured, settings
    from cloudsync_gen.report import text

    files = (options.base, options.revision)
    if (options.against is None) == (files == (None, None)) or (None in files) != (
        files == (None, None)
    ):
        sys.stderr.write("give --against REV, or BASE and REVISION\n")
        return USAGE
    try:
        flags = {"fail-on": options.fail_on} if options.fail_on else {}
        made = settings(Path(options.root), flags=flags)
        fitting(options)
        given = waivers(Path(options.root), made, options)
        if options.against is not None:
            found = _pairs.against(options.root, options.against)
        else:
            found = _pairs.of_files(options.root, options.base, options.revision)
        return _judge(found, options, made, given)
    except Misconfigured as error:
        sys.stderr.write(f"{text.printable(str(error))}\n")
        return USAGE
    except _pairs.Unusable as error:
        sys.stderr.write(text.render(error.diagnostics, error.sources))
        sys.stderr.write(f"{text.printable(str(error))}\n" if str(error) else "")
        return error.code


def _judge(found: Pairs, options: argparse.Namespace, made: Settings, given: Waivers) -> int:
    from cloudsync_gen.cli import _waivers
    from cloudsync_gen.cli._report import at_least
    from cloudsync_gen.report import text

    failing = at_least(made.fail_on)
    all_of = _found(found, failing | at_least("warning"), given.today)
    if options.write_baseline:
        new = (each for each in all_of if each.severity.value in failing)
        said = _waivers.save(
            Path(options.root) / made.baseline, _waivers.accepted(new, given, options)
        )
        sys.stderr.write(f"{said}\n")
        return OK
    held = {each.id for each in given.baseline if each.expires >= given.today}
    shown = tuple(each for each in all_of if each.fingerprint not in held)
    _say(shown, found, options, failing)
    for note in found.notes:
        sys.stderr.write(f"note: {text.printable(note)}\n")
    number, waived = len(found.pairs), len(all_of) - len(shown)
    documents = f"{number} document{'s' if number != 1 else ''} compared"
    accepted = f"; {waived} waived" if waived else ""
    sys.stderr.write(f"{text.summary(shown)}{accepted}; {documents}\n")
    return FINDINGS if any(each.severity.value in failing for each in shown) else OK


def _found(found: Pairs, reported: frozenset[str], now: date) -> tuple[Diagnostic, ...]:
    """What changed, as far as it weighs enough."""
    from cloudsync_gen.diagnostics import ordered
    from cloudsync_gen.report.breaks import breaks
    from cloudsync_gen.report.leaks import leaks

    all_of = [each for pair in found.pairs for each in breaks(pair, found.models, now)]
    if found.base is not None:
        all_of += leaks(found.base, found.models[0], found.name)
    return ordered((each for each in all_of if each.severity.value in reported), found.sources)


def _say(
    shown: tuple[Diagnostic, ...],
    found: Pairs,
    options: argparse.Namespace,
    failing: frozenset[str],
) -> None:
    from cloudsync_gen.cli._report import deliver, grouping
    from cloudsync_gen.compat.vocabulary import meaning
    from cloudsync_gen.report.breaks import KIND
    from cloudsync_gen.report.finding import Report

    model = found.models[-1] if found.models else None
    whose = grouping(model)
    documents = {each.document or each.revision.file for each in found.pairs}
    documents -= {each.facts[0] for each in shown if each.name == KIND}
    report = Report(
        command="breaking",
        diagnostics=shown,
        sources=found.sources,
        documentation={each.code: meaning(each.code) or "" for each in shown},
        group=whose,
        cases=((name, "contract is kept") for name in sorted(documents)),
        failing=failing,
    )
    deliver(report, options)
