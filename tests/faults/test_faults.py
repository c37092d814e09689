"""Single mistakes: each is found under its code at its line, and nothing else is said.

Some are written down one by one (`faults.toml`); others are made from how a rule can be broken, at
places that are drawn by lot (`breakers.toml`).
"""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen import rules as package
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules._rule import Rule
from support.breakers import Breaker, changed, read
from support.effort import Effort
from support.rules import BASE, MEMORY, find_fixtures, findings, fixture_input, laid_over
from support.trees import Files, edited, read_tree

ROWS: list[dict[str, str]] = tomllib.loads(
    (Path(__file__).parent / "faults.toml").read_text(encoding="utf-8")
)["fault"]


BREAKERS = read(Path(__file__).parent / "breakers.toml", Breaker)
ROOT = Path(__file__).resolve().parents[2]
RULES_FOLDER = ROOT / "tests" / "rules"
FIXTURES = find_fixtures(RULES_FOLDER)
SEED = 12
LEAST = 300
"""Single faults: rows, breakers at their places, and fixtures of rules that find one thing."""


@pytest.fixture(scope="module")
def lemonade() -> Files:
    return read_tree(BASE)


def is_single(folder: Path) -> bool:
    """Whether a rule's fixture finds one thing, and is no row as well."""
    edit = folder / "bad" / "edit.json"
    text = edit.read_text(encoding="utf-8") if edit.exists() else "{}"
    changes = [
        (file, *pair) for file, each in json.loads(text).items() for pair in (each or {}).items()
    ]
    rows = {(row["file"], row["old"], row["new"]) for row in ROWS}
    one = (folder / "expected.txt").read_text(encoding="utf-8").count("\n") == 1
    return one and not (len(changes) == 1 and rows & {*changes})


def with_fault(lemonade: Files, row: dict[str, str]) -> Files:
    """The model with a row's mistake in it."""
    base = laid_over(lemonade, RULES_FOLDER / row["over"]) if "over" in row else lemonade
    return edited(base, {row["file"]: {row["old"]: row["new"]}})


def found_in(files: Files) -> tuple[list[str], tuple[Diagnostic, ...]]:
    """What `check` finds, as `file:line CODE`, and the findings."""
    checked = pipeline.check(files, store=MEMORY)
    spans = [(each.span or checked.sources.span(each.ref), each) for each in checked.diagnostics]
    return [f"{span.file}:{span.line} {each.code}" for span, each in spans], checked.diagnostics


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_fault_is_found_where_it_is(lemonade: Files, row: dict[str, str]) -> None:
    found, diagnostics = found_in(with_fault(lemonade, row))
    assert found == [f"{row['at']} {row['code']}"]
    for each in diagnostics:
        assert all((each.message, each.hint, each.name))
        assert "\n" not in each.message + each.hint
        assert len(each.message) <= 300


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda breaker: breaker.name)
def test_a_rule_broken_by_lot_in_the_small_model(
    lemonade: Files, breaker: Breaker, effort: Effort
) -> None:
    for each in changed(breaker, lemonade, effort.count(small=1, full=3), SEED):
        assert found_in(each.files)[0] == [f"{each.place} {breaker.code}"]


def test_rules_broken_by_lot_in_the_large_model(
    effort: Effort, lemonade: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    files = dict(pipeline.read_model(ROOT))
    number, chosen = effort.count(small=1, full=2), BREAKERS[:: effort.count(small=20, full=1)]
    tried = [(b, each) for b in chosen for each in changed(b, files, number, SEED)]
    for breaker, each in tried:
        assert found_in(each.files)[0] == [f"{each.place} {breaker.code}"]
    small = [each for breaker in BREAKERS for each in changed(breaker, lemonade, 3, SEED)]
    total = len(ROWS) + len(small) + len(tried) + sum(map(is_single, FIXTURES))
    assert total >= LEAST
    with capsys.disabled():
        sys.stdout.write(f"\n{total} single faults, each the only finding, at its line\n")
    assert tried


def test_every_rule_is_broken_alone() -> None:
    """By a row, a breaker, or a fixture that finds nothing of any other rule."""
    assert len({row["name"] for row in ROWS}) == len(ROWS)
    assert len({each.name for each in BREAKERS}) == len(BREAKERS)
    alone = {row["code"] for row in ROWS} | {each.code for each in BREAKERS}
    for folder in FIXTURES:
        lines = (folder / "expected.txt").read_text(encoding="utf-8").split("\n")
        codes = {line.rpartition(" ")[2] for line in lines if line}
        alone |= codes if len(codes) == 1 else set()
    assert {rule.code for rule in RULES} - alone == IN_COMPANY


IN_COMPANY = {"SLO007"}
"""Attempts multiply beyond what one service may try along a chain of three; the small model has two
services, so that a third attempt at the first is a circle as well.
"""


def sites() -> Iterator[tuple[str, range]]:
    """Wherever a rule makes a finding: file and lines of each call of `at` on a rule."""
    for path in sorted(Path(package.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("RULE.at", "rule.at"):
                assert node.end_lineno is not None
                yield str(path), range(node.lineno, node.end_lineno + 1)


def test_every_branch_of_a_rule_is_broken_once(
    effort: Effort, lemonade: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: set[tuple[str, int]] = set()
    plain = Rule.at

    def at(self: Rule, *arguments: Any, **named: Any) -> Diagnostic:
        caller = sys._getframe(1)
        reached.add((caller.f_code.co_filename, caller.f_lineno))
        return plain(self, *arguments, **named)

    monkeypatch.setattr(Rule, "at", at)
    step = effort.count(small=20, full=1)
    for row in ROWS[::step]:
        findings(with_fault(lemonade, row))
    for folder in FIXTURES[::step]:
        findings(fixture_input(folder, "bad"))
    every = [*sites()]
    missed = [
        f"{file}:{lines.start}"
        for file, lines in every
        if not any((file, line) in reached for line in lines)
    ]
    assert reached
    assert len(every) - len(missed) <= len(reached)
    assert not effort.full or not missed, missed


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
