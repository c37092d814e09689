"""The ways in of the navigation layer, as a release brings them to the door, and their guards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from api_gateway import generated, release
from api_gateway.generated import models
from api_gateway.generated.models import AuthMode, RouteKind
from cloudsync_chassis.published import published
from cloudsync_chassis.security.entrances import Entry, RouteTable, route_table
from gate import Gate, at_gate, slug

LEDGER = "/v1/ledger-entries"
ADMIN = "/graphql/admin"


def without(table: RouteTable, name: str) -> RouteTable:
    kept = tuple(each for each in table.entries if each.name != name)
    return replace(table, entries=kept)


def named(name: str) -> Entry:
    (found,) = (each for each in route_table(generated).entries if each.name == name)
    return found


def test_a_release_leads_to_all_that_people_may_ask_and_nothing_else(tmp_path: Path) -> None:
    """By the index of the published contracts, which the table is not made of."""

    async def check(gate: Gate) -> None:
        told = json.loads(published(release.__file__, "index.json").read_bytes())["operations"]
        wanted = [each for each in told.values() if each["access"] != "workload"]
        schemas = 2
        entered = await release.enter(gate.handlers, route_table(generated))
        assert entered == release.Entered(len(wanted) + schemas, ())
        assert len(wanted) > 400
        again = await release.enter(gate.handlers, route_table(generated))
        assert again == release.Entered(0, ())
        board = await gate.handlers.board()
        assert {each.plan_code for each in board.plans.values()} == set(models.Edition)
        for each in wanted:
            asked = each["path"].replace("{", "x").replace("}", "x")
            found = board.ways.find(each["method"].upper(), asked, "").route
            assert found is not None, each["path"]
            assert found.upstream_operation == each["operationId"], each["path"]
            assert found.upstream_service == each["service"].rpartition(".")[2]
            public = each["access"] == "public"
            assert (found.auth_mode is AuthMode.anonymous) is public
        (closed,) = (each for each in told.values() if each["access"] == "workload")
        assert board.ways.find(closed["method"].upper(), closed["path"], "").route is None

    at_gate(tmp_path, check)


def test_requests_arrive_where_the_way_leads(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await release.enter(gate.handlers, route_table(generated))
        await gate.get("/v1/documents/0190aaaa-0000-7000-8000-000000000001", gate.person())
        assert gate.seen[0].url.port == 8005
        assert (await gate.get("/v1/plans")).status_code == 503, "no address is known yet"

    at_gate(tmp_path, check)


def test_a_way_is_for_those_whom_its_guard_lets_in(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await release.enter(gate.handlers, route_table(generated))
        gate.reach("payment-service")
        officer = gate.service.caller("finance-operator", factors=["mfa"])
        assert (await gate.get(LEDGER, officer)).status_code == 200
        for caller, status, told in (
            (gate.person(factors=["mfa"]), 403, "forbidden"),
            (None, 401, "unauthenticated"),
        ):
            answer = await gate.get(LEDGER, caller)
            assert (answer.status_code, slug(answer)) == (status, told)
        assert len(gate.seen) == 1

    at_gate(tmp_path, check)


def test_a_second_factor_must_have_been_shown_of_late(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await release.enter(gate.handlers, route_table(generated))
        gate.reach("payment-service")
        half_a_day = named("payment-list-ledger-entries").entrance.step_up
        assert half_a_day == 12 * 3600
        for more, status in (
            ({"factors": ["mfa"], "factor_age": half_a_day - 60}, 200),
            ({"factors": ["mfa"], "factor_age": half_a_day + 60}, 401),
            ({"factors": ["pwd"]}, 401),
        ):
            officer = gate.service.caller("finance-operator", **more)
            answer = await gate.get(LEDGER, officer)
            assert answer.status_code == status, more
        asked = answer.headers["www-authenticate"]
        assert 'error="insufficient_user_authentication"' in asked
        assert f"max_age={half_a_day}" in asked

    at_gate(tmp_path, check)


def test_a_schema_of_another_service_is_a_way_for_the_roles_of_its_guard(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await release.enter(gate.handlers, route_table(generated))
        gate.reach("audit-service")
        officer = gate.service.caller("compliance-officer", factors=["mfa"])
        body = b'{"query": "{ __typename }"}'
        answer = await gate.send("POST", ADMIN, officer, body, content_type="application/json")
        assert answer.status_code == 200
        assert gate.seen[-1].url.path == ADMIN
        refused = await gate.send("POST", ADMIN, gate.person(factors=["mfa"]), body)
        assert (refused.status_code, slug(refused)) == (403, "forbidden")
        board = await gate.handlers.board()
        kinds = {each.path_pattern: each.kind for each in board.routes.values()}
        assert kinds[ADMIN] is RouteKind.graphql
        assert "/graphql/workspace" not in kinds, "the gateway answers that itself"

    at_gate(tmp_path, check)


def test_no_other_route_opens_what_the_model_guards(tmp_path: Path) -> None:
    """An operator may draft another way to an operation; its guard holds there, too."""

    async def check(gate: Gate) -> None:
        gate.reach("payment-service")
        await gate.route(
            name="ledger-for-all",
            path_pattern="/ledger",
            upstream_service="payment-service",
            upstream_operation="listLedgerEntries",
            auth_mode=AuthMode.anonymous,
        )
        answer = await gate.get("/ledger")
        assert (answer.status_code, slug(answer)) == (401, "unauthenticated")
        assert gate.seen == []

    at_gate(tmp_path, check)


def test_a_release_follows_the_model_and_tells_what_has_left_it(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        table = route_table(generated)
        await release.enter(gate.handlers, table)
        moved = replace(named("document-get-document"), path="/v2/documents/{documentId}")
        less = without(without(table, moved.name), "subscription-list-plans")
        changed = replace(less, entries=(*less.entries, moved))
        assert await release.enter(gate.handlers, changed) == release.Entered(
            1, ("subscription-list-plans",)
        )
        person = gate.person()
        assert (await gate.get("/v2/documents/7", person)).status_code == 200
        assert (await gate.get("/v1/documents/7", person)).status_code in (404, 405)

    at_gate(tmp_path, check)
