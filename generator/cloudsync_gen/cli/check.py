"""`check`: all rules over the model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsync_gen.cli.main import FINDINGS, OK, UNREADABLE
from cloudsync_gen.engine import index

if TYPE_CHECKING:
    from cloudsync_gen.diagnostics import Diagnostic


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text",), default="text")


def run(options: argparse.Namespace) -> int:
    if options.format == "text" and index.is_clean(options.root, "check"):
        sys.stderr.write("no findings (nothing has changed)\n")
        return OK
    from cloudsync_gen import pipeline
    from cloudsync_gen.engine.cache import Store
    from cloudsync_gen.report import text

    root = Path(options.root)
    before = index.State(options.root, outputs=False)
    checked = pipeline.check(pipeline.read_model(root), store=Store(root))
    if not checked.diagnostics:
        index.remember(options.root, ("check",), before)
    sys.stdout.write(text.render(checked.diagnostics, checked.sources))
    sys.stderr.write(text.summary(checked.diagnostics) + "\n")
    return exit_code(checked.diagnostics)


def exit_code(diagnostics: tuple[Diagnostic, ...]) -> int:
    """3 where a text cannot be read, else 1 for errors, else 0."""
    from cloudsync_gen.diagnostics import has_errors

    if any(d.code.startswith("SRC") for d in diagnostics):
        return UNREADABLE
    return FINDINGS if has_errors(diagnostics) else OK
