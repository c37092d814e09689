"""`why`: what caused a file, by the lock."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cloudsync_gen.cli.dispatch import OK, USAGE

EXAMPLES = """
why generated/charts/user-service/values.yaml
why contracts/openapi/user.yaml:120  and what that line names
why contracts/index.json --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("file", metavar="FILE[:LINE]", help="a path, from here or from the root")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli._look import answer
    from cloudsync_gen.report.cause import cause, lines_of
    from cloudsync_gen.report.text import printable
    from cloudsync_gen.targets import TARGETS

    root = Path(options.root)
    file, line = _place(options.file)
    checked = pipeline.check(pipeline.read_model(root), ())
    known = (checked.model, checked.sources) if checked.model else None
    open_below = tuple(folder for target in TARGETS for folder in target.open_below)
    view = cause(root, _from_root(options.root, file), line, open_below, known)
    if view.status == "missing":
        sys.stderr.write(f"{printable(view.path)}: {view.explanation}\n")
        return USAGE
    if line and view.status == "locked" and view.at is None:
        sys.stderr.write(f"{printable(view.path)} has no line {line}\n")
        return USAGE
    answer(options, view, lines_of(view))
    return OK


def _place(given: str) -> tuple[str, int]:
    """`a/b:12` as path and line; 0 where none is given."""
    file, colon, line = given.rpartition(":")
    if colon and line.isdigit() and len(line) < 10 and not os.path.exists(given):
        return file, int(line)
    return given, 0


def _from_root(root: str, given: str) -> str:
    """Posix path relative to the root; meant from here where there is such a file."""
    folder = os.path.abspath(root)
    here = os.path.abspath(given)
    if not os.path.lexists(here) or os.path.commonpath((folder, here)) != folder:
        here = os.path.abspath(os.path.join(folder, given))
    return Path(os.path.relpath(here, folder)).as_posix()
