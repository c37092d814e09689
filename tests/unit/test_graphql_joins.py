"""Fields of types that other services answer: what they are asked by, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from cloudsync_gen import pipeline
from cloudsync_gen.model.layers.api import JoinedField, Operation, Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets.service_graphql.callees import Called, Callees, Parameter
from cloudsync_gen.targets.service_graphql.fit import Fit
from cloudsync_gen.targets.service_graphql.joins import joined
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting
from support.trees import read_tree

BASE = Path(__file__).parents[1] / "models" / "lemonade"
BOARD = "model/06_api/graphql-apis/board.graphql"
SDL = """
    scalar UUID
    type Card { userId: UUID! name: String }
    type Letter {
      authorId: UUID!
      signers: [UUID!]!
      author: Card
      always: Card!
      several: [Card]
      asked(how: String): Card
    }
    type Query { letter: Letter }
"""
TEXT = {"type": "string"}
IDS = {"type": "array", "items": TEXT, "maxItems": 200}
SCHEMAS: dict[str, Any] = {
    "Card": {
        "type": "object",
        "required": ["userId"],
        "properties": {"userId": TEXT, "name": TEXT},
    },
    "Wanted": {"type": "object", "required": ["userIds"], "properties": {"userIds": IDS}},
    "Cards": {
        "type": "object",
        "required": ["cards", "unknown"],
        "properties": {
            "unknown": IDS,
            "cards": {"type": "array", "items": {"$ref": "#/components/schemas/Card"}},
        },
    },
}
MANY = Called(
    attribute="people",
    method="find_cards",
    edge="Omitted",
    access="authenticated",
    parameters=(),
    body={"$ref": "#/components/schemas/Wanted"},
    output={"$ref": "#/components/schemas/Cards"},
    schemas=SCHEMAS,
)
BY_ID = Parameter("card_id", "cardId", "UUID", required=True, in_path=True)
ONE = replace(MANY, parameters=(BY_ID,), body=None, output=SCHEMAS["Card"])


@cache
def lemonade() -> Model:
    model = pipeline.check(read_tree(BASE)).model
    assert model is not None
    return model


class Told(Callees):
    """Whatever is called is this."""

    def __init__(self, called: Called) -> None:
        self._called = called

    def called(self, carrier: Operation | Rpc) -> Called:
        return self._called


def join_of(
    called: Called,
    field: str = "author",
    by: str = "authorId",
    operation: str = "api.operation.recipe-get-recipe",
) -> dict[str, str | int]:
    contract = build_schema(SDL)
    join = JoinedField(
        id=f"api.join.post-letter-{field}",
        name=field,
        description=field,
        document="post",
        type_name="Letter",
        field_name=field,
        return_type="Card",
        by=by,
        resolves=operation,
    )
    found = joined(join, lemonade(), contract, Told(called), Fit(contract))
    assert (found.place, found.kind) == (f"Letter.{field}", "joined")
    return found.join


def test_many_are_asked_for_by_a_list() -> None:
    assert join_of(MANY) == {
        "by": "authorId",
        "many": "userIds",
        "within": "cards",
        "key": "userId",
        "most": 100,
    }


def test_one_is_asked_for_by_its_id() -> None:
    assert join_of(ONE) == {"by": "authorId", "parameter": "card_id"}


def schemas(**changed: Any) -> dict[str, Any]:
    return {**SCHEMAS, **changed}


@pytest.mark.parametrize(
    ("called", "more", "fault"),
    [
        (MANY, {"field": "always"}, "no list, and nullable"),
        (MANY, {"field": "several"}, "no list, and nullable"),
        (MANY, {"field": "asked"}, "takes no arguments"),
        (MANY, {"field": "lost"}, "has no field `Letter.lost`"),
        (MANY, {"by": "lost"}, "no field `lost` of one value"),
        (MANY, {"by": "signers"}, "no field `signers` of one value"),
        (MANY, {"operation": "api.operation.recipe-approve-recipe"}, "changes something"),
        (MANY, {"operation": "api.operation.recipe-lost"}, "nothing answers it"),
        (replace(MANY, access="workload"), {}, "answers workloads alone"),
        (replace(ONE, parameters=(BY_ID, BY_ID)), {}, "not asked by one id"),
        (replace(MANY, parameters=(BY_ID,)), {}, "not asked by one id"),
        (
            replace(MANY, schemas=schemas(Wanted={"properties": {"a": IDS, "b": IDS}})),
            {},
            "more than one list",
        ),
        (
            replace(MANY, schemas=schemas(Card={"properties": {"userId": TEXT}})),
            {},
            "no list of the answer has items",
        ),
        (replace(ONE, output={"properties": {"name": TEXT}}), {}, "Letter.author.userId"),
    ],
)
def test_what_cannot_be_joined_is_told(called: Called, more: dict[str, str], fault: str) -> None:
    with pytest.raises(Unfitting, match=fault):
        join_of(called, **more)


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
