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
    from cloudsync_gen.diagnostics import Diagnostic

EXAMPLES = """
breaking --against origin/main  the work tree with it
breaking --against v1.2.0 --fail-on warning
breaking old.yaml new.yaml  two documents
breaking released/ contracts/openapi/  two folders
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_fail_on, add_findings

    parser.add_argument("base", nargs="?", metavar="BASE", help="an OpenAPI file, or a folder")
    parser.add_argument("revision", nargs="?", metavar="REVISION", help="what became of it")
    parser.add_argument("--against", metavar="REV", help="compare the model with a git revision")
    add_fail_on(parser)
    add_findings(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli import _pairs
    from cloudsync_gen.cli._clock import today
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
        fail_on, now = settings(Path(options.root), flags=flags).fail_on, today()
        if options.against is not None:
            found = _pairs.against(options.root, options.against)
        else:
            found = _pairs.of_files(options.root, options.base, options.revision)
    except Misconfigured as error:
        sys.stderr.write(f"{text.printable(str(error))}\n")
        return USAGE
    except _pairs.Unusable as error:
        sys.stderr.write(text.render(error.diagnostics, error.sources))
        sys.stderr.write(f"{text.printable(str(error))}\n" if str(error) else "")
        return error.code
    return _judge(found, options, fail_on, now)


def _judge(found: Pairs, options: argparse.Namespace, fail_on: str, now: date) -> int:
    from cloudsync_gen.cli._report import at_least
    from cloudsync_gen.pipeline import ordered
    from cloudsync_gen.report import text
    from cloudsync_gen.report.breaks import breaks

    all_of = [each for pair in found.pairs for each in breaks(pair, found.models, now)]
    failing = at_least(fail_on)
    reported = failing | at_least("warning")
    shown = ordered((each for each in all_of if each.severity.value in reported), found.sources)
    _say(shown, found, options, failing)
    for note in found.notes:
        sys.stderr.write(f"note: {text.printable(note)}\n")
    number = len(found.pairs)
    documents = f"{number} document{'s' if number != 1 else ''} compared"
    sys.stderr.write(f"{text.summary(shown)}; {documents}\n")
    return FINDINGS if any(each.severity.value in failing for each in shown) else OK


def _say(
    shown: tuple[Diagnostic, ...],
    found: Pairs,
    options: argparse.Namespace,
    failing: frozenset[str],
) -> None:
    from cloudsync_gen.cli._report import deliver, grouping
    from cloudsync_gen.compat.vocabulary import meaning
    from cloudsync_gen.report.finding import Report

    model = found.models[-1] if found.models else None
    whose = grouping(model)
    documents = {each.document or each.revision.file for each in found.pairs}
    documents -= {each.facts[0] for each in shown}
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
