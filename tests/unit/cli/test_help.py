"""Help and mistakes: readable in 80 columns, with examples that are true, and quick."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module

import pytest

from cloudsync_gen.cli import dispatch, main

COMMANDS = [*dispatch.COMMANDS]


def module_of(command: str) -> str:
    return f"cloudsync_gen.cli.{command}{'_' * (command == 'list')}"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, *filter(None, (command, "--help")))
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if len(line) >= 80] == []
    assert ("exit codes:" if not command else "examples:") in out


def test_help_lists_every_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(capsys, "--help")
    for name, text in dispatch.COMMANDS.items():
        assert re.search(rf"(?m)^    {name} +{re.escape(text)}$", out)


def examples() -> list[tuple[str, list[str]]]:
    found = []
    for command in COMMANDS:
        for line in import_module(module_of(command)).EXAMPLES.strip().splitlines():
            words = shlex.split(re.split(r"  +| > ", line)[0])
            found.append((command, words))
    return found


@pytest.mark.parametrize(("command", "words"), examples(), ids=lambda x: " ".join(x))
def test_every_example_parses(command: str, words: list[str]) -> None:
    assert words[0] == command
    assert dispatch.parsed(words).command == command


def test_every_command_has_two_examples_or_more() -> None:
    counted = {command: sum(each == command for each, _ in examples()) for command in COMMANDS}
    assert [command for command, number in counted.items() if number < 2] == []


def test_the_root_may_stand_before_or_after_the_command() -> None:
    assert dispatch.parsed(["--root", "a", "check"]).root == "a"
    assert dispatch.parsed(["check", "--root", "a"]).root == "a"
    assert dispatch.parsed(["--root=a", "check"]).root == "a"
    assert dispatch.parsed(["check"]).root is None


LIGHT = [
    ["--help"],
    ["--version"],
    ["genrate"],
    ["check", "--selct", "x"],
    [],
    *([command, "--help"] for command in COMMANDS),
]
OURS = {
    "cloudsync_gen",
    "cloudsync_gen.cli",
    "cloudsync_gen.cli.dispatch",
    "cloudsync_gen.cli.suggest",
    "cloudsync_gen.cli._options",
    "cloudsync_gen.engine",
    "cloudsync_gen.engine.collector",
    "cloudsync_gen.engine.index",
}


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_nothing_heavy_is_imported_to_help_or_to_complain(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cloudsync_gen", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 2)
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    modules = {line.rpartition("|")[2].strip() for line in lines}
    assert "cloudsync_gen.cli" in modules
    allowed = OURS | {"cloudsync_gen.__main__"} | {module_of(command) for command in COMMANDS}
    assert {name for name in modules if name.startswith("cloudsync_gen")} <= allowed
    assert modules & {"msgspec", "yaml", "tomllib", "subprocess", "asyncio", "inspect"} == set()
