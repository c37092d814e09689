"""Every rule finds its `bad` fixture at the right place, and nothing in `ok`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudsync_gen.rules import RULES
from support.golden import Golden
from support.rules import BASE, find_fixtures, findings, fixture_input
from support.trees import write_tree

FIXTURES = Path(__file__).parent / "rules"
FOUND = find_fixtures(FIXTURES)
CODES = {rule.check.__module__.removeprefix("cloudsync_gen.rules."): rule.code for rule in RULES}


def name(folder: Path) -> str:
    return folder.relative_to(FIXTURES).as_posix()


def code_of(folder: Path) -> str:
    """The code of the rule whose module the fixture is named after."""
    return CODES[f"{folder.parent.name}.{folder.name}"]


def test_the_base_is_clean() -> None:
    assert findings(fixture_input(FIXTURES / "none" / "none", "ok")) == []


@pytest.mark.parametrize("folder", FOUND, ids=name)
def test_bad(folder: Path, golden: Golden) -> None:
    found = findings(fixture_input(folder, "bad"))
    assert code_of(folder) in {each.code for each in found}, f"it found {[*map(str, found)]}"
    golden.text(folder / "expected.txt", "".join(f"{each}\n" for each in found))


@pytest.mark.parametrize("folder", FOUND, ids=name)
def test_ok(folder: Path) -> None:
    files, bad = fixture_input(folder, "ok"), fixture_input(folder, "bad")
    assert [*map(str, findings(files))] == []
    assert files != bad


def test_a_fixture_overlays_and_edits_its_base(tmp_path: Path) -> None:
    goals = "model/01_motivation/goals.yaml"
    edit = {goals: {'"40"': '"50"'}, "model/01_motivation/stakeholders.yaml": None}
    write_tree(tmp_path / "some" / "_base", {"model/extra.yaml": "a: 1\n"})
    write_tree(
        tmp_path / "some" / "rule" / "bad",
        {"edit.json": json.dumps(edit), "model/more.yaml": "b: 1\n"},
    )
    assert find_fixtures(tmp_path) == [tmp_path / "some" / "rule"]
    files = fixture_input(tmp_path / "some" / "rule", "bad")
    assert {"model/extra.yaml", "model/more.yaml", goals} <= files.keys()
    assert "model/01_motivation/stakeholders.yaml" not in files
    assert files[goals] == (BASE / goals).read_bytes().replace(b'"40"', b'"50"')
    found = findings(files)
    assert f"{goals}:8:7: LNK001" in [str(each) for each in found]
