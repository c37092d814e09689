"""`breaking`: what a change of contracts breaks, and whom it reaches."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import FINDINGS, OK, USAGE

if TYPE_CHECKING:
    from datetime import date

    from cloudsync_gen.cli._pairs import Pairs
    from cloudsync_gen.diagnostics import Diagnostic

LEVELS = ("error", "warning", "info")
FORMATS = ("text", "json", "sarif", "github")

EXAMPLES = """
breaking --against origin/main  the work tree with it
breaking --against v1.2.0 --fail-on warning
breaking old.yaml new.yaml  two documents
breaking released/ contracts/openapi/  two folders
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", nargs="?", metavar="BASE", help="an OpenAPI file, or a folder")
    parser.add_argument("revision", nargs="?", metavar="REVISION", help="what became of it")
    parser.add_argument("--against", metavar="REV", help="compare the model with a git revision")
    parser.add_argument(
        "--fail-on", choices=LEVELS, default="error", help="exit 1 at this or graver (error)"
    )
    parser.add_argument("--format", choices=FORMATS, default="text")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli import _pairs
    from cloudsync_gen.report import text

    files = (options.base, options.revision)
    if (options.against is None) == (files == (None, None)) or (None in files) != (
        files == (None, None)
    ):
        sys.stderr.write("give --against REV, or BASE and REVISION\n")
        return USAGE
    try:
        if options.against is not None:
            found = _pairs.against(options.root, options.against)
        else:
            found = _pairs.of_files(options.root, options.base, options.revision)
    except _pairs.Unusable as error:
        sys.stderr.write(text.render(error.diagnostics, error.sources))
        sys.stderr.write(f"{text.printable(str(error))}\n" if str(error) else "")
        return error.code
    return _judge(found, options)


def _judge(found: Pairs, options: argparse.Namespace) -> int:
    from cloudsync_gen.pipeline import ordered
    from cloudsync_gen.report import text
    from cloudsync_gen.report.breaks import breaks

    today = _today()
    all_of = [each for pair in found.pairs for each in breaks(pair, found.models, today)]
    reported = LEVELS[: max(LEVELS.index("warning"), LEVELS.index(options.fail_on)) + 1]
    shown = ordered((each for each in all_of if each.severity.value in reported), found.sources)
    _say(shown, found, options)
    for note in found.notes:
        sys.stderr.write(f"note: {text.printable(note)}\n")
    number = len(found.pairs)
    documents = f"{number} document{'s' if number != 1 else ''} compared"
    sys.stderr.write(f"{text.summary(shown)}; {documents}\n")
    failing = LEVELS[: LEVELS.index(options.fail_on) + 1]
    return FINDINGS if any(each.severity.value in failing for each in shown) else OK


def _say(shown: tuple[Diagnostic, ...], found: Pairs, options: argparse.Namespace) -> None:
    from cloudsync_gen.cli.check import coloured
    from cloudsync_gen.report import formats

    colour = options.format == "text" and coloured(sys.stdout)
    sys.stdout.write(formats.render(options.format, shown, found.sources, {}, colour=colour))


def _today() -> date:
    """The day on which sunsets are judged: of SOURCE_DATE_EPOCH where that is set."""
    from datetime import UTC, datetime

    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit() and len(epoch) < 12:
        return datetime.fromtimestamp(int(epoch), UTC).date()
    return datetime.now(UTC).date()
