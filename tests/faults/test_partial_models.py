"""A model of which a part cannot be read is judged all the same, and nothing unread is missing.

Each element is broken in turn, and each file: what is said is about the break alone. And faults of
many kinds at once are all told at once.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cloudsync_gen import pipeline
from cloudsync_gen.load import yaml_tree
from support.effort import Effort
from support.rules import MEMORY, all_models, findings
from support.trees import Files, edited

FILES = all_models()
WRITTEN: dict[str, Any] = {
    name: yaml_tree.parse(name, text.decode()).value
    for name, text in FILES.items()
    if name.endswith(".yaml") and "/06_api/" not in name and not name.endswith("manifest.yaml")
}
ELEMENTS = [(name, key) for name, data in sorted(WRITTEN.items()) for key in data]
SOURCES = sorted(name for name in FILES if not name.endswith("manifest.yaml"))


FAULTS = {
    "model/11_apm/apm.yaml": {
        "objective: 99.99%\n": "objective: most\n",
        "dashboard: apm.dashboard.cellar\n  firstStep: Oil": (
            "dashboard: apm.dashboard.sellar\n  firstStep: Oil"
        ),
    },
    "model/04_application/brewing/recipe.yaml": {
        "  owner: business.actor.press-crew": "  owner: business.actor.pres-crew"
    },
    "model/06_api/rest-apis/recipe.openapi.yaml": {
        "x-command: application.query.get-recipe": "x-command: application.query.get-recip"
    },
    "model/06_api/graphql-apis/board.graphql": {
        "  class: RecipeClass!\n": "  class: RecipeClas!\n"
    },
    "model/06_api/grpc-services/press.proto": {"string recipe_id = 1;": "string recipe_id = 1"},
    "model/08_data_store/stores.yaml": {"property: lemons": "property: lemos"},
    "model/03_security/security.yaml": {"id: security.role.brewer": "id: security.role.brewr"},
}


def codes(files: Files) -> list[str]:
    return [each.code for each in findings(files)]


def with_element(file: str, key: str, change: dict[str, Any]) -> Files:
    data = {**WRITTEN[file], key: {**WRITTEN[file][key], **change}}
    return {**FILES, file: yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode()}


def test_the_model_is_clean() -> None:
    assert codes(FILES) == []


@pytest.mark.parametrize("number", range(8))
def test_an_element_with_a_wrong_field_is_the_only_finding(number: int, effort: Effort) -> None:
    step = effort.count(small=6, full=1)
    for file, key in ELEMENTS[number::8][::step]:
        assert codes(with_element(file, key, {"zzz": 1})) == ["MDL005"], (file, key)


@pytest.mark.parametrize("number", range(8))
def test_an_element_whose_name_is_no_text_is_the_only_finding(number: int, effort: Effort) -> None:
    """`name` is required: nothing of the element can be typed."""
    step = effort.count(small=6, full=1)
    for file, key in ELEMENTS[number::8][::step]:
        assert codes(with_element(file, key, {"name": []})) == ["MDL005"], (file, key)


@pytest.mark.parametrize("number", range(4))
def test_any_field_may_be_the_wrong_one(number: int, effort: Effort) -> None:
    fields = [
        (file, key, field)
        for file, key in ELEMENTS
        for field in WRITTEN[file][key]
        if field not in ("id", "schema", "name")
    ]
    step = effort.count(small=9, full=1)
    for file, key, field in fields[number::4][::step]:
        found = set(codes(with_element(file, key, {field: {"odd": [7]}})))
        assert found == {"MDL005"}, (file, key, field, found)


@pytest.mark.parametrize("file", SOURCES)
def test_a_file_that_cannot_be_read_is_the_only_finding(file: str) -> None:
    found = findings({**FILES, file: FILES[file] + b"\n\t}: [\n"})
    assert found
    assert {each.file for each in found} == {file}
    assert {each.code[:3] for each in found} <= {"SRC", "GQL", "PRT", "OAS", "WHK"}


def test_faults_in_seven_formats_are_told_at_once() -> None:
    faulty = edited(FILES, FAULTS)
    found = {(each.file.rpartition("/")[2], each.code) for each in findings(faulty)}
    assert found == {
        ("apm.yaml", "MDL005"),
        ("apm.yaml", "LNK001"),
        ("recipe.yaml", "LNK001"),
        ("recipe.openapi.yaml", "LNK001"),
        ("board.graphql", "GQL002"),
        ("press.proto", "SRC001"),
        ("stores.yaml", "SHP002"),
        ("security.yaml", "MDL010"),
    }


def test_a_misspelt_id_is_told_once() -> None:
    files = edited(
        FILES,
        {
            "model/04_application/selling/lambda.yaml": {
                "  id: application.service.lambda\n": "  id: application.service.lamda\n"
            }
        },
    )
    assert codes(files) == ["MDL010"]


def test_the_model_is_there_unless_a_text_is_lost() -> None:
    wrong = pipeline.check(with_element(*ELEMENTS[0], {"zzz": 1}), store=MEMORY)
    assert wrong.model is not None
    lost = pipeline.check({**FILES, SOURCES[0]: b"\t: ["}, store=MEMORY)
    assert lost.model is None
