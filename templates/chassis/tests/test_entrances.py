"""Guards of the ways in, and the table of them that a service is handed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.entrances import Entrance, route_table
from cloudsync_chassis.security.principal import ANONYMOUS, Principal, workload

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CASHIER = Principal("1", roles=frozenset({"cashier"}))
KEY = Principal("2", roles=frozenset({"cashier"}), scopes=frozenset({"book:read"}))
GUARDED = {
    "anonymous": False,
    "roles": ["cashier"],
    "permissions": {"book:sell": ["cashier", "owner"]},
    "stepUpSeconds": 300,
    "rest": {
        "books-sell": "post /v1/books/{id}/sell shop.sellBook book:sell",
        "books-get": "get /v1/books/{id} shop.getBook",
    },
    "graphql": {"shop-schema": "get,post /graphql/shop shop.shop public"},
}


def shown(seconds: float, *factors: str) -> Principal:
    at = int(NOW.timestamp() - seconds)
    return Principal("3", factors=frozenset(factors), authenticated_at=at)


@pytest.mark.parametrize(
    ("entrance", "caller", "refusal"),
    [
        (Entrance("shop", anonymous=True), ANONYMOUS, ""),
        (Entrance("shop"), ANONYMOUS, "unauthenticated"),
        (Entrance("shop"), Principal("4"), ""),
        (Entrance("shop", roles=frozenset({"cashier", "owner"})), CASHIER, ""),
        (Entrance("shop", roles=frozenset({"owner"})), CASHIER, "forbidden"),
        (Entrance("shop", permissions={"book:sell": frozenset({"cashier"})}), CASHIER, ""),
        (Entrance("shop", permissions={"book:sell": frozenset({"owner"})}), CASHIER, "forbidden"),
        (Entrance("shop", permissions={"book:sell": frozenset({"cashier"})}), KEY, "forbidden"),
        (Entrance("shop", permissions={"book:read": frozenset()}), KEY, ""),
        (Entrance("shop", step_up=300), shown(299, "mfa"), ""),
        (Entrance("shop", step_up=300), shown(301, "mfa"), "unauthenticated"),
        (Entrance("shop", step_up=300), shown(0, "pwd"), "unauthenticated"),
        (Entrance("shop", roles=frozenset({"owner"}), step_up=1), workload("press"), ""),
    ],
)
def test_a_guard_lets_in_whom_it_names(entrance: Entrance, caller: Principal, refusal: str) -> None:
    if not refusal:
        entrance.admit(caller, NOW)
        return
    with pytest.raises(Problem) as refused:
        entrance.admit(caller, NOW)
    assert refused.value.kind.slug == refusal


def test_a_second_factor_is_asked_for_as_clients_understand_it() -> None:
    with pytest.raises(Problem) as refused:
        Entrance("shop", step_up=300).admit(shown(900, "mfa"), NOW)
    asked = refused.value.headers["WWW-Authenticate"]
    assert asked == 'Bearer error="insufficient_user_authentication", max_age=300'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder = tmp_path / "entrance_facts"
    folder.mkdir()
    folder.joinpath("__init__.py").write_text("")
    told = {
        "plans": [{"edition": "free", "perSecond": 5, "burst": 10}],
        "entrances": {"counter": GUARDED},
    }
    folder.joinpath("routes.json").write_text(json.dumps(told))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("entrance_facts")
    del sys.modules["entrance_facts"]


def test_a_table_says_what_each_way_leads_to(package: ModuleType) -> None:
    table = route_table(package)
    told = {each.name: each for each in table.entries}
    sell, get, schema = told["books-sell"], told["books-get"], told["shop-schema"]
    assert (sell.kind, sell.methods, sell.path) == ("rest", ("post",), "/v1/books/{id}/sell")
    assert (sell.service, sell.operation, sell.permission) == ("shop", "sellBook", "book:sell")
    assert (get.permission, get.public) == ("", False)
    assert (schema.kind, schema.methods, schema.public) == ("graphql", ("get", "post"), True)
    assert schema.permission == ""
    assert table.entrances["shop", "getBook"] is sell.entrance
    assert sell.entrance.permissions == {"book:sell": frozenset({"cashier", "owner"})}
    assert sell.entrance.step_up == 300
    assert [(each.edition, each.per_second, each.burst) for each in table.plans] == [
        ("free", 5, 10)
    ]
