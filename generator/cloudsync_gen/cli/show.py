"""`show`: an element as it is written, where, and its links in both directions."""

from __future__ import annotations

import argparse

EXAMPLES = """
show application.service.user-service
show service.user-service  the end of an id
show api.operation.user-get-user --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("element", metavar="ELEMENT", help="id of an element, or the end of one")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import answer, element_of, opened
    from cloudsync_gen.report.element import lines_of, shown

    look = opened(options.root)
    if isinstance(look, int):
        return look
    element = element_of(look, options.element)
    if isinstance(element, int):
        return element
    view = shown(look.model, look.sources, element)
    return answer(options, view, lines_of(view))
