"""Fields of types that other services answer: what they are asked by, and where they stand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.model.joins import Asked, Unanswerable, asked
from cloudsync_gen.model.layers.api import JoinedField
from cloudsync_gen.targets.service_graphql import TARGET
from cloudsync_gen.targets.service_graphql.views import GraphqlView
from support.rules import BASE, MEMORY, laid_over
from support.trees import Files, edited, read_tree

BOARD = "model/06_api/graphql-apis/board.graphql"
LAMBDA = "model/04_application/selling/lambda.yaml"
PRESS = "model/06_api/grpc-services/press.proto"
DATA = "model/07_data_model/selling/press.yaml"
OVERLAY = Path(__file__).parents[1] / "rules" / "graphql" / "_base"


@cache
def joined_model() -> Files:
    return laid_over(read_tree(BASE), OVERLAY)


def how(field: str, files: Files) -> Asked | Unanswerable:
    model = pipeline.check(files, store=MEMORY).model
    assert model is not None
    (join,) = (each for each in model.all(JoinedField) if each.field_name == field)
    return asked(model, join)


def test_many_are_asked_for_by_a_list() -> None:
    found = how("press", joined_model())
    assert isinstance(found, Asked)
    assert (found.many, found.within, found.key, found.most) == ("pressIds", "presses", "id", 50)
    assert found.element == "data_model.entity.press"


def test_a_list_without_bounds_is_asked_for_a_hundred_at_once() -> None:
    files = edited(
        joined_model(),
        {
            DATA: {
                '        maxItems: 50\n        items: { $ref: "../': '        items: { $ref: "../',
                '        maxItems: 50\n        items: { $ref: "#': '        items: { $ref: "#',
            }
        },
    )
    found = how("press", files)
    assert isinstance(found, Asked)
    assert found.most == 100


def test_one_is_asked_for_by_its_id() -> None:
    found = how("first", joined_model())
    assert isinstance(found, Asked)
    assert (found.many, found.element) == ("", "data_model.entity.press")


@pytest.mark.parametrize(
    ("field", "file", "old", "new", "fault"),
    [
        ("first", LAMBDA, "kind: get", "kind: custom", "not asked by one id"),
        ("first", PRESS, "(GetPressResponse)", "(stream GetPressResponse)", "a stream"),
        ("first", BOARD, "press-get-press", "press-run", "is no query"),
        ("press", DATA, "    required: [pressIds]\n", "", "more than one list"),
        (
            "press",
            DATA,
            '{ $ref: "#/press/schema" }',
            '{ $ref: "../common/common.yaml#/uuid/schema" }',
            "no list of the answer has items",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(
    field: str, file: str, old: str, new: str, fault: str
) -> None:
    found = how(field, edited(joined_model(), {file: {old: new}}))
    assert isinstance(found, Unanswerable)
    assert fault in found.what


def test_what_check_lets_pass_is_generated() -> None:
    model = pipeline.check(joined_model(), store=MEMORY).model
    assert model is not None
    contracts = compile_contracts(model).value
    (unit,) = TARGET.units(model, contracts)
    assert isinstance(unit.view, GraphqlView)
    told = {each.place: each.join for each in unit.view.fields if each.kind == "joined"}
    assert told == {
        "Recipe.press": {
            "by": "ownerId",
            "many": "pressIds",
            "within": "presses",
            "key": "id",
            "most": 50,
        },
        "Recipe.first": {"by": "ownerId", "parameter": "press_id"},
    }
    entry = contracts.index["joins"]["api.join.board-recipe-press"]
    assert (entry["type"], entry["field"], entry["by"]) == ("Recipe", "press", "ownerId")
    assert entry["links"] == {"join-resolves": ["api.rpc.press-find-presses"]}
    found = contracts.index["rpcs"]["api.rpc.press-find-presses"]["usedBy"]
    assert found["joinedBy"] == ["api.join.board-recipe-press"]


def test_what_others_answer_is_no_part_of_the_entity() -> None:
    """Nor a property that the data model would have to have."""
    files = dict(read_tree(BASE))
    text = files[BOARD].decode()
    line = 'press: Special @resolves(operation: "api.operation.recipe-get-recipe", by: "ownerId")'
    text = text.replace("  secretSpice: String\n", f"  secretSpice: String\n  {line}\n")
    files[BOARD] = (text + "\ntype Special { id: UUID! }\n").encode()
    checked = pipeline.check(files)
    assert [each.code for each in checked.diagnostics if each.code.startswith("SHP")] == []
    assert checked.model is not None
    (join,) = checked.model.all(JoinedField)
    assert (join.id, join.by) == ("api.join.board-recipe-press", "ownerId")
    assert checked.model.origins(join.resolves, "join-resolves") == (join.id,)


def test_what_it_is_asked_by_must_be_said() -> None:
    files = dict(read_tree(BASE))
    line = b'  press: Recipe @resolves(operation: "api.operation.recipe-get-recipe")\n'
    files[BOARD] = files[BOARD].replace(
        b"  secretSpice: String\n", b"  secretSpice: String\n" + line
    )
    (found,) = pipeline.check(files).diagnostics
    assert (found.code, "by" in found.message) == ("GQL004", True)


def test_a_field_of_an_interface_is_answered_by_nobody() -> None:
    more = """
interface Owned {
  press: Machine @resolves(operation: "api.rpc.press-get-press", by: "ownerId")
}
"""
    files = dict(joined_model())
    files[BOARD] += more.encode()
    (found,) = pipeline.check(files, store=MEMORY).diagnostics
    assert (found.code, found.ref.pointer) == (
        "GQL003",
        ("types", "Owned", "fields", "press", "resolves"),
    )
