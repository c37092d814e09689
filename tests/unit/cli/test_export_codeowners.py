"""`export codeowners`: lines of the services' owners, and nothing else of the file touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.report.codeowners import BEGIN, END
from support.rules import BASE

ROOT = Path(__file__).parents[3]


def export(file: Path, *more: str) -> int:
    return main(["--root", str(BASE), "export", "codeowners", str(file), *more])


def test_each_service_has_its_owner_and_other_lines_stay(tmp_path: Path) -> None:
    file = tmp_path / ".github" / "CODEOWNERS"
    file.parent.mkdir()
    file.write_text("* @everybody")
    assert export(file, "--organization", "acme") == 0
    lines = file.read_text().splitlines()
    assert lines[:2] == ["* @everybody", BEGIN]
    assert lines[-1] == END
    assert "/generated/services/recipe/ @acme/press-crew" in lines
    assert "/model/04_application/brewing/recipe-commands.yaml @acme/press-crew" in lines
    assert sorted(each.name for each in tmp_path.iterdir()) == [".cloudsync-gen", ".github"]
    file.write_text(
        "# mine\n" + file.read_text().replace("@acme/press-crew", "@x/y") + "docs/ @d\n"
    )
    assert export(file, "--organization", "acme") == 0
    assert file.read_text().splitlines() == ["# mine", *lines, "docs/ @d"]


def test_a_new_file_is_the_block_and_a_second_run_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "CODEOWNERS"
    assert export(file) == 0
    before = file.read_bytes()
    assert before.startswith(BEGIN.encode())
    assert export(file) == 0
    assert file.read_bytes() == before
    assert capsys.readouterr().err.endswith("CODEOWNERS: unchanged\n")


def test_what_nobody_would_read_or_could_keep_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(tmp_path / "owners.txt") == 2
    assert "is read by nobody; hosts look for CODEOWNERS, .github/" in capsys.readouterr().err
    assert export(tmp_path / "CODEOWNERS", "--organization", "a b") == 2
    binary = tmp_path / "CODEOWNERS"
    binary.write_bytes(b"\xff\xfe")
    assert export(binary) == 4
    assert binary.read_bytes() == b"\xff\xfe"


def test_this_repository_has_the_lines_of_its_model(tmp_path: Path) -> None:
    made = tmp_path / "CODEOWNERS"
    assert main(["--root", str(ROOT), "export", "codeowners", str(made)]) == 0
    assert (
        made.read_text() in (ROOT / ".github" / "CODEOWNERS").read_text()
    ), "run: cloudsync-gen export codeowners .github/CODEOWNERS"
