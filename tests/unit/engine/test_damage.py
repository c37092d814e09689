"""Whatever becomes of the index and the cache, and whoever uses them at once: the same is found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.cli import main
from cloudsync_gen.engine import index
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.locks import STATE
from cloudsync_gen.model.traces import Extract
from cloudsync_gen.model.verdicts import Judge, Verdicts
from cloudsync_gen.model.watching import Part
from support.effort import Effort
from support.mutants import mutants
from support.rules import BASE
from support.trees import read_tree, write_tree

SEED = 31
LEMONADE = read_tree(BASE)
MODEL = {
    name: text for name, text in LEMONADE.items() if name.endswith((".yaml", ".graphql", ".proto"))
}

Damage = Callable[[Path, Random, Path], None]


def flipped(path: Path, random: Random, stranger: Path) -> None:
    content = bytearray(path.read_bytes() or b"\0")
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def truncated(path: Path, random: Random, stranger: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: random.randrange(len(content) + 1)])


def removed(path: Path, random: Random, stranger: Path) -> None:
    path.unlink()


def aged(path: Path, random: Random, stranger: Path) -> None:
    os.utime(path, (1, 1))


def replaced(path: Path, random: Random, stranger: Path) -> None:
    """By something else of the same folder, as a sync tool may leave it."""
    others = sorted(each for each in path.parent.rglob("*") if each.is_file())
    path.write_bytes(random.choice(others).read_bytes())


def exchanged(path: Path, random: Random, stranger: Path) -> None:
    """All of it is that of another machine's tree, which holds another model."""
    state = next(each for each in path.parents if each.name == STATE)
    shutil.rmtree(state)
    shutil.copytree(stranger / STATE, state)


def hidden(path: Path, random: Random, stranger: Path) -> None:
    """A folder stands where a file was."""
    path.unlink()
    path.mkdir()


DAMAGES: tuple[Damage, ...] = (flipped, truncated, removed, aged, replaced, exchanged, hidden)


def said(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["--root", str(root), *arguments])
    return code, capsys.readouterr().out


def with_fault(root: Path) -> Path:
    """A model with something to find, and the state that a check of it leaves."""
    write_tree(root, LEMONADE)
    text = (root / "model/09_ux/ux.yaml").read_text()
    (root / "model/09_ux/ux.yaml").write_text(text.replace("press-crew", "pres-crew", 1))
    return root


def test_damage_costs_time_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], effort: Effort
) -> None:
    """A change of the model and a damage at a time: what is found is found without any state."""
    root, stranger = write_tree(tmp_path / "root", LEMONADE), with_fault(tmp_path / "stranger")
    for each in (root, stranger):
        said(each, capsys, "check")
    random, trials = Random(SEED), effort.count(small=7, full=200)
    before = LEMONADE
    for turn, mutant in enumerate(mutants(MODEL, trials, SEED)):
        files = sorted(each for each in (root / STATE).rglob("*") if each.is_file())
        DAMAGES[turn % len(DAMAGES)](random.choice(files), random, stranger)
        write_tree(root, before if turn % 3 == 0 else {mutant.file: mutant.text})
        known = said(root, capsys, "check", "--format", "json")
        assert known == said(root, capsys, "check", "--format", "json", "--no-cache"), str(mutant)
        assert said(root, capsys, "check")[0] == known[0], str(mutant)


def test_a_damaged_state_hides_no_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], effort: Effort
) -> None:
    root = write_tree(tmp_path / "root", LEMONADE)
    stranger = with_fault(tmp_path / "stranger")
    said(stranger, capsys, "check")
    assert said(root, capsys, "generate", "-j1")[0] == 0
    outputs = sorted(each for each in (root / "contracts").rglob("*") if each.is_file())
    random = Random(SEED)
    for turn in range(effort.count(small=3, full=70)):
        files = sorted(each for each in (root / STATE).rglob("*") if each.is_file())
        DAMAGES[turn % len(DAMAGES)](random.choice(files), random, stranger)
        output = random.choice(outputs)
        content = output.read_bytes()
        flipped(output, random, stranger)
        assert said(root, capsys, "generate", "--check", "-j1")[0] == 1, output
        output.write_bytes(content)
        assert said(root, capsys, "generate", "--check", "-j1")[0] == 0, output


def test_another_library_judges_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules stand on libraries: what one version found, another may not find."""
    judges: list[Judge] = []
    made = Verdicts.made

    def noted(verdicts: Verdicts, judge: Judge, part: Part | None = None) -> Extract:
        judges.append(judge)
        return made(verdicts, judge, part)

    def judged() -> int:
        judges.clear()
        assert pipeline.examine(LEMONADE, store=Store(tmp_path)).diagnostics == ()
        return len(judges)

    monkeypatch.setattr(Verdicts, "made", noted)
    first = judged()
    assert first > 100
    assert judged() == 0
    monkeypatch.setattr(index, "environment", lambda: "cel 9.9")
    assert judged() == first


def test_two_checks_at_once_find_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], effort: Effort
) -> None:
    """Both read the cache and both renew it."""
    root = with_fault(tmp_path / "root")
    command = [sys.executable, "-m", "cloudsync_gen", "--root", str(root), "check"]
    for mutant in mutants(MODEL, effort.count(small=2, full=20), SEED + 1):
        write_tree(root, {mutant.file: mutant.text})
        line = [*command, "--format", "json"]
        runs = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        found = [run.communicate()[0] for run in runs]
        alone = said(root, capsys, "check", "--format", "json", "--no-cache")
        assert [(run.returncode, text) for run, text in zip(runs, found, strict=True)] == [
            alone,
            alone,
        ]
        assert said(root, capsys, "check", "--format", "json") == alone


def test_settings_behind_a_link_are_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a link leads to is what the verdict rests upon."""
    root = with_fault(tmp_path / "root")
    shared = write_tree(tmp_path / "shared", {"pyproject.toml": ""}) / "pyproject.toml"
    (root / "pyproject.toml").symlink_to(shared)
    code, found = said(root, capsys, "check", "--format", "json")
    assert code == 1
    ignored = sorted({each["code"] for each in json.loads(found)["findings"]})
    shared.write_text(f"[tool.cloudsync-gen]\nignore = {json.dumps(ignored)}\n")
    assert said(root, capsys, "check")[0] == 0
    assert said(root, capsys, "check")[0] == 0
    shared.write_text("")
    assert said(root, capsys, "check")[0] == 1
