"""What a finding is known by: not its words, not its lines, and no other finding's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from cloudsync_gen import pipeline
from cloudsync_gen.diagnostics import Diagnostic, numbered
from support.effort import Effort
from support.rules import MEMORY, find_fixtures, fixture_input
from support.trees import Files

FIXTURES = find_fixtures(Path(__file__).parents[2] / "rules")


def found(files: Files) -> tuple[Diagnostic, ...]:
    return pipeline.check(files, store=MEMORY).diagnostics


def moved(files: Files) -> Files:
    """Every text three lines lower; nothing else changes."""
    marks = {".proto": b"//", ".graphql": b"#", ".yaml": b"#"}
    return {
        path: marks[Path(path).suffix] + b" a\n\n\n" + content
        for path, content in files.items()
        if Path(path).suffix in marks
    } | {path: content for path, content in files.items() if Path(path).suffix not in marks}


@pytest.fixture(scope="module")
def models(effort: Effort) -> list[Files]:
    number = effort.count(small=12, full=len(FIXTURES))
    chosen = random.Random(11).sample(FIXTURES, number)
    return [fixture_input(folder, "bad") for folder in chosen]


def test_moved_lines_keep_it(models: list[Files]) -> None:
    for files in models:
        before, after = found(files), found(moved(files))
        assert [each.fingerprint for each in after] == [each.fingerprint for each in before] != []


def test_other_words_keep_it(models: list[Files]) -> None:
    for files in models:
        for each in found(files):
            reworded = replace(
                each, message="else", hint="else", severity=each.severity, related=()
            )
            assert reworded.fingerprint == each.fingerprint
            assert not {each.message, each.hint} & set(each.facts)


def test_no_two_findings_share_one(models: list[Files]) -> None:
    for files in models:
        prints = [each.fingerprint for each in found(files)]
        assert len(set(prints)) == len(prints)


def test_an_item_before_it_keeps_it() -> None:
    rule = next(each for each in FIXTURES if each.name == "enum_member_style")
    files, path = fixture_input(rule, "bad"), "model/07_data_model/brewing/recipe.yaml"
    (before,) = found(files)
    more = files[path].replace(b"enum: [firstPage", b"enum: [zerothPage, firstPage")
    (after,) = found({**files, path: more})
    assert before.ref.pointer != after.ref.pointer
    assert before.fingerprint == after.fingerprint


def test_what_has_the_same_facts_is_counted() -> None:
    rule = next(each for each in FIXTURES if each.name == "dangling_link")
    (one,) = found(fixture_input(rule, "bad"))
    first, second, third = numbered([one, one, one])
    assert first.fingerprint == one.fingerprint
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3
    assert [*numbered([second, third])] == [first, second]
