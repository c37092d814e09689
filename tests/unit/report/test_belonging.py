"""Whose a finding is: the service that its element is part of, and who owns that."""

from __future__ import annotations

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.model.belonging import Belonging, Group
from support.rules import BASE, MEMORY
from support.trees import read_tree

FILES = read_tree(BASE)
RECIPE = Group("application.service.recipe", "business.actor.press-crew")
COMMANDS = "model/04_application/brewing/recipe.yaml"


@pytest.fixture(scope="module")
def belonging() -> Belonging:
    return Belonging(pipeline.check(FILES, store=MEMORY).model)


@pytest.mark.parametrize(
    "element",
    [
        *("application.service.recipe", "application.command.approve-recipe"),
        *("api.operation.recipe-list-recipes", "datastore.table.recipes"),
        *("security.resource.recipe", "apm.slo.recipe-slo"),
    ],
)
def test_what_a_service_is_made_of(element: str, belonging: Belonging) -> None:
    assert belonging.of(element, "") == RECIPE


def test_what_belongs_to_no_service(belonging: Belonging) -> None:
    assert belonging.of("motivation.goal.sell-forty-cups", "") == Group("motivation")
    assert belonging.of("", "model/manifest.yaml") == Group("model/manifest.yaml")
    assert belonging.of("", "model/06_api/rest-apis/recipe.openapi.yaml") == RECIPE
    assert Belonging(None).of("application.service.recipe", "a.yaml") == Group("a.yaml")


def test_a_part_whose_link_is_misspelt_belongs_where_its_neighbours_do() -> None:
    text = FILES[COMMANDS].decode()
    at = text.index("service: application.service.recipe")
    wrong = text[:at] + text[at:].replace("service.recipe", "service.recpe", 1)
    checked = pipeline.check({**FILES, COMMANDS: wrong.encode()}, store=MEMORY)
    finding, *_ = checked.diagnostics
    assert finding.code == "LNK001"
    assert Belonging(checked.model).of(finding.element, finding.ref.file) == RECIPE


def test_services_are_told_with_their_owners(belonging: Belonging) -> None:
    assert RECIPE in belonging.services()
    assert belonging.services() == tuple(sorted(belonging.services()))
