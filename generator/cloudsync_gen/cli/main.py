"""Entry point: arguments -> command -> exit code (design §5)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

OK, FINDINGS, USAGE, UNREADABLE, UNSAFE, CONFLICT, INTERNAL = 0, 1, 2, 3, 4, 5, 70

COMMANDS = {
    "check": "judge the model by all rules",
    "generate": "write everything that the model implies",
}
"""Command -> one line of help; the module of the same name has `arguments(parser)` and
`run(options)`.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; never raises for a mistake of the user."""
    try:
        options = _parser(list(sys.argv[1:] if argv is None else argv)).parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    module = import_module(f"cloudsync_gen.cli.{options.command}")
    code: int = module.run(options)
    return code


def _parser(argv: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cloudsync-gen",
        description="One architecture model in; everything that must agree with it out.",
    )
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds model/")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in argv:
            import_module(f"cloudsync_gen.cli.{name}").arguments(command)
    return parser
