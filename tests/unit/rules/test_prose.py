"""Rules judge part by part and without prose what they judge whole and as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bench.synthetic import synthetic
from cloudsync_gen import pipeline
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.application import Command, Service
from cloudsync_gen.model.prose import without_prose
from cloudsync_gen.model.reading import PLAIN, Reading, into, noting, without_reading_prose
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.verdicts import Verdicts
from cloudsync_gen.model.watching import MOST_PARTS, partly, parts_of, watched
from cloudsync_gen.rules import RULES
from cloudsync_gen.rules._rule import Rule
from support.rules import BASE, MEMORY, find_fixtures, fixture_input
from support.trees import Files, read_tree

FIXTURES = Path(__file__).parents[2] / "rules"
FOUND = find_fixtures(FIXTURES)
BY_MODULE = {rule.check.__module__.removeprefix("cloudsync_gen.rules."): rule for rule in RULES}
LEMONADE = read_tree(BASE)
_PROSE = re.compile(rb"(?m)^( +(?:- )?(?:description|summary|title): )(?=[A-Z])")


def told(found: Iterable[Diagnostic]) -> set[tuple[str, object, str]]:
    return {(each.code, each.ref, each.message) for each in found}


def in_parts(model: Model, rule: Rule) -> set[tuple[str, object, str]]:
    parts = parts_of(model, rule.each).values() if rule.each else ()
    with noting(), into(Reading()), without_reading_prose():
        seen = [partly(model, part) for part in parts] if rule.each else [watched(model)]
        return {each for one in seen for each in told(rule.findings(one))}


@pytest.mark.parametrize("family", sorted({each.parent.name for each in FOUND}))
def test_a_rule_finds_the_same(family: str) -> None:
    judged = 0
    for folder in (each for each in FOUND if each.parent.name == family):
        model = pipeline.check(fixture_input(folder, "bad"), rules=(), store=MEMORY).model
        rule = BY_MODULE[f"{family}.{folder.name}"]
        if model is not None and model.whole and not rule.alone:
            found = told(rule.findings(model))
            assert in_parts(model, rule) == found, folder
            judged += len(found)
    assert judged or family in ("none", "regions")


def reworded(folder: str) -> Files:
    """Other prose in all files of a folder of the model."""
    return {
        file: _PROSE.sub(rb"\1Now ", text) if file.startswith(f"model/{folder}/") else text
        for file, text in LEMONADE.items()
    }


@pytest.mark.parametrize("folder", ["06_api/rest-apis", "07_data_model"])
def test_nobody_judges_prose_anew(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But what elements themselves say of themselves is another field of theirs."""
    store, files = Store(tmp_path), reworded(folder)
    pipeline.examine(LEMONADE, store=store)
    judges: list[str] = []
    made = Verdicts.made

    def noted(self: Verdicts, judge: Any, *part: Any) -> Any:
        judges.append(judge.__qualname__)
        return made(self, judge, *part)

    monkeypatch.setattr(Verdicts, "made", noted)
    assert files != LEMONADE
    assert pipeline.examine(files, store=store).diagnostics == ()
    assert len(judges) < 12, judges


def test_what_is_read_without_prose_is_another_thing() -> None:
    model = pipeline.check(LEMONADE, rules=(), store=MEMORY).model
    assert model is not None
    source = model.sources.rest[0]
    with noting(), into(Reading()) as whole:
        title = source.data["info"]["title"]
    with noting(), into(Reading()) as plain, without_reading_prose():
        hidden = source.data["info"]["title"]
    assert (title != hidden, hidden) == (True, "…")
    assert whole.read.fields.keys() == {"data"}
    assert plain.read.fields.keys() == {"data" + PLAIN}
    assert source.data["info"]["title"] == title


def test_prose_is_what_people_are_told() -> None:
    written = {
        "title": "A",
        "description": " ",
        "properties": {
            "title": {"type": "string", "description": "B", "default": "C"},
            "summary": {"enum": ["D"], "examples": [{"description": "E"}]},
        },
        "required": ["title"],
        "allOf": [{"$comment": "F", "const": {"title": "G"}}],
    }
    assert without_prose(written) == {
        **written,
        "title": "…",
        "properties": {
            "title": {"type": "string", "description": "…", "default": "C"},
            "summary": {"enum": ["D"], "examples": [{"description": "E"}]},
        },
        "allOf": [{"$comment": "…", "const": {"title": "G"}}],
    }
    silent = {"type": "object", "properties": {"title": {"type": "string"}}}
    assert without_prose(silent) is silent


def test_a_model_of_many_folders_is_cut_into_a_bounded_number_of_parts() -> None:
    checked = pipeline.check(synthetic(170), rules=())
    assert checked.model is not None
    kinds: tuple[type[Element], ...] = (Command, Service)
    parts = parts_of(checked.model, kinds)
    folders = {
        checked.model.refs[ElementId(each.id)].file.rpartition("/")[0]
        for each in checked.model.all(Service)
    }
    assert len(parts) <= MOST_PARTS < len(folders)
    for kind in kinds:
        judged = sorted(each.id for part in parts.values() for each in part[kind])
        assert judged == sorted(each.id for each in checked.model.all(kind))
