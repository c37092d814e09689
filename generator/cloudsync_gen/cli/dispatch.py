"""Entry point: arguments -> command -> exit code (design §5). Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

OK, FINDINGS, USAGE, UNREADABLE, UNSAFE, CONFLICT, INTERNAL = 0, 1, 2, 3, 4, 5, 70

COMMANDS = {
    "check": "judge the model by all rules",
    "explain": "say what a rule is about",
    "generate": "write everything that the model implies",
}
"""Command -> one line of help; the module of the same name has `arguments(parser)` and
`run(options)`.
"""

MARK = os.path.join("model", "manifest.yaml")


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; never raises for a mistake of the user."""
    try:
        options = _parser(list(arguments)).parse_args(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    options.root = _root(options.root)
    module = import_module(f"cloudsync_gen.cli.{options.command}")
    try:
        code: int = module.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing is half written\n")
        return 130
    except Exception:
        return _internal()
    return code


def _internal() -> int:
    import traceback

    traceback.print_exc()
    sys.stderr.write("internal error: this is a bug of cloudsync-gen, not of your model\n")
    return INTERNAL


def _root(given: str | None) -> str:
    """--root, else CLOUDSYNC_GEN_ROOT, else the nearest folder upwards that holds a model."""
    named = given or os.environ.get("CLOUDSYNC_GEN_ROOT")
    if named:
        return named
    folder = os.getcwd()
    while not os.path.exists(os.path.join(folder, MARK)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return "."
        folder = parent
    return folder


def _parser(argv: list[str]) -> argparse.ArgumentParser:
    from cloudsync_gen import __version__

    parser = argparse.ArgumentParser(
        prog="cloudsync-gen",
        description="One architecture model in; everything that must agree with it out.",
    )
    parser.add_argument("--version", action="version", version=f"cloudsync-gen {__version__}")
    parser.add_argument("--root", help="folder that holds model/ (default: searched upwards)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in argv:
            import_module(f"cloudsync_gen.cli.{name}").arguments(command)
    return parser
