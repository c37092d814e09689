"""Golden cases: every folder below cases/ that has a `cmd.json`; support/cases.py says more."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from support.cases import case_input, find_cases, judge, read_case, run_case
from support.golden import Golden
from support.trees import read_tree

CASES = Path(__file__).parent / "cases"
BASES = Path(__file__).parent / "models"
FOUND = find_cases(CASES)


@pytest.mark.parametrize("folder", FOUND, ids=lambda p: p.relative_to(CASES).as_posix())
def test_case(folder: Path, tmp_path: Path, golden: Golden) -> None:
    case = read_case(folder)
    outcome = run_case(case, case_input(folder, case, BASES), tmp_path, main)
    judge(folder, outcome, [step.exit for step in case.steps], golden, tmp_path)
    if not golden.update:
        # what the judge compared is what is committed, to the byte and in both directions
        assert read_tree(folder / "expected", ignore=frozenset()) == outcome.written


def test_every_folder_of_cases_is_a_case() -> None:
    strays = [path.name for path in CASES.iterdir() if path.is_dir() and not find_cases(path)]
    assert strays == []
