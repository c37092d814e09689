"""`graph`: who calls whom, the context map, the flow of events, sagas; as Mermaid text."""

from __future__ import annotations

import argparse
import sys

from cloudsync_gen.cli.dispatch import OK, USAGE

KINDS = {
    "calls": ("application.service",),
    "context": ("business.domain",),
    "events": ("application.service", "application.event"),
    "saga": ("application.saga",),
}
"""Kind -> types of element that its nodes stand for."""

EXAMPLES = """
graph  the call graph
graph user-service  who calls it, whom it calls
graph --kind context > map.mmd  the context map
graph --kind saga file-upload  one saga
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("element", nargs="?", metavar="ELEMENT", help="only this and what it joins")
    parser.add_argument("--kind", choices=[*KINDS], default="calls", help="what to draw")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import answer, element_of, opened
    from cloudsync_gen.report.graph import graph, lines_of

    look = opened(options.root)
    if isinstance(look, int):
        return look
    about: str | int = ""
    if options.element:
        about = element_of(look, options.element, KINDS[options.kind])
    if isinstance(about, int):
        return about
    view = graph(look.model, options.kind, about)
    if about and not view.nodes:
        sys.stderr.write(f"`{about}` is in no graph of kind {options.kind}\n")
        return USAGE
    answer(options, view, lines_of(view))
    return OK
