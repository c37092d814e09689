"""Rules beyond roles: forbids, permits, what they may speak of, and what cannot be decided."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import BaseModel

import bookshop
from bookshop.policies import DEAR, POLICIES
from cloudsync_chassis import clock, logs
from cloudsync_chassis.context import Context
from cloudsync_chassis.expressions import ExpressionError
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.cedar import CedarCondition, cedar_record, cedar_value
from cloudsync_chassis.security.guard import Policies
from cloudsync_chassis.security.policies import (
    Policy,
    PolicyTable,
    Request,
    Surroundings,
    compiled,
)
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.testing import Caller, Running, running


class Tagged(BaseModel):
    tags: list[str] | bool | int


async def listed(shop: Running, clerk: Caller, price: int) -> str:
    body = {"title": "x", "priceMinor": price}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    return f"/v1/books/{answer.json()['id']}"


@pytest.fixture
async def strict_shop(settings: bookshop.BookSettings) -> AsyncIterator[Running]:
    """Where a policy refuses if nobody supplies what it asks for."""
    runtime = Runtime(bookshop.SERVICE, settings.model_copy(update={"policies_strict": True}))
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started


async def test_a_forbid_wins_over_the_role(shop: Running) -> None:
    clerk = shop.caller("clerk")
    dear, cheap = await listed(shop, clerk, DEAR + 1), await listed(shop, clerk, 1)
    for url, status in ((cheap, 200), (dear, 403)):
        reader = shop.caller("visitor", organization=clerk.organization, factors=["mfa"])
        late = shop.caller(
            "visitor", organization=clerk.organization, factors=["mfa"], factor_age=3600
        )
        assert (await shop.http.get(url, headers=reader.headers)).status_code == 200
        assert (await shop.http.get(url, headers=late.headers)).status_code == status
    refused = (await shop.http.get(dear, headers=late.headers)).json()
    assert refused["policy"] == "dear-needs-second-factor"
    assert (await shop.http.get(dear, headers=clerk.headers)).status_code == 200


async def test_a_role_is_within_those_that_it_inherits(strict_shop: Running) -> None:
    clerk = strict_shop.caller("clerk")
    url = await listed(strict_shop, clerk, DEAR + 1)
    heir = strict_shop.caller("head", "visitor", organization=clerk.organization)
    assert (await strict_shop.http.get(url, headers=heir.headers)).status_code == 403, "no factor"
    known = strict_shop.caller(
        "head", "visitor", organization=clerk.organization, factors=["mfa"], factor_age=3600
    )
    assert (await strict_shop.http.get(url, headers=known.headers)).status_code == 200


async def test_a_list_leaves_out_what_a_forbid_hides(shop: Running) -> None:
    clerk = shop.caller("clerk")
    await listed(shop, clerk, DEAR + 1)
    await listed(shop, clerk, 1)
    late = shop.caller("visitor", organization=clerk.organization, factors=["mfa"], factor_age=3600)
    for caller, prices in ((clerk, {1, DEAR + 1}), (late, {1})):
        found = await shop.http.get("/v1/books", headers=caller.headers)
        assert {each["priceMinor"] for each in found.json()["items"]} == prices


async def test_a_cel_forbid_compares_caller_and_entity(shop: Running) -> None:
    clerk = shop.caller("clerk")
    colleague = shop.caller("clerk", organization=clerk.organization)
    dear, cheap = await listed(shop, clerk, DEAR + 1), await listed(shop, clerk, 1)
    assert (await shop.http.post(f"{dear}/sell", headers=clerk.headers)).status_code == 403
    assert (await shop.http.get(dear, headers=clerk.headers)).json()["status"] == "listed"
    assert (await shop.http.post(f"{dear}/sell", headers=colleague.headers)).status_code == 200
    assert (await shop.http.post(f"{cheap}/sell", headers=clerk.headers)).status_code == 200


async def test_what_nobody_supplies_refuses_where_it_counts(strict_shop: Running) -> None:
    clerk = strict_shop.caller("clerk")
    url = await listed(strict_shop, clerk, 1)
    refused = await strict_shop.http.delete(url, headers=clerk.headers)
    assert (refused.status_code, refused.json()["policy"]) == (403, "no-removal-while-counting")
    counting = True
    strict_shop.runtime.policies.supply("counting", lambda _: counting)
    assert (await strict_shop.http.delete(url, headers=clerk.headers)).status_code == 403
    counting = False
    assert (await strict_shop.http.delete(url, headers=clerk.headers)).status_code == 204


async def test_an_attribute_may_be_looked_up_or_set(settings: bookshop.BookSettings) -> None:
    fixed = {"policies_strict": True, "policy_context": {"counting": False}}
    runtime = Runtime(bookshop.SERVICE, settings.model_copy(update=fixed))
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        clerk = shop.caller("clerk")
        url = await listed(shop, clerk, 1)

        async def looked_up(ctx: Any) -> bool:
            assert ctx.operation.id == "remove-book"
            return True

        kept = await listed(shop, clerk, 1)
        assert (await shop.http.delete(url, headers=clerk.headers)).status_code == 204
        runtime.policies.supply("counting", looked_up)
        assert (await shop.http.delete(kept, headers=clerk.headers)).status_code == 403


async def test_a_permit_restricts_the_roles_that_it_names(strict_shop: Running) -> None:
    clerk = strict_shop.caller("clerk")
    url = await listed(strict_shop, clerk, 1)

    async def reserves(*roles: str, **attributes: Any) -> int:
        seller = strict_shop.caller(
            *roles, organization=clerk.organization, subject=clerk.subject, attributes=attributes
        )
        return (await strict_shop.http.post(f"{url}/reserve", headers=seller.headers)).status_code

    assert await reserves("visitor") == 403
    assert await reserves("visitor", onTheSpot=False) == 403
    assert await reserves("visitor", onTheSpot="yes") == 403, "an error is no permit"
    assert await reserves("visitor", onTheSpot=True) == 200
    assert await reserves("clerk") == 200, "a role that no permit names"
    assert await reserves("clerk", "visitor") == 200


async def test_decisions_are_logged_without_persons(
    table_shop: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    clerk = table_shop.caller("clerk")
    dear = await listed(table_shop, clerk, DEAR + 1)
    logs.configure("info", "book-service")  # to where this test listens
    await table_shop.http.post(f"{dear}/sell", headers=clerk.headers)
    lines = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    decided = [each for each in lines if each["event"] == "policies_decided"]
    assert [(each["policies"], each["decision"]) for each in decided] == [
        (["nobody-sells-dear-to-oneself"], "deny")
    ]
    assert str(clerk.subject) not in json.dumps(lines)
    assert str(DEAR + 1) not in json.dumps(lines)


def test_production_is_strict_whatever_is_set() -> None:
    settings = bookshop.BookSettings.model_construct(
        environment="production", policies_strict=False
    )
    assert settings.strict_policies
    assert not bookshop.BookSettings(environment="test").strict_policies
    assert bookshop.BookSettings(environment="test", policies_strict=True).strict_policies


def test_which_operations_a_policy_concerns() -> None:
    rule = Policy(id="a", effect="forbid", language="cel", condition="true")
    shared = Operation(id="share", permission="document:share")
    assert rule.concerns(shared)
    assert not rule.concerns(replace(shared, access="public"))
    assert not replace(rule, apart=frozenset({"share"})).concerns(shared)
    assert replace(rule, resources=frozenset({"document"})).concerns(shared)
    assert not replace(rule, resources=frozenset({"folder"})).concerns(shared)
    other = replace(
        rule, resources=frozenset({"document"}), permissions=frozenset({"document:read"})
    )
    assert not other.concerns(shared)


def asked(**parts: dict[str, Any]) -> Request:
    attributes = {"principal": {}, "resource": {}, "context": {}, **parts}
    return Request(Operation(id="o", permission="x:y"), frozenset({"a"}), attributes)


@pytest.mark.parametrize(
    ("language", "condition", "wrong"),
    [
        ("cel", "context.n > 1", {"n": "text"}),
        ("cel", "context.n > 1", {}),
        ("cel", "context.n", {"n": 2}),
        ("cedar", "forbid(principal, action, resource) when { context.n > 1 };", {"n": "text"}),
        ("cedar", "forbid(principal, action, resource) when { context.n > 1 };", {}),
        ("cedar", "forbid(principal, action, resource) when { context.n > 1 };", {"n": 2**70}),
    ],
)
def test_an_evaluation_error_is_no_answer(language: Any, condition: str, wrong: Any) -> None:
    rule = Policy(id="a", effect="forbid", language=language, condition=condition)
    made = compiled(rule, {})
    with pytest.raises(ExpressionError):
        made.applies(asked(context=wrong))
    if condition != "context.n":
        assert made.applies(asked(context={"n": 2}))
        assert not made.applies(asked(context={"n": 1}))


def test_what_is_no_policy_stops_the_start() -> None:
    for language in ("cel", "cedar"):
        rule = Policy(id="a", effect="forbid", language=language, condition="forbid(((")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"."):
            compiled(rule, {})


def test_values_in_cedar() -> None:
    noon = datetime(2026, 5, 1, 12, 0, 0, 250_000, UTC)

    def made(function: str, argument: str) -> dict[str, Any]:
        return {"__extn": {"fn": function, "arg": argument}}

    assert cedar_value(noon) == made("datetime", "2026-05-01T12:00:00.250Z")
    assert cedar_value(date(2026, 5, 1)) == made("datetime", "2026-05-01T00:00:00.000Z")
    assert cedar_value(ip_address("10.0.0.1")) == made("ip", "10.0.0.1")
    assert cedar_value(0.25) == made("decimal", "0.2500")
    assert cedar_value(1 / 3) is None, "Cedar has four decimals"
    assert cedar_value(True) is True
    assert cedar_record({"a": [1, {"b": None}], "c": None, "d": 2**63}) == {"a": [1, {}]}


def test_times_are_compared_in_cedar() -> None:
    text = "permit(principal, action, resource) when { context.now < resource.until };"
    rule = Policy(id="a", effect="permit", language="cedar", condition=text)
    made = compiled(rule, {})
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    later = now.replace(hour=13)
    assert made.applies(asked(context={"now": now}, resource={"until": later}))
    assert not made.applies(asked(context={"now": later}, resource={"until": now}))


def test_only_what_is_read_leaves_the_entity() -> None:
    assert PolicyTable().rules == ()
    assert all(each.reads for each in POLICIES.rules)
    assert not POLICIES.rules[2].reads_resource


async def test_who_is_told_the_same_is_asked_once(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    original = CedarCondition.applies

    def counted(self: CedarCondition, request: Request) -> bool:
        asked.append(request.attributes["resource"].get("priceMinor"))
        return original(self, request)

    monkeypatch.setattr(CedarCondition, "applies", counted)
    clerk = shop.caller("clerk")
    for price in (1, 1, DEAR + 1):
        await listed(shop, clerk, price)
    reader = shop.caller("visitor", organization=clerk.organization, factors=["mfa"])
    for _ in range(2):
        found = await shop.http.get("/v1/books", headers=reader.headers)
        assert len(found.json()["items"]) == 3
    assert sorted(map(str, asked)) == sorted(map(str, {1, DEAR + 1}))


async def test_each_entity_of_a_page_is_asked_about_that_says_what_cannot_be_compared() -> None:
    """A list of texts; a number beside a truth is another answer, though they are equal."""
    read = frozenset({"resource.tags"})
    wary = Policy(
        id="wary", effect="forbid", language="cel", condition="'x' in resource.tags", reads=read
    )
    table = PolicyTable(rules=(wary,), subjects={"find-books": "book"})
    operation, caller = Operation(id="find-books"), Principal("1", "user", None)
    known = SimpleNamespace(operation=operation, principal=caller, now=clock.now(), source_ip=None)

    async def shown(policy: Policy, *tags: Any) -> frozenset[int]:
        policies = Policies(replace(table, rules=(policy,)), Surroundings())
        guard = policies.guard(operation, caller, frozenset({"clerk"}))
        assert guard is not None
        entities = [Tagged(tags=each) for each in tags]
        return await guard.visible(cast(Context, known), "book", entities)

    assert await shown(wary, ["x"], ["y"], ["x"]) == {1}
    sure = replace(wary, condition="type(resource.tags) == bool")
    assert await shown(sure, 1, True, 1) == {0, 2}


def test_what_is_never_the_same_is_not_remembered() -> None:
    def told(reads: str, **resource: object) -> object:
        policy = Policy(
            id="x", effect="forbid", language="cel", condition="true", reads=frozenset({reads})
        )
        parts = {"principal": {}, "resource": resource, "context": {}}
        return Request(Operation(id="get"), frozenset(), parts).told(policy)

    assert told("resource.a", a=1) == told("resource.a", a=1, b=2)
    several = [told("resource.a", **each) for each in ({"a": 1}, {"a": True}, {"a": "1"}, {})]
    assert len({*several, told("resource.a", a=None)}) == 5
    assert told("context.now") is None
    assert told("resource.a", a="x" * 2000) is None
    assert told("resource.a", a=object()) is None, "another one may look like it"
