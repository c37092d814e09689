"""Bodies are taken exactly where the contract's schema takes them, its formats included."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.validation import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from cloudsync_gen.model.contracts import ContractDocument
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import RestApi
from cloudsync_gen.targets._models import class_name
from support.effort import Effort
from support.services import Written, written

ROOT = Path(__file__).parents[2]
PREFIX = "#/components/schemas/"
SEED = 3
"""Chooses the services of the small run."""

UUID = "0190a0c0-0000-7000-8000-00000000000a"
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        1.0,
        1.5,
        1e2,
        2**31,
        2**63,
        10**30,
        "",
        "0",
        "1",
        "1.0",
        "true",
    ),
    *("a", "A", " ", "a\n", "\u0663", "\U0001f600", "a" * 300, [], {}, [0], ["0"], {"a": 0}),
    *("2020-01-02T03:04:05Z", "2020-01-02 03:04:05Z", "2020-01-02T03:04Z", "2020-01-02T03:04:05"),
    *("2020-01-02t03:04:05.123456789z", "2020-01-02T03:04:05+0100", "2020-02-30T03:04:05Z"),
    *("2020-01-02", "20200102", "2020-1-2", "2019-02-29", "1577934245", 1577934245),
    *(
        UUID,
        UUID.upper(),
        UUID.replace("-", ""),
        f"{{{UUID}}}",
        f"urn:uuid:{UUID}",
        UUID[:-1] + "g",
    ),
    *("a@b.example", "a..b@c", "@", "https://a.example/b?c#d", "https://a b", "https://a/%zz"),
    *("https://[::1", "//a", "/a", "a.example", "-a.example", "P1D", "12:00:00Z", "fe80::1%eth0"),
)
"""What a field is given instead of a value of its own."""

BEYOND = re.compile(r'xn--|:60|[+-]2[4-9]:|"0000-|"0001-01-01T|"9999-12-31T|@\[|\\"')
"""Texts about which pydantic and JSON Schema may differ: years and seconds that Python's times do
not have in UTC, quoted names and addresses in e-mail, labels that must be decoded (RFC 5891).
"""


@dataclass(frozen=True)
class Body:
    """The body of one operation: its schema, whole, and the class that reads it."""

    operation: str
    schema: jsonschema_rs.Draft202012Validator
    model: type[BaseModel]
    cases: st.SearchStrategy[Any]

    def agree(self, value: Any) -> bool:
        """Whether schema and class say the same of a value."""
        return self.schema.is_valid(value) is self.takes(value)

    def takes(self, value: Any) -> bool:
        try:
            parse(self.model, json.dumps(value).encode())
        except Problem:
            return False
        return True


@pytest.fixture(scope="module")
def made(effort: Effort, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("strict")
    return written(ROOT, folder, ("service",), () if effort.full else chosen())


def chosen() -> list[str]:
    """Two services that have a contract for REST."""
    names = sorted(path.stem for path in (ROOT / "contracts" / "openapi").glob("*.yaml"))
    return [f"{name}-service" for name in Random(SEED).sample(names, 2)]


def bodies(made: Written) -> Iterator[Body]:
    """Those of all REST services that were written."""
    apis = {each.id: each for each in made.model.all(RestApi)}
    for document in made.contracts.rest.values():
        service = name_of(apis[document.source].archimate_ref or "")
        package = made.package(service)
        if (made.folder(service) / "src" / package / "generated").is_dir():
            models = importlib.import_module(f"{package}.generated.models")
            yield from _bodies(document, vars(models))


def _bodies(document: ContractDocument, models: Mapping[str, Any]) -> Iterator[Body]:
    contract = json.loads(json.dumps(document.data))
    for found in schemathesis.openapi.from_dict(contract).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        content = operation.definition.raw.get("requestBody", {}).get("content", {})
        for media in content.values():
            reference = media["schema"]["$ref"]
            schema = {"$ref": reference, "components": contract["components"]}
            yield Body(
                operation.label,
                jsonschema_rs.Draft202012Validator(schema, validate_formats=True),
                models[class_name(reference.removeprefix(PREFIX))],
                operation.as_strategy().map(lambda case: case.body),
            )


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all values within one, itself included."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


def changed(value: Any, path: tuple[str | int, ...], instead: Any) -> Any:
    """The value with another at the path."""
    if not path:
        return instead
    first, *rest = path
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    made[first] = changed(value[first], tuple(rest), instead)
    return made


def disagreements(body: Body, examples: int) -> list[Any]:
    """The first value of which schema and class do not say the same, of so many valid ones, each
    with something odd at each of its places.
    """
    found: list[Any] = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(body.cases, st.randoms(use_true_random=False))
    def ask(value: Any, random: Random) -> None:
        if isinstance(value, NotSet):
            return
        tried = [value]
        for path in places(value):
            tried += [changed(value, path, each) for each in random.sample(ODD, 5)]
        if isinstance(value, dict):
            tried += [{**value, "noSuchProperty": 1}]
            tried += [{k: v for k, v in value.items() if k != name} for name in value]
        others = (each for each in tried if not body.agree(each))
        found.extend(each for each in others if not BEYOND.search(json.dumps(each)))

    ask()
    return found[:1]


def test_bodies_are_taken_where_their_schemas_take_them(
    made: Written, effort: Effort, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in made.names:
        monkeypatch.syspath_prepend(str(made.folder(name) / "src"))
    examples = effort.count(small=3, full=60)
    asked = {body.operation: disagreements(body, examples) for body in bodies(made)}
    assert len(asked) > 5
    assert {name: each for name, each in asked.items() if each} == {}
