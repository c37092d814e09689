"""`check`: all rules over the model."""

from __future__ import annotations

import argparse
import sys

from cloudsync_gen.cli.main import FINDINGS, OK, UNREADABLE
from cloudsync_gen.diagnostics import Diagnostic, has_errors


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text",), default="text")


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.report import text

    checked = pipeline.check(pipeline.read_model(options.root))
    sys.stdout.write(text.render(checked.diagnostics, checked.sources))
    sys.stderr.write(text.summary(checked.diagnostics) + "\n")
    return exit_code(checked.diagnostics)


def exit_code(diagnostics: tuple[Diagnostic, ...]) -> int:
    """3 where a text cannot be read, else 1 for errors, else 0."""
    if any(d.code.startswith("SRC") for d in diagnostics):
        return UNREADABLE
    return FINDINGS if has_errors(diagnostics) else OK
