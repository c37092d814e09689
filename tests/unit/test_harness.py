"""The harness of cases/ and rules/, tried on a command that writes, changes, removes and prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from support.cases import Case, Outcome, Step, case_input, judge, read_case, run_case
from support.golden import Golden
from support.trees import edited, read_tree, write_tree


def scribe(argv: Sequence[str]) -> int:
    """Stands in for the command line: `write NAME`, `remove NAME`, `say`, else a usage error."""
    verb, *names = argv
    for name in names:
        if verb == "write":
            write_tree(Path(), {name: "made\n"})
        if verb == "remove":
            Path(name).unlink()
    sys.stdout.write(f"{verb} {len(names)}\n")
    sys.stderr.write("done\n" if verb != "say" else "")
    return {"write": 0, "remove": 0, "say": 1}[verb]


CASE = Case(
    steps=[
        Step(args=["write", "out/a.txt", "out/g.txt", "model/b.yaml"]),
        Step(
            args=["remove", "model/c.yaml"],
            write={"model/d.yaml": "d: 1\n"},
            edit={"model/e.yaml": {"e: 1": "e: 2"}, "model/f.yaml": None, "out/g.txt": {"a": "o"}},
        ),
        Step(args=["say"], exit=1),
    ]
)
INPUT = {
    "model/b.yaml": b"b: 1\n",
    "model/c.yaml": b"c: 1\n",
    "model/e.yaml": b"e: 1\n",
    "model/f.yaml": b"f: 1\n",
}
EXITS = [0, 0, 1]


def ran(tmp_path: Path) -> Outcome:
    root = tmp_path / "root"
    root.mkdir()
    return run_case(CASE, INPUT, root, scribe)


def committed(tmp_path: Path) -> tuple[Path, Outcome]:
    folder, outcome = tmp_path / "case", ran(tmp_path)
    folder.mkdir()
    judge(folder, outcome, EXITS, Golden(True, "renew"), tmp_path)
    return folder, outcome


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        ({"model/z.yaml": {"z": "y"}}, "no model/z.yaml to edit"),
        ({"model/b.yaml": {"c: 1": "c: 2"}}, "0 times, not once"),
        ({"model/b.yaml": {": ": ":"}}, "2 times, not once"),
    ],
)
def test_an_edit_of_something_else_than_one_place_is_a_mistake(
    edit: dict[str, dict[str, str] | None], complaint: str
) -> None:
    files = {"model/b.yaml": b"a: 1\nb: 1\n"}
    assert edited(files, {"model/b.yaml": {"b: 1": "b: 2"}}) == {"model/b.yaml": b"a: 1\nb: 2\n"}
    with pytest.raises(ValueError, match=complaint):
        edited(files, edit)


def test_an_update_writes_what_the_next_run_accepts(tmp_path: Path) -> None:
    folder, outcome = committed(tmp_path)
    judge(folder, outcome, EXITS, Golden(False, "renew"), tmp_path)
    assert read_tree(folder) == {
        "deleted.txt": b"model/c.yaml\n",
        "expected/model/b.yaml": b"made\n",
        "expected/out/a.txt": b"made\n",
        "stderr.txt": (
            b"$ cloudsync-gen write out/a.txt out/g.txt model/b.yaml\ndone\n"
            b"$ cloudsync-gen remove model/c.yaml\ndone\n$ cloudsync-gen say\n"
        ),
        "stdout.txt": (
            b"$ cloudsync-gen write out/a.txt out/g.txt model/b.yaml\nwrite 3\n"
            b"$ cloudsync-gen remove model/c.yaml\nremove 1\n$ cloudsync-gen say\nsay 0\n"
        ),
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("expected/out/a.txt", b"other\n"),
        ("expected/out/a.txt", b"made"),
        ("expected/out/a.txt", b"made\r\n"),
        ("expected/out/extra.unknown-suffix", b""),
        ("expected/out/a.txt", None),
        ("stdout.txt", b""),
        ("stderr.txt", b"done"),
        ("deleted.txt", None),
    ],
)
def test_any_difference_fails_and_names_the_way_out(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder, outcome = committed(tmp_path)
    if content is None:
        (folder / name).unlink()
    else:
        write_tree(folder, {name: content})
    with pytest.raises(AssertionError, match="If this is wanted: renew"):
        judge(folder, outcome, EXITS, Golden(False, "renew"), tmp_path)


def test_another_exit_code_fails_even_in_an_update(tmp_path: Path) -> None:
    folder, outcome = committed(tmp_path)
    with pytest.raises(AssertionError, match="exit codes"):
        judge(folder, outcome, [0, 0, 0], Golden(True, "renew"), tmp_path)


def test_the_folder_of_the_run_may_not_be_named(tmp_path: Path) -> None:
    folder, outcome = committed(tmp_path)
    leaky = Outcome([0], f"see {tmp_path}/model", "", outcome.written, [])
    with pytest.raises(AssertionError, match="names the folder"):
        judge(folder, leaky, [0], Golden(True, "renew"), tmp_path)


def test_a_base_is_overlaid_by_the_cases_own_files(tmp_path: Path) -> None:
    bases = tmp_path / "bases"
    write_tree(bases / "small", {"model/a.yaml": "a: 1\n", "model/b.yaml": "b: 1\n"})
    case = {"cmd.json": '{"args": ["check"], "base": "small"}', "model/b.yaml": "b: 2\n"}
    folder = write_tree(tmp_path / "case", case | {"expected/x": "", "stdout.txt": "no input\n"})
    files = case_input(folder, read_case(folder), bases)
    assert files == {"model/a.yaml": b"a: 1\n", "model/b.yaml": b"b: 2\n"}
    with pytest.raises(FileNotFoundError, match="no base"):
        case_input(folder, Case(steps=[], base="absent"), bases)


@pytest.mark.parametrize("process", [False, True])
def test_the_real_command_line_runs_in_both_ways(tmp_path: Path, process: bool) -> None:
    case = Case(steps=[Step(args=["no-such-command"], exit=2)], process=process)
    outcome = run_case(case, {}, tmp_path, main)
    assert outcome.exits == [2]
    assert "no-such-command" in outcome.stderr
    assert outcome.stdout == ""
