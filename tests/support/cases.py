"""One case: a folder with a model, commands, and everything that they write and say.

    cmd.json      {"args": ["check"], "exit": 0}
                  or {"steps": [{"args": [...], "exit": 0}, ...]}, each step optionally with what
                  happens before it: "write": {path: text}, "edit": {path: {old: new} or null},
                  "link": {path: what the symbolic link there points to}
                  and optionally "base": a folder of tests/models/ that the case's files overlay,
                  "env": {name: value}, "process": true (a process of its own, not this one)
    expected/     every file that the commands made or changed, and nothing else
    stdout.txt    what they printed; with several steps each part begins with `$ cloudsync-gen ...`
    stderr.txt
    deleted.txt   files of the input that are gone afterwards, one a line
    all else      the input

Absent means empty. Nothing in them is typed by hand: `--update-golden` writes them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from support.golden import Golden
from support.trees import Files, edited, read_tree, write_tree

RESERVED = frozenset({"cmd.json", "stdout.txt", "stderr.txt", "deleted.txt"})
Main = Callable[[list[str]], int]


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    args: list[str]
    exit: int = 0
    write: dict[str, str] = {}
    edit: dict[str, dict[str, str] | None] = {}
    link: dict[str, str] = {}


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    steps: list[Step]
    base: str = ""
    env: dict[str, str] = {}
    process: bool = False


class Said(Struct, frozen=True):
    """What one command said, and how it ended."""

    exit: int
    stdout: str
    stderr: str


class Outcome(Struct, frozen=True):
    exits: list[int]
    stdout: str
    stderr: str
    written: Files
    deleted: list[str]


def find_cases(folder: Path) -> list[Path]:
    """Folders with a `cmd.json`, at any depth, sorted."""
    return sorted(path.parent for path in folder.rglob("cmd.json"))


def read_case(folder: Path) -> Case:
    import msgspec

    written = json.loads((folder / "cmd.json").read_text(encoding="utf-8"))
    if "steps" not in written:
        step = {key: written.pop(key) for key in ("args", "exit") if key in written}
        written["steps"] = [step]
    return msgspec.convert(written, Case)


def case_input(folder: Path, case: Case, bases: Path) -> Files:
    """The base, overlaid by the case's own files. A base that is not there is a mistake."""
    files: Files = {}
    if case.base:
        base = bases / case.base
        if not base.is_dir():
            raise FileNotFoundError(f"{folder}: no base {case.base!r} in {bases}")
        files |= read_tree(base)
    own = read_tree(folder)
    return files | {
        name: content
        for name, content in own.items()
        if name not in RESERVED and not name.startswith("expected/")
    }


def run_case(case: Case, files: Files, root: Path, main: Main) -> Outcome:
    """Run all steps in `root`, a folder that is there and empty."""
    write_tree(root, files)
    given, said = dict(files), []
    for step in case.steps:
        given |= _prepare(step, root)
        given = {name: text for name, text in given.items() if step.edit.get(name, "") is not None}
        said.append(_run_step(step, case, root, main))
    after = read_tree(root)
    many = len(case.steps) > 1
    heads = [f"$ cloudsync-gen {' '.join(step.args)}\n" if many else "" for step in case.steps]
    return Outcome(
        exits=[each.exit for each in said],
        stdout="".join(head + each.stdout for head, each in zip(heads, said, strict=True)),
        stderr="".join(head + each.stderr for head, each in zip(heads, said, strict=True)),
        written={name: text for name, text in after.items() if given.get(name) != text},
        deleted=sorted(given.keys() - after.keys()),
    )


def judge(folder: Path, outcome: Outcome, exits: list[int], golden: Golden, root: Path) -> None:
    """Fail unless exit codes, both texts, and everything written or deleted are as committed."""
    said = outcome.stdout + outcome.stderr
    assert str(root) not in said, "the output names the folder that it ran in"
    assert outcome.exits == exits, f"exit codes; it said:\n{said}"
    golden.text(folder / "stdout.txt", outcome.stdout)
    golden.text(folder / "stderr.txt", outcome.stderr)
    golden.text(folder / "deleted.txt", "".join(f"{name}\n" for name in outcome.deleted))
    golden.tree(folder / "expected", outcome.written)


def _prepare(step: Step, root: Path) -> Files:
    """Write, link and edit what the step says; the content of what was touched."""
    write_tree(root, step.write)
    for name, target in step.link.items():
        (root / name).symlink_to(target)
    found = {name: (root / name).read_bytes() for name in step.edit if (root / name).is_file()}
    changed = edited(found, step.edit)
    write_tree(root, changed)
    for name in found.keys() - changed.keys():
        (root / name).unlink()
    return changed | {
        name: text.encode() for name, text in step.write.items() if name not in changed
    }


def _run_step(step: Step, case: Case, root: Path, main: Main) -> Said:
    if case.process:
        return _in_process_of_its_own(step.args, case.env, root)
    return _in_this_process(step.args, case.env, root, main)


def plain_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a terminal that says nothing about itself, plus `env`."""
    drop = ("CLOUDSYNC_GEN_", "GITHUB_", "PRE_COMMIT", "PYTEST_", "LC_", "LANG")
    alone = {"CI", "NO_COLOR", "FORCE_COLOR", "PYTHONHASHSEED", "TZ"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(drop) and k not in alone}
    return kept | {"COLUMNS": "80", "TERM": "dumb", "LC_ALL": "C.UTF-8"} | dict(env)


def _in_process_of_its_own(args: list[str], env: Mapping[str, str], root: Path) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "cloudsync_gen", *args],
        cwd=root,
        env=plain_environment(env),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _in_this_process(args: list[str], env: Mapping[str, str], root: Path, main: Main) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(plain_environment(env)))
        stack.enter_context(contextlib.chdir(root))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        try:
            code = main(list(args))
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
    return Said(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
