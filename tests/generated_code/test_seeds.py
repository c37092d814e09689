"""Entities of the contract tests: the store takes each after what its row refers to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from support import plain_yaml, shared

ROOT = Path(__file__).parents[2]


def needed(model: Model) -> Iterator[tuple[str, str, set[str]]]:
    """(an aggregate, another that its rows name by a foreign key, the fields that name it)."""
    stored = {each.store: name_of(each.id) for each in model.all(Aggregate)}
    for table in model.all(Table):
        for key in table.foreign_keys:
            fields = {table.columns[each].property or "" for each in key.columns}
            if table.id in stored and key.table in stored and key.table != table.id:
                yield stored[table.id], stored[key.table], fields - {""}


def test_what_seeds_refer_to_is_there_before_them() -> None:
    """What the store refuses is missed in silence, and a case without its entity proves nothing."""
    model = shared.checked(ROOT).model
    assert model is not None
    keys, followed = list(needed(model)), 0
    for path in sorted(ROOT.glob("generated/services/*/tests/contract.json")):
        table = json.loads(path.read_bytes())
        for case in table["cases"]:
            before: set[str] = set()
            for name, differs in case.get("seeds", ()):
                values = table["entities"][name] | differs
                asked = {
                    above
                    for below, above, fields in keys
                    if below == name and all(values.get(each) for each in fields)
                }
                assert asked <= before, f"{path.parts[-3]}: {case['operation']}"
                followed += len(asked)
                before.add(name)
    assert followed > 10


def test_a_parameter_of_many_values_gets_them_one_by_one() -> None:
    many = {
        operation["operationId"]: {
            each["name"] for each in operation.get("parameters", ()) if _is_many(each)
        }
        for path in sorted(ROOT.glob("contracts/openapi/*.yaml"))
        for item in plain_yaml.load(path.read_bytes())["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    }
    told = [
        (case["operation"], name, isinstance(value, list))
        for path in sorted(ROOT.glob("generated/services/*/tests/contract.json"))
        for case in json.loads(path.read_bytes())["cases"]
        for name, value in case.get("query", {}).items()
    ]
    assert {are_many for *_, are_many in told} == {False, True}
    for operation, name, are_many in told:
        assert are_many == (name in many[operation]), f"{operation}: {name}"


def _is_many(parameter: dict[str, Any]) -> bool:
    return parameter.get("in") == "query" and parameter["schema"].get("type") == "array"
