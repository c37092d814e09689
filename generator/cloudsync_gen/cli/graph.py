"""`graph`: calls, the context map, events, sagas, the way from a goal; as Mermaid text or SVG."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cloudsync_gen.cli.dispatch import OK, USAGE

if TYPE_CHECKING:
    from cloudsync_gen.cli._look import Look
    from cloudsync_gen.report.graph import Graph
    from cloudsync_gen.report.sequence import Sequence

KINDS = {
    "calls": ("application.service",),
    "context": ("business.domain",),
    "events": ("application.service", "application.event"),
    "goal": ("motivation.goal",),
    "saga": ("application.saga",),
    "sequence": ("application.saga",),
}
"""Kind -> types of element that it is about."""

OF_ONE = ("goal", "sequence")
"""Kinds that are drawn of one element only."""

EXAMPLES = """
graph  the call graph
graph user-service  who calls it, whom it calls
graph --kind context > map.mmd  the context map
graph --kind sequence file-upload  one saga, step by step
graph --format svg > calls.svg  as a picture
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import FORMATS

    parser.add_argument("element", nargs="?", metavar="ELEMENT", help="only this and what it joins")
    parser.add_argument("--kind", choices=[*KINDS], default="calls", help="what to draw")
    parser.add_argument(
        "--format",
        choices=(*FORMATS, "svg"),
        default="text",
        help="text (Mermaid), JSON alone, or SVG (needs the extra `svg`)",
    )


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import element_of, opened

    if options.kind in OF_ONE and not options.element:
        named = KINDS[options.kind][0].partition(".")[2]
        sys.stderr.write(f"--kind {options.kind} needs the {named} that it is about\n")
        return USAGE
    look = opened(options.root)
    if isinstance(look, int):
        return look
    about: str | int = ""
    if options.element:
        about = element_of(look, options.element, KINDS[options.kind])
    if isinstance(about, int):
        return about
    view = _view(look, options.kind, about)
    if view is None:
        sys.stderr.write(f"`{about}` is in no graph of kind {options.kind}\n")
        return USAGE
    return _say(options, view)


def _view(look: Look, kind: str, about: str) -> Graph | Sequence | None:
    from cloudsync_gen.model.layers.application import Saga
    from cloudsync_gen.model.layers.motivation import Goal
    from cloudsync_gen.report.graph import graph
    from cloudsync_gen.report.sequence import sequence
    from cloudsync_gen.report.trace import traceability

    if kind == "goal":
        goal = look.model.get(Goal, about)
        return traceability(look.model, goal) if goal else None
    if kind == "sequence":
        saga = look.model.get(Saga, about)
        return sequence(look.model, saga) if saga else None
    view = graph(look.model, kind, about)
    return view if view.nodes or not about else None


def _say(options: argparse.Namespace, view: Graph | Sequence) -> int:
    from cloudsync_gen.cli._look import answer
    from cloudsync_gen.report import d2, graph, sequence

    if isinstance(view, sequence.Sequence):
        empty = not view.participants
        said, drawn = sequence.mermaid_lines(view), sequence.d2_lines(view)
    else:
        empty = not view.nodes
        said, drawn = graph.lines_of(view), d2.lines_of(view)
    if options.format != "svg":
        return answer(options, view, said)
    if empty:
        sys.stderr.write("nothing to draw\n")
        return OK
    try:
        sys.stdout.write(d2.svg("".join(f"{line}\n" for line in drawn)))
    except d2.Unavailable as error:
        sys.stderr.write(f"cloudsync-gen graph --format svg {error}\n")
        return USAGE
    return OK
