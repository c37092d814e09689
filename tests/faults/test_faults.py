"""Single mistakes: each is found under its code at its line, and nothing else is said."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.rules import RULES
from support.rules import BASE, MEMORY, findings
from support.trees import Files, edited, read_tree

ROWS: list[dict[str, str]] = tomllib.loads(
    (Path(__file__).parent / "faults.toml").read_text(encoding="utf-8")
)["fault"]


@pytest.fixture(scope="module")
def lemonade() -> Files:
    return read_tree(BASE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_fault_is_found_where_it_is(lemonade: Files, row: dict[str, str]) -> None:
    files = edited(lemonade, {row["file"]: {row["old"]: row["new"]}})
    checked = pipeline.check(files, store=MEMORY)
    spans = [(each.span or checked.sources.span(each.ref), each) for each in checked.diagnostics]
    found = [f"{span.file}:{span.line} {each.code}" for span, each in spans]
    assert found == [f"{row['at']} {row['code']}"]
    for each in checked.diagnostics:
        assert all((each.message, each.hint, each.name))
        assert "\n" not in each.message + each.hint
        assert len(each.message) <= 300


def test_there_are_enough_faults_of_every_family() -> None:
    assert len({row["name"] for row in ROWS}) == len(ROWS) >= 60
    families = {row["code"][:3] for row in ROWS}
    own = {rule.code[:3] for rule in RULES} - {"SAG"}
    assert families == {"SRC", *own}


BYTES = [
    ("text that is not UTF-8", "model/01_motivation/goals.yaml", b"40", b"4\xff", "SRC007", 6),
    ("a NUL", "model/01_motivation/goals.yaml", b"40", b"4\x00", "SRC001", 6),
    ("proto not UTF-8", "model/06_api/grpc-services/press.proto", b"lever", b"\xff", "SRC007", 1),
    ("SDL not UTF-8", "model/06_api/graphql-apis/board.graphql", b"counter", b"\xff", "SRC007", 1),
]


@pytest.mark.parametrize(("name", "file", "old", "new", "code", "line"), BYTES)
def test_a_fault_of_bytes(
    lemonade: Files, name: str, file: str, old: bytes, new: bytes, code: str, line: int
) -> None:
    found = findings({**lemonade, file: lemonade[file].replace(old, new, 1)})
    assert [(each.file, each.line, each.code) for each in found] == [(file, line, code)], name


def test_no_manifest_is_one_finding(lemonade: Files) -> None:
    files = {name: text for name, text in lemonade.items() if name != "model/manifest.yaml"}
    assert [each.code for each in findings(files)] == ["SRC008"]
