"""`where`: the files that an element caused, by the lock."""

from __future__ import annotations

import argparse
import sys

EXAMPLES = """
where application.service.user-service  its files
where data_model.entity.document --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("element", metavar="ELEMENT", help="id of an element, or the end of one")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import answer, element_of, opened
    from cloudsync_gen.report.cause import caused, named
    from cloudsync_gen.report.table import columns
    from cloudsync_gen.report.text import printable

    look = opened(options.root)
    if isinstance(look, int):
        return look
    counts = named(look.root)
    gone = options.element in counts and options.element not in look.model.elements
    element = options.element if gone else element_of(look, options.element)
    if isinstance(element, int):
        return element
    found = caused(look.root, element)
    if not found:
        near = sorted({link.target for link in look.model.out.get(element, ())} & counts.keys())
        sys.stderr.write(f"no file of the lock names `{element}`\n")
        for each in near:
            sys.stderr.write(f"  it links to {each}, which caused {counts[each]}\n")
    if gone:
        sys.stderr.write(f"note: the model no longer declares `{printable(element)}`\n")
    rows = [(each.path, each.target, each.unit, each.ownership) for each in found]
    return answer(options, found, columns(rows))
