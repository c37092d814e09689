"""`stats`: how much there is of what; with `--artefacts`, services by kinds of output."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudsync_gen.cli._look import Look

EXAMPLES = """
stats  elements, operations, links
stats --artefacts  services by kinds of output
stats --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument(
        "--artefacts", action="store_true", help="files of each service by kind of output"
    )
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import answer, opened
    from cloudsync_gen.report.stats import lines_of, stats

    look = opened(options.root)
    if isinstance(look, int):
        return look
    if options.artefacts:
        return _artefacts(look, options)
    figures = stats(look.model)
    return answer(options, figures, lines_of(figures))


def _artefacts(look: Look, options: argparse.Namespace) -> int:
    from cloudsync_gen import pipeline
    from cloudsync_gen.cli._look import answer
    from cloudsync_gen.cli.dispatch import FINDINGS
    from cloudsync_gen.contracts.compile import compile_contracts
    from cloudsync_gen.diagnostics import has_errors
    from cloudsync_gen.engine.reconcile import Scope
    from cloudsync_gen.report import text
    from cloudsync_gen.report.stats import artefacts, matrix
    from cloudsync_gen.targets import TARGETS

    compiled = compile_contracts(look.model)
    if has_errors(compiled.diagnostics):
        sys.stderr.write(text.render(compiled.diagnostics, look.sources))
        return FINDINGS
    counted: dict[str, int] = {}
    for unit in pipeline.units(look.model, compiled.value, Scope()):
        key = f"{unit.target}/{unit.name}"
        counted[key] = counted.get(key, 0) + sum(1 for _ in pipeline.files_of(unit))
    view = artefacts(look.model, TARGETS, counted)
    return answer(options, view, matrix(view))
