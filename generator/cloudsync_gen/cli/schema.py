"""`schema`: the JSON Schema of a layer's files, or of one type of element."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from cloudsync_gen.cli.dispatch import USAGE

EXAMPLES = """
schema  of all layers, by name
schema application  of a file of that layer
schema application.service  of one type of element
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="LAYER|LAYER.TYPE", help="what to describe")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="JSON either way"
    )


def run(options: argparse.Namespace) -> int:
    from cloudsync_gen.cli._look import answer
    from cloudsync_gen.engine.serialise import json_text

    found = schema(options.name)
    if isinstance(found, str):
        sys.stderr.write(found)
        return USAGE
    return answer(options, found, json_text(found).splitlines())


def schema(name: str | None) -> dict[str, Any] | str:
    """The schema, or a message when there is no such layer or type."""
    from cloudsync_gen.cli.suggest import did_you_mean
    from cloudsync_gen.model.ids import LAYERS
    from cloudsync_gen.model.layers import ELEMENT_TYPES
    from cloudsync_gen.targets.layer_schemas import element_schema, layer_schema

    if name is None:
        return {layer: layer_schema(layer) for layer in LAYERS}
    if name in LAYERS:
        return layer_schema(name)
    if name in ELEMENT_TYPES:
        return element_schema(ELEMENT_TYPES[name])
    near = did_you_mean(name, [*LAYERS, *ELEMENT_TYPES])
    return f"no layer and no type `{name}`{near}\n"
