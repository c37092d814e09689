"""What newly leaves its service between two states of a model, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.leaks import leaks
from support.rules import BASE, MEMORY
from support.trees import Files, edited, read_tree

Edits = dict[str, dict[str, str]]

RECIPE = "model/07_data_model/brewing/recipe.yaml"
LAMBDA = "model/04_application/selling/lambda.yaml"
APM = "model/11_apm/apm.yaml"
STORES = "model/08_data_store/stores.yaml"
ROUTES = "model/10_navigation/routes.yaml"
BOARD = "model/06_api/graphql-apis/board.graphql"

SPICE = "      secretSpice: { type: string, maxLength: 60, x-classification: restricted }\n"
APPROVED = "    required: [recipeId, title]\n    properties:\n"
CREATED = "    required: [recipeId, title, class]\n    properties:\n"
CALL = """  calls:
    - operation: api.operation.recipe-get-recipe
      purpose: what to press
      timeout: 80ms
      retries: 0
      fallback: { kind: fail }
  consumes:
"""
NORTH = "technology.region.eu-north-1"
PRESSES = (
    "  collection: presses\n  service: application.service.lambda\n"
    "  x-json-schema: data_model.entity."
)
MASKED = "  masked: [security.classification.restricted]"
EXPOSED, LOWERED = "classified-property-exposed", "classified-property-lowered"

OUTSIDE = "who is let in from outside receives"
LAMBDA_HAS = "`application.service.lambda` receives"
NOBODY = "`technology.topic.recipes` receives"
Told = tuple[str, str, str]


def newly(prop: str, of: str, where: str, who: str, weighs: str = "error") -> Told:
    what = f"`{prop}` of `data_model.{of}` is restricted and newly leaves its {where}: {who} it"
    return (EXPOSED, weighs, what)


def lowered(after: str) -> Told:
    what = "`secretSpice` of `data_model.entity.recipe` was restricted"
    return (LOWERED, "error", f"{what} and {after}, while it leaves its system: {OUTSIDE} it")


CASES: dict[str, tuple[Edits, list[Told]]] = {
    "nothing": ({}, []),
    "an event, and the webhook that carries it": (
        {RECIPE: {APPROVED: APPROVED + SPICE}},
        [
            newly("secretSpice", "payload.recipe-approved", "context in an event", LAMBDA_HAS),
            newly("secretSpice", "payload.recipe-approved", "system in a webhook", OUTSIDE),
        ],
    ),
    "an event that nobody takes": (
        {RECIPE: {CREATED: CREATED + SPICE}},
        [
            newly(
                "secretSpice", "payload.recipe-created", "service in an event", NOBODY, "warning"
            ),
        ],
    ),
    "the entity's class, where the payload says none": (
        {RECIPE: {CREATED: CREATED + SPICE.replace(", x-classification: restricted", "")}},
        [
            newly(
                "secretSpice", "payload.recipe-created", "service in an event", NOBODY, "warning"
            ),
        ],
    ),
    "within an object within a list": (
        {
            RECIPE: {
                CREATED: CREATED
                + "      spices: { type: array, items: { type: object, properties: { herb: "
                "{ type: string, x-classification: restricted } } } }\n"
            }
        },
        [
            newly(
                "spices.herb", "payload.recipe-created", "service in an event", NOBODY, "warning"
            ),
        ],
    ),
    "in one branch of several": (
        {
            RECIPE: {
                CREATED: "    anyOf: [{ properties: { herb: { type: string, x-classification: "
                "restricted } } }]\n" + CREATED
            }
        },
        [
            newly("herb", "payload.recipe-created", "service in an event", NOBODY, "warning"),
        ],
    ),
    "a class of which logs may tell": (
        {RECIPE: {CREATED: CREATED + SPICE.replace("restricted", "internal")}},
        [],
    ),
    "a new property of all answers": (
        {RECIPE: {SPICE: SPICE + SPICE.replace("Spice", "Herb")}},
        [
            newly("secretHerb", "entity.recipe", "system in an answer", OUTSIDE),
        ],
    ),
    "what is sent but never answered": (
        {RECIPE: {SPICE: SPICE + SPICE.replace("Spice: {", "Herb: { writeOnly: true,")}},
        [],
    ),
    "the reply to a call": (
        {LAMBDA: {"  consumes:\n": CALL}},
        [
            newly("secretSpice", "entity.recipe", "context in the reply to a call", LAMBDA_HAS),
        ],
    ),
    "the reply to a call, heard in another region": (
        {
            LAMBDA: {"  consumes:\n": CALL},
            "model/04_application/brewing/recipe.yaml": {
                f"regions: [{NORTH}, technology.region.eu-south-1]": f"regions: [{NORTH}]"
            },
        },
        [
            newly(
                "secretSpice",
                "entity.recipe",
                "region in the reply to a call",
                "`application.service.lambda`, `technology.region.eu-south-1` receive",
            ),
        ],
    ),
    "a copy in the store of another service": (
        {STORES: {f"{PRESSES}press\n": f"{PRESSES}recipe\n"}},
        [
            newly(
                "secretSpice",
                "entity.recipe",
                "context as a copy in another service's store",
                LAMBDA_HAS,
            ),
        ],
    ),
    "a database that another service reads": (
        {
            LAMBDA: {
                "  stores:\n": "  stores:\n"
                "    - { store: datastore.database.cellar, access: read, purpose: recipes }\n"
            }
        },
        [
            newly(
                "secretSpice",
                "entity.recipe",
                "context as a copy in another service's store",
                LAMBDA_HAS,
            ),
        ],
    ),
    "a log that masks less": (
        {APM: {f"  retention: 30d\n{MASKED}": "  retention: 30d"}},
        [
            newly(
                "secretSpice", "entity.recipe", "service in a log", "`apm.log.recipe-log` receives"
            ),
        ],
    ),
    "a lower class": (
        {RECIPE: {SPICE: SPICE.replace("restricted", "internal")}},
        [
            lowered("is internal"),
        ],
    ),
    "no class any more": (
        {RECIPE: {SPICE: SPICE.replace(", x-classification: restricted", "")}},
        [
            lowered("has no class"),
        ],
    ),
    "a higher class of what leaves already": (
        {RECIPE: {"80, x-classification: public": "80, x-classification: restricted"}},
        [],
    ),
    "one more answer to those who have one": (
        {
            BOARD: {
                "  special(id: UUID!): Recipe": "  other(id: UUID!): Recipe @performs(action: "
                '"application.query.get-recipe")\n  special(id: UUID!): Recipe'
            }
        },
        [],
    ),
}


@pytest.fixture(scope="module")
def lemonade() -> Files:
    return read_tree(BASE)


def model(files: Files) -> Model:
    found = pipeline.check(files, (), MEMORY).model
    assert found is not None
    return found


def told(found: list[Diagnostic]) -> list[Told]:
    return [(each.code, each.severity.value, each.message) for each in found]


@pytest.mark.parametrize("case", CASES)
def test_what_leaves_newly_is_named_with_its_class_and_receivers(
    lemonade: Files, case: str
) -> None:
    edits, expected = CASES[case]
    found = [*leaks(model(lemonade), model(edited(lemonade, edits)), "HEAD")]
    assert told(found) == expected
    assert all(each.hint and each.related and each.impact for each in found)
    fingerprints = [each.fingerprint for each in found]
    assert len({*fingerprints}) == len(fingerprints)


def test_answers_that_nobody_outside_can_ask_for_leave_nothing(lemonade: Files) -> None:
    inside = edited(lemonade, {ROUTES: {"kind: api": "kind: web"}})
    more = edited(inside, {RECIPE: {SPICE: SPICE + SPICE.replace("Spice", "Herb")}})
    assert [*leaks(model(inside), model(more), "HEAD")] == []
    opened = [*leaks(model(inside), model(lemonade), "HEAD")]
    assert [each.facts for each in opened] == [("secretSpice", "answer", "outside")]


def test_who_receives_it_is_in_the_impact(lemonade: Files) -> None:
    called = edited(lemonade, {LAMBDA: {"  consumes:\n": CALL}})
    impacts: list[Any] = [each.impact for each in leaks(model(lemonade), model(called), "HEAD")]
    assert impacts == [
        {
            "carried by": ("api.operation.recipe-get-recipe",),
            "owners": ("business.actor.press-crew",),
            "services": ("application.service.lambda",),
        }
    ]
