"""`doctor`: is everything here that the tool needs, and in what state is what it keeps."""

from __future__ import annotations

import argparse
import sys

from cloudsync_gen.cli.dispatch import FINDINGS, OK

EXAMPLES = """
doctor  what is amiss, and what to do
doctor --versions  with versions, for a report
doctor --format json
"""
_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("--versions", action="store_true", help="list all versions")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._health import examine, versions
    from cloudsync_gen.cli._look import answer
    from cloudsync_gen.report.table import columns
    from cloudsync_gen.report.text import printable

    found = examine(options.root)
    installed = versions()
    lines = [f"{_MARKS[each.state]}  {each.about}: {printable(each.detail)}" for each in found]
    if options.versions:
        lines += columns(installed.items())
    answer(options, {"checks": found, "versions": installed}, lines)
    problems = sum(each.state == "problem" for each in found)
    if problems:
        sys.stderr.write(f"{problems} problem{'s' if problems > 1 else ''}\n")
    return FINDINGS if problems else OK
