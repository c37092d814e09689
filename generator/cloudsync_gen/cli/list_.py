"""`list`: the elements of the model, of one layer, or of one type."""

from __future__ import annotations

import argparse
import sys

from cloudsync_gen.cli.dispatch import USAGE

EXAMPLES = """
list  every element
list application  those of one layer
list application service  those of one type
list api.operation --format json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from cloudsync_gen.cli._options import add_format

    parser.add_argument("layer", nargs="?", metavar="LAYER", help="a layer, or LAYER.TYPE")
    parser.add_argument("type", nargs="?", metavar="TYPE", help="a type of element of it")
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import answer, opened
    from cloudsync_gen.report.element import brief, in_layer_order
    from cloudsync_gen.report.table import columns
    from cloudsync_gen.report.text import printable

    wanted = ".".join(filter(None, (options.layer, options.type)))
    wrong = _unknown(wanted)
    if wrong:
        sys.stderr.write(wrong)
        return USAGE
    look = opened(options.root)
    if isinstance(look, int):
        return look
    found = [
        brief(look.model, look.sources, each)
        for each in in_layer_order(look.model)
        if not wanted or f"{each}.".startswith(f"{wanted}.")
    ]
    rows = [(each.id, f"{each.file}:{each.line}", printable(each.name)) for each in found]
    return answer(options, found, columns(rows))


def _unknown(wanted: str) -> str:
    """A message when there is no such layer or type."""
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.model.ids import LAYERS
    from cloudsync_gen.model.layers import ELEMENT_TYPES, types_of

    layer = wanted.partition(".")[0]
    if layer and layer not in LAYERS:
        return f"no layer `{layer}`{did_you_mean(layer, LAYERS)}\n"
    if "." in wanted and wanted not in ELEMENT_TYPES:
        near = did_you_mean(wanted.partition(".")[2], types_of(layer), f"{layer}.")
        return f"no type `{wanted}`{near}\n"
    return ""
