"""ruff, black, mypy --strict and the linters of scripts and workflows have nothing to say."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from zlib import crc32

import pytest

from support.effort import Effort

LINT = Path(__file__).resolve().parent.parent / ".ci" / "lint.py"
spec = importlib.util.spec_from_file_location("cloudsync_gen_lint", LINT)
assert spec is not None
assert spec.loader is not None
lint = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = lint
spec.loader.exec_module(lint)

STEPS = list(lint.steps())


SHARE = 4
"""Of so many files black looks at one in the small run, and at each on which it differs from ruff,
which takes a second for all of them; `make lint` shows it everything.
"""


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[0])
def test_lint(step: tuple[str, list[str], Path], effort: Effort) -> None:
    name, command, folder = step
    if name.startswith("black") and not effort.full:
        roots = [each for each in command if each in (*lint.OURS, *lint.OUTPUT)]
        command = [*(each for each in command if each not in roots), *some_of(roots)]
    done = lint.run(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr


def some_of(roots: list[str]) -> list[str]:
    """Always the same ones: what ruff would write as it stands, black would too, but where one of
    the two shows that they differ.
    """
    shown = lint.run(["ruff", "check", "--show-files", *roots], lint.ROOT).stdout.splitlines()
    found = {Path(each).relative_to(lint.ROOT).as_posix() for each in shown if each[-3:] == ".py"}
    asked = ["ruff", "format", "--check", "--output-format", "json", *roots]
    told = json.loads(lint.run(asked, lint.ROOT).stdout)
    differing = {Path(each["filename"]).relative_to(lint.ROOT).as_posix() for each in told}
    some = {each for each in found if crc32(each.encode()) % SHARE == 0}
    assert len(some) > 100
    return sorted(differing & found | some)


def test_the_steps_are_all_there() -> None:
    names = {name for name, _, _ in STEPS}
    assert {"ruff", "black", "mypy", "yamllint", "actionlint"} <= names
    assert len(names) == len(STEPS)


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("ruff", "import os\n"),
        ("black", "x = {  }\n"),
        ("mypy", "def f() -> int:\n    return 'a'\n"),
    ],
)
def test_a_planted_mistake_is_found(tmp_path: Path, tool: str, text: str) -> None:
    (tmp_path / "planted.py").write_text(text)
    command = next(command for name, command, _ in STEPS if name == tool)
    flags = [part for part in command if part.startswith("-") or part in {tool, "check"}]
    done = lint.run([*flags, str(tmp_path / "planted.py")], lint.ROOT)
    assert done.returncode == 1, done.stdout + done.stderr
