"""What answers the fields of a schema, and what is told where nothing can."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.model.artefacts import Unplannable
from cloudsync_gen.targets.service_graphql import TARGET
from cloudsync_gen.targets.service_graphql.views import FieldView, GraphqlView
from support.rules import fixture_input
from support.trees import read_tree

BASE = Path(__file__).parents[1] / "models" / "lemonade"
BOARD = "model/06_api/graphql-apis/board.graphql"
CALLS = "model/04_application/brewing/recipe.yaml"
PRESS = """
type Press { id: UUID! litres: Int! }
type Answer { press: Press! }
input Amount { litres: Int! recipeId: String! }
type Mutation { %s }
"""
RUN = 'run(input: Amount!): Answer! @resolves(operation: "api.rpc.press-run")'
LIST = "application.query.list-recipes"


def view_of(board: str, calls: str = "", **schema: str) -> GraphqlView:
    """The view of the board with more types on it. Raises `Unplannable`."""
    files = dict(read_tree(BASE))
    text = files[BOARD].decode()
    head = 'service: "application.service.recipe") {\n  query: Query\n'
    assert head in text
    roots = "  mutation: Mutation\n" if "type Mutation" in board else ""
    roots += "  subscription: Subscription\n" if "type Subscription" in board else ""
    facts = "".join(f", {name}: {value}" for name, value in schema.items())
    more = head.replace('recipe")', f'recipe"{facts})')
    files[BOARD] = (text.replace(head, more + roots) + board).encode()
    if calls:
        files[CALLS] = files[CALLS].decode().replace("fallback: { kind: queue,", calls).encode()
    model = pipeline.check(files).model
    assert model is not None
    units = list(TARGET.units(model, compile_contracts(model).value))
    (view,) = (each.view for each in units)
    assert isinstance(view, GraphqlView)
    return view


def field(view: GraphqlView, place: str) -> FieldView:
    (found,) = (each for each in view.fields if each.place == place)
    return found


def faults(board: str) -> list[str]:
    with pytest.raises(Unplannable) as refused:
        view_of(board)
    return [what for _, what in refused.value.faults]


def test_its_own_queries_are_its_own_however_they_are_named() -> None:
    view = view_of("", maxDepth="7", adHoc='"nobody"', introspection="true")
    found = [(each.place, each.kind, each.method, each.renamed) for each in view.fields]
    assert found == [
        ("Query.recipe", "own", "get_recipe", {"recipe_id": "id"}),
        ("Query.special", "own", "get_recipe", {"recipe_id": "id"}),
    ]
    assert (view.path, view.depth, view.cost) == ("/graphql/board", 7, 10_000)
    assert (view.ad_hoc, view.introspection) == ("nobody", True)


def test_others_are_asked_past_what_stands_in_later() -> None:
    found = field(view_of(PRESS % RUN), "Mutation.run")
    assert (found.kind, found.call, found.within) == ("other", "press.client.run", "press")
    whole = RUN.replace("Answer!", "Press!")
    assert field(view_of(PRESS % whole), "Mutation.run").within == ""


def test_a_body_is_an_argument_or_several() -> None:
    split = RUN.replace("input: Amount!", "recipeId: String!, litres: Int!")
    found = field(view_of(PRESS % split), "Mutation.run")
    assert found.renamed == {"body": "litres recipeId"}
    both = PRESS.replace("litres: Int! recipeId: String! }", "litres: Int! }") % RUN.replace(
        "input: Amount!", "amount: Amount!, recipeId: String!"
    )
    assert field(view_of(both), "Mutation.run").renamed == {"body": "amount recipeId"}


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (
            PRESS.replace("litres: Int! recipeId: String! }", "litres: Int! }") % RUN,
            "input has no field `recipeId`, which the data model requires",
        ),
        (PRESS.replace("litres: Int! }", "colour: Int! }", 1) % RUN, "is no property"),
        (PRESS % RUN.replace("Amount!)", "Amount!, colour: String)"), "nothing reads the argument"),
        (PRESS % RUN.replace("(input: Amount!)", ""), "no argument is the body"),
        (PRESS % RUN.replace("Amount!)", "Amount!, more: Amount)"), "two arguments are input"),
        (PRESS % RUN.replace("Answer!", "Boolean!"), "`Boolean`"),
        (
            'type Subscription { told(id: UUID!): Recipe @performs(action: "application.query.'
            'get-recipe") }',
            "a subscription is answered by a query that streams",
        ),
        (
            PRESS.replace("type Mutation", "type Subscription") % RUN,
            "a subscription is answered by the service itself",
        ),
    ],
)
def test_what_cannot_be_answered_is_told(board: str, said: str) -> None:
    (found,) = faults(board)
    assert said in found


FOLLOWED = Path(__file__).parents[1] / "rules" / "graphql" / "follow_form"
PAYLOADS = "model/07_data_model/brewing/recipe.yaml"
SAYS = "    required: [recipeId, title]\n    properties:\n"


def followed(said: str = "pressId", kind: str = "", argument: str = "") -> GraphqlView:
    """The board with a subscription that follows an event which says also this. Raises
    `Unplannable`.
    """
    files = dict(fixture_input(FOLLOWED, "ok"))
    uuid = '{ $ref: "../common/common.yaml#/uuid/schema" }'
    more = SAYS.replace("title]", f"title, {said}]") + f"      {said}: {kind or uuid}\n"
    files[PAYLOADS] = files[PAYLOADS].decode().replace(SAYS, more).encode()
    if argument:
        board = files[BOARD].decode().replace("run(recipeId: UUID!)", f"run({argument})")
        files[BOARD] = board.encode()
    model = pipeline.check(files).model
    assert model is not None
    (view,) = (each.view for each in TARGET.units(model, compile_contracts(model).value))
    assert isinstance(view, GraphqlView)
    return view


def test_an_event_is_told_as_its_service_has_it() -> None:
    for argument in ("recipeId: UUID!", "recipeId: [UUID!]!, title: String"):
        view = followed(argument=argument)
        found = field(view, "Subscription.run")
        assert (found.kind, found.call, found.renamed) == ("followed", "press.get_press", {})
        assert (found.topic, found.type) == (
            "zitrusgarten.brewing.recipe.v1",
            "zitrusgarten.brewing.recipe-approved.v1",
        )
        assert (view.subscribed, view.subscriptions) == (True, 10)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"said": "press"}, "the event does not always say `pressId`"),
        ({"kind": "{ type: integer }"}, "the event's `pressId` is no UUID"),
        ({"argument": "colour: String!"}, "no property for the argument `colour`"),
        ({"argument": "recipeId: UUID!, title: Int"}, "title"),
    ],
)
def test_an_event_that_does_not_say_enough_is_not_followed(told: dict[str, str], said: str) -> None:
    with pytest.raises(Unplannable) as refused:
        followed(**told)
    (what,) = (each for _, each in refused.value.faults)
    assert said in what
