"""Entry point: arguments -> command -> exit code (design §5). Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn, TextIO

OK, FINDINGS, USAGE, UNREADABLE, UNSAFE, CONFLICT, INTERNAL = 0, 1, 2, 3, 4, 5, 70

COMMANDS = {
    "breaking": "what a changed contract breaks, and for whom",
    "check": "judge the model by all rules",
    "ci": "run the gates of a change, with reports for its code host",
    "dev": "run a service with reload, beside stand-ins for others",
    "doctor": "look at the installation, the tree and the state kept beside it",
    "explain": "say what a finding is about",
    "export": "write the model in a form that another tool reads",
    "generate": "write everything that the model implies",
    "graph": "draw calls, contexts, events, sagas or the way from a goal",
    "init": "write a small valid model into an empty folder",
    "list": "list elements, of one layer or one type",
    "new": "add a service to the model and generate it",
    "schema": "print the JSON Schema of a layer or of a type of element",
    "show": "show an element, what it links to and what links to it",
    "stats": "count elements, operations and links; services by kinds of output",
    "up": "run all services together, each as a process of its own",
    "where": "list the files that an element caused",
    "why": "say what caused a file",
}
"""Command -> one line of help; the module of the same name has `arguments(parser)`, `run(options)`
and `EXAMPLES`, lines of `cloudsync-gen` with what each does.
"""

WIDTH = 79
MARK = os.path.join("model", "manifest.yaml")
_CODES = """exit codes:
  0 clean        1 findings, drift or breaks   2 wrong usage or configuration
  3 unreadable   4 unsafe, refused             5 a conflict to resolve
  70 a bug of this tool"""


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; never raises for a mistake of the user."""
    for stream in (sys.stdout, sys.stderr):
        _any_text(stream)
    try:
        options = parsed(list(arguments))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    if options.root is not None and not os.path.isdir(options.root):
        sys.stderr.write(f"cloudsync-gen: no folder `{options.root}`\n")
        return USAGE
    options.root = _root(options.root)
    from cloudsync_gen.engine.collector import collect_late

    collect_late()
    try:
        code: int = module_of(options.command).run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        return _refused_by_the_system(error)
    except Exception as error:
        return _failed(error)
    return code


def _any_text(stream: TextIO) -> None:
    """A pipe gets UTF-8; a terminal what it can show, and escapes for the rest."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        encoding = {} if stream.isatty() else {"encoding": "utf-8"}
        reconfigure(errors="backslashreplace", **encoding)


def _refused_by_the_system(error: OSError) -> int:
    from cloudsync_gen.report.text import printable

    where = f"{error.filename}: " if error.filename else ""
    sys.stderr.write(f"cloudsync-gen: {printable(f'{where}{error.strerror or error}')}\n")
    return UNREADABLE


def _failed(error: Exception) -> int:
    from cloudsync_gen.engine.disk import Unsafe
    from cloudsync_gen.engine.locks import Busy
    from cloudsync_gen.load.git import GitFailed

    if isinstance(error, GitFailed):
        from cloudsync_gen.report.text import printable

        sys.stderr.write(f"cloudsync-gen: {printable(str(error))}\n")
        return UNREADABLE
    if isinstance(error, (Unsafe, Busy)):
        from cloudsync_gen.report.text import printable

        sys.stderr.write(f"refused: {printable(str(error))}\n")
        return UNSAFE
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


# -- arguments ------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Help within 80 columns, no abbreviated flags, and a suggestion for what is misspelt."""

    def __init__(self, **given: object) -> None:
        super().__init__(
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=WIDTH),
            allow_abbrev=False,
            **given,  # type: ignore[arg-type]
        )

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(each) for each in action.choices]
            near = _suggested(str(value), known)
            said = f"no `{value}`{near}" if near else f"no `{value}`; {', '.join(known)}"
            raise argparse.ArgumentError(action, said)

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message}\ntry `{self.prog} --help`\n")
        raise SystemExit(USAGE)


def module_of(command: str) -> ModuleType:
    """The module that carries out a command."""
    # a submodule is an attribute of its package: there, `list` would hide the builtin
    name = f"{command}_" if command == "list" else command
    return import_module(f"cloudsync_gen.cli.{name}")


def parsed(arguments: list[str]) -> argparse.Namespace:
    """What was asked for. Raises `SystemExit` after saying what is wrong, or after help."""
    parser = _top()
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=_Parser, prog=parser.prog
    )
    chosen = _command(parser, arguments)
    if chosen is not None and chosen not in COMMANDS:
        parser.error(f"no command `{chosen}`{_suggested(chosen, COMMANDS)}")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[:1].upper()}{text[1:]}.")
        if name == chosen:
            _describe(command, module_of(name))
    options, strangers = parser.parse_known_args(arguments)
    spoken = commands.choices[chosen] if chosen else parser
    if strangers:
        known = [each for action in spoken._actions for each in action.option_strings]
        spoken.error(f"does not know `{strangers[0]}`{_suggested(strangers[0], known)}")
    if chosen is None:
        parser.error("which command?")
    return options


def _top() -> _Parser:
    from cloudsync_gen import __version__

    parser = _Parser(
        prog="cloudsync-gen",
        description="One architecture model in; everything that must agree with it out.",
        epilog=_CODES,
    )
    parser.add_argument("--version", action="version", version=f"cloudsync-gen {__version__}")
    parser.add_argument(
        "--root", metavar="DIR", help="folder that holds model/ (default: searched upwards)"
    )
    return parser


def _describe(command: argparse.ArgumentParser, module: ModuleType) -> None:
    command.add_argument("--root", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    module.arguments(command)
    examples = [line.partition("  ")[::2] for line in module.EXAMPLES.strip().splitlines()]
    width = max((len(words) for words, what in examples if what), default=0)
    lines = [f"  cloudsync-gen {words.ljust(width)}  {what.strip()}" for words, what in examples]
    command.epilog = "\n".join(("examples:", *(line.rstrip() for line in lines)))


def _command(parser: argparse.ArgumentParser, arguments: list[str]) -> str | None:
    """The first argument that is no flag of the tool itself, nor the value of one."""
    known = [each for action in parser._actions for each in action.option_strings]
    rest = iter(arguments)
    for each in rest:
        if not each.startswith("-"):
            return each
        if each.partition("=")[0] not in known:
            parser.error(f"does not know `{each}`{_suggested(each, known)}")
        if each == "--root":
            next(rest, None)
    return None


def _suggested(given: str, known: Iterable[str]) -> str:
    from cloudsync_gen.cli.suggest import did_you_mean

    return did_you_mean(given.partition("=")[0], known)
