"""The software catalogue: Backstage's own model takes every entity, and every reference leads to
one.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen.targets.catalog.entities import entity_name, store_names
from support import plain_yaml, shared
from support.node import SOURCE, node, package
from support.services import written

ROOT = Path(__file__).parents[2]
MODELS = {"cloudsync": ROOT, "lemonade": ROOT / "tests" / "models" / "lemonade"}
REFERRING = ("owner", "system", "domain", "providesApis", "consumesApis", "dependsOn")
KINDS = {"owner": "group", "system": "system", "domain": "domain"}
Entity = dict[str, Any]


def entities(folder: Path) -> list[tuple[Path, Entity]]:
    files = sorted((folder / "generated").glob("**/catalog-info.yaml"))
    return [(file, each) for file in files for each in plain_yaml.documents(file.read_text())]


def references(entity: Entity) -> Iterator[str]:
    for key in REFERRING:
        value = entity["spec"].get(key, [])
        for each in value if isinstance(value, list) else [value]:
            kind, _, name = each.rpartition(":")
            yield f"{kind or KINDS.get(key, 'api')}:{name}"


def faults(judged: list[Entity]) -> str:
    """What Backstage says against them."""
    folder = package("@backstage/catalog-model", "entities against Backstage's model")
    done = subprocess.run(
        [node("entities against Backstage's model"), str(SOURCE / "catalog.js")],
        input=json.dumps(judged),
        env={**os.environ, "NODE_PATH": str(folder.parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("name", sorted(MODELS))
def test_backstage_takes_every_entity_and_every_reference_leads_to_one(
    name: str, tmp_path: Path
) -> None:
    made = written(MODELS[name], tmp_path, ("catalog", "contracts"))
    found = entities(made.root)
    known = {f"{each['kind'].lower()}:{each['metadata']['name']}" for _, each in found}
    assert len(known) == len(found), "two entities have one name"
    components = {each["metadata"]["name"] for _, each in found if each["kind"] == "Component"}
    assert components == set(made.names)
    for file, each in found:
        assert set(references(each)) <= known, each["metadata"]["name"]
        definition = each["spec"].get("definition")
        if definition is not None:
            assert (file.parent / definition["$text"]).is_file()
            # when it is ingested, the text stands in the place of what points at it
            each["spec"]["definition"] = "text"
    location = next(each for _, each in found if each["kind"] == "Location")
    targets = {made.root / "generated" / each for each in location["spec"]["targets"]}
    assert {file for file, _ in found} - {made.root / "generated" / "catalog-info.yaml"} == {
        each.resolve() for each in targets
    }
    assert faults([each for _, each in found]) == ""


def test_backstage_refuses_what_is_none() -> None:
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "no good name"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "group:a"},
    }
    other = {**entity, "metadata": {"name": "fine"}, "spec": {"type": "service"}}
    said = faults([entity, other]).splitlines()
    assert [each.split(":")[0] for each in said] == ["Component no good name", "Component fine"]


def test_names_are_what_a_catalogue_takes() -> None:
    long = "a-very-long-name-of-something-that-somebody-called-so-in-a-model-of-theirs"
    assert entity_name("Billing & Co.") == "billing-co"
    assert len(entity_name(long)) <= 63
    assert entity_name(long) != entity_name(long + "s")
    assert entity_name("見積") == entity_name("見積")
    assert entity_name("見積") != entity_name("請求")
    model = shared.checked(MODELS["lemonade"]).model
    assert model is not None
    stores = ("datastore.bucket.pages", "datastore.index.pages", "datastore.bucket.notes")
    assert sorted(store_names(model, stores).values()) == ["bucket-pages", "index-pages", "notes"]
