"""Requests that pass through the door: to the right upstream, with nothing that is not theirs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from api_gateway.generated import models, operations, port
from api_gateway.generated.models import AuthMode, HttpMethod
from api_gateway.matching import Ways, shape_of
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.identity import Identity
from cloudsync_chassis.settings import Settings
from gate import DAY, Gate, at_gate, moment, slug
from starlette.types import Message

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def test_a_request_goes_to_the_upstream_of_its_route(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()
        person = gate.person()
        answer = await gate.get("/v1/documents/7?a=1&a=%20x", person, traceparent=TRACE)
        assert (answer.status_code, answer.json()) == (200, {"path": "/v1/documents/7"})
        (sent,) = gate.seen
        assert str(sent.url) == "http://127.0.0.1:8005/v1/documents/7?a=1&a=%20x"
        assert sent.headers["authorization"] == person.headers["Authorization"]
        assert sent.headers["traceparent"].split("-")[1] == "a" * 32
        assert sent.headers["x-timeout-ms"] == "2000"
        assert sent.headers["x-forwarded-for"] == "127.0.0.1"
        assert answer.headers["via"] == "1.1 api-gateway"
        assert "server" not in answer.headers
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        labels = {"route": "documents-get", "outcome": "2xx", "upstream": "document-service"}
        assert await gate.measured("gateway_requests_total", **labels) == 1

    at_gate(tmp_path, check)


def test_nobody_says_who_they_are_but_by_their_token(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()
        forged = {
            "x_organization_id": str(uuid7()),
            "x_forwarded_client_cert": "Subject=x",
            "x_forwarded_for": "203.0.113.9",
            "forwarded": "for=203.0.113.9",
            "cookie": "a=b",
            "connection": "x-secret-hop, keep-alive",
            "x_secret_hop": "1",
            "proxy_authorization": "Basic x",
            "te": "trailers",
            "x_kept": "yes",
        }
        await gate.get(by=gate.person(), **forged)
        (sent,) = gate.seen
        told = {each.replace("_", "-") for each in forged} - {"connection", "x-kept"}
        assert {n for n in told if n in sent.headers} == {"x-forwarded-for"}
        assert sent.headers["x-forwarded-for"] == "127.0.0.1"
        assert sent.headers["x-kept"] == "yes"

    at_gate(tmp_path, check)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/documents/7/more", 404),
        ("GET", "/v1/documents/", 404),
        ("GET", "/v2/documents/7", 404),
        ("DELETE", "/v1/documents/7", 405),
        ("GET", "/v1/documents/7", 401),
    ],
)
def test_what_no_route_takes_is_refused(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()
        answer = await gate.send(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        if status == 405:
            assert answer.headers["allow"] == "GET, HEAD"
        assert gate.seen == []

    at_gate(tmp_path, check)


@pytest.mark.parametrize("path", ["..", ".", "%2e%2e", "%2E."])
def test_no_path_leads_elsewhere_than_it_says(tmp_path: Path, path: str) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(path_pattern="/v1/{kind}/{id}/{part}")
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/v1/documents/{unquote(path)}/users",
            "raw_path": f"/v1/documents/{path}/users".encode(),
            "query_string": b"",
            "headers": [],
            "client": ("192.0.2.1", 7),
            "scheme": "http",
            "server": ("door", 80),
            "chassis.trace": Trace.new(),
        }
        with pytest.raises(Problem, match="not-found"):
            await gate.handlers.serve(scope, receive, send)
        assert gate.seen == []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is answered here")

    at_gate(tmp_path, check)


def test_a_fault_of_ours_is_counted_as_a_failure(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()

        def stumble(request: httpx.Request) -> httpx.Response:
            raise RuntimeError("a bug")

        gate.upstream = stumble
        assert (await gate.get(by=gate.person())).status_code == 500
        labels = {"route": "documents-get", "outcome": "5xx"}
        assert await gate.measured("gateway_requests_total", **labels) == 1

    at_gate(tmp_path, check)


def test_a_draft_is_reachable_by_nobody_and_a_retired_route_is_gone(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        found = await gate.draft()
        person = gate.person()
        assert (await gate.get(by=person)).status_code == 404

        async def retire(ctx: Context) -> None:
            await gate.handlers.gateway_route.rewrite(ctx, found, {"status": "retired"})

        await gate.handlers.apart(retire)
        gate.handlers.stale()
        answer = await gate.get(by=person)
        assert (answer.status_code, slug(answer)) == (410, "gone")

    at_gate(tmp_path, check)


def test_the_most_specific_route_takes_a_request(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        await gate.route(plan)
        await gate.route(
            plan,
            name="documents-shared",
            path_pattern="/v1/documents/shared",
            upstream_operation="listSharedDocuments",
            timeout_ms=100,
        )
        person = gate.person()
        await gate.get("/v1/documents/shared", person)
        await gate.get("/v1/documents/shared-not", person)
        assert [each.headers["x-timeout-ms"] for each in gate.seen] == ["100", "2000"]

    at_gate(tmp_path, check)


def test_patterns_are_alike_whatever_their_variables_are_called() -> None:
    assert shape_of("/v1/a/{b}/c/{d}") == shape_of("/v1/a/{x}/c/{y}") != shape_of("/v1/a/{b}/c")
    assert Ways(()).find("GET", "/", "").route is None


def test_a_deprecated_route_says_when_it_ends(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        found = await gate.route()
        end = moment(400 * DAY).replace(microsecond=0)
        body = models.DeprecateRouteRequest(sunset_at=end)
        wish = port.DeprecateRoute(gateway_route_id=found.id, body=body)
        await gate.ask(operations.DEPRECATE_ROUTE, wish)
        answer = await gate.get(by=gate.person())
        assert answer.status_code == 200
        assert answer.headers["sunset"] == f"{end:%a, %d %b %Y %H:%M:%S} GMT"
        assert answer.headers["deprecation"].startswith("@")

    at_gate(tmp_path, check)


def test_bodies_are_passed_on_and_bounded(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(
            path_pattern="/v1/documents",
            methods=[HttpMethod.post],
            upstream_operation="createDocument",
            max_body_bytes=20,
        )
        person = gate.person()
        kind = {"content_type": "text/plain", "idempotency_key": "k" * 20}
        answer = await gate.send("POST", "/v1/documents", person, b"x" * 20, **kind)
        assert answer.status_code == 200
        (sent,) = gate.seen
        assert (sent.content, sent.headers["idempotency-key"]) == (b"x" * 20, "k" * 20)
        large = await gate.send("POST", "/v1/documents", person, b"x" * 21)
        assert (large.status_code, slug(large)) == (413, "body-too-large")
        assert len(gate.seen) == 1

    at_gate(tmp_path, check)


def test_what_an_upstream_answers_comes_back_as_it_is(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()
        problem = {"type": "https://errors/not-found", "status": 404}

        def refuse(request: httpx.Request) -> httpx.Response:
            headers = {"content-type": "application/problem+json", "x-more": "1"}
            return httpx.Response(404, json=problem, headers=headers)

        gate.upstream = refuse
        answer = await gate.get(by=gate.person())
        assert (answer.status_code, answer.json()) == (404, problem)
        assert answer.headers["x-more"] == "1"

        gate.upstream = lambda request: httpx.Response(302, headers={"location": "/elsewhere"})
        moved = await gate.get(by=gate.person())
        assert (moved.status_code, moved.headers["location"]) == (302, "/elsewhere")

    at_gate(tmp_path, check)


def test_only_what_may_be_repeated_is_and_as_often_as_the_route_says(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        await gate.route(plan, retry_attempts=2)
        await gate.route(
            plan,
            name="documents-create",
            path_pattern="/v1/documents",
            methods=[HttpMethod.post],
            upstream_operation="createDocument",
        )
        answers = [httpx.Response(503), httpx.Response(502), httpx.Response(200, text="at last")]
        gate.upstream = lambda request: answers.pop(0)
        found = await gate.get(by=gate.person())
        assert (found.status_code, found.text, len(gate.seen)) == (200, "at last", 3)
        gate.upstream = lambda request: httpx.Response(503)
        failed = await gate.send("POST", "/v1/documents", gate.person(), b"x")
        assert (failed.status_code, len(gate.seen)) == (503, 4)

    at_gate(tmp_path, check)


def test_silence_is_told_apart_and_opens_the_breaker(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(timeout_ms=50)
        person = gate.person()

        async def dawdle(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(1)
            return httpx.Response(200)

        gate.upstream = dawdle
        late = await gate.get(by=person)
        assert (late.status_code, slug(late)) == (504, "deadline-exceeded")

        def hang_up(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        gate.upstream = hang_up
        gone = await gate.get(by=person)
        assert (gone.status_code, slug(gone)) == (502, "dependency-failed")
        for _ in range(18):
            await gate.get(by=person)
        seen = len(gate.seen)
        spared = await gate.get(by=person)
        assert (spared.status_code, slug(spared)) == (503, "unavailable")
        assert len(gate.seen) == seen

    at_gate(tmp_path, check)


def test_a_connection_that_closes_as_it_is_taken_is_not_told_to_readers(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(retry_attempts=0)
        answered = gate.upstream

        def closed_once(request: httpx.Request) -> httpx.Response:
            gate.upstream = answered
            raise httpx.RemoteProtocolError("closed", request=request)

        gate.upstream = closed_once
        assert (await gate.get(by=gate.person())).status_code == 200
        assert len(gate.seen) == 2

    at_gate(tmp_path, check)


def test_an_anonymous_route_asks_for_nothing_and_passes_nothing_on(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.open_route()
        answer = await gate.get(by=gate.person())
        assert answer.status_code == 200
        assert "authorization" not in gate.seen[0].headers

    at_gate(tmp_path, check)


def test_a_token_that_proves_nothing_is_refused(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()
        token = gate.person().headers["Authorization"]
        for forged in (token[:-4] + "AAAA", "Basic eDp5", "Bearer "):
            assert (await gate.get(authorization=forged)).status_code == 401
        assert gate.seen == []

    at_gate(tmp_path, check)


def test_a_browser_brings_its_token_in_a_cookie(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(auth_mode=AuthMode.session)
        person = gate.person()
        assert (await gate.get(by=person)).status_code == 401
        answer = await gate.get(cookie=f"other=1; __Host-session={person.token}")
        assert answer.status_code == 200
        sent = gate.seen[0].headers
        assert sent["authorization"] == f"Bearer {person.token}"
        assert "cookie" not in sent

    at_gate(tmp_path, check)


def test_a_key_is_looked_up_and_becomes_a_token_for_the_upstream(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(auth_mode=AuthMode.api_key)
        subject, organization = uuid7(), uuid7()
        told = {
            "active": True,
            "subject": str(subject),
            "organizationId": str(organization),
            "roles": ["orgAdmin"],
            "scopes": ["document:read"],
        }
        gate.service.answers("auth-service", "introspectToken", told)
        answer = await gate.get(x_api_key="cs_live_0123456789abcdef")
        assert answer.status_code == 200
        sent = gate.seen[0].headers
        assert "x-api-key" not in sent
        token = sent["authorization"].removeprefix("Bearer ")
        settings = Settings.model_validate(
            {"state_dir": gate.state, "issuer": gate.handlers.settings.issuer}
        )
        principal = await Identity("document-service", settings).caller(f"Bearer {token}")
        assert (principal.subject, principal.organization_id) == (str(subject), organization)
        assert principal.roles == {"org-admin"}
        narrow = {**told, "scopes": ["file:read"]}
        gate.service.answers("auth-service", "introspectToken", narrow)
        assert (await gate.get(x_api_key="cs_live_0123456789abcdef")).status_code == 403
        gate.service.answers("auth-service", "introspectToken", {"active": False})
        assert (await gate.get(x_api_key="cs_live_0123456789abcdef")).status_code == 401
        call = Call(service="auth-service", operation="introspectToken", method="POST", path="/")
        gate.service.answers("auth-service", "introspectToken", NoAnswerError(call, "down"))
        assert (await gate.get(x_api_key="cs_live_0123456789abcdef")).status_code == 503
        assert len(gate.seen) == 1

    at_gate(tmp_path, check)


def test_who_tries_many_keys_waits_longer_each_time(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(auth_mode=AuthMode.api_key)
        gate.set(introspection_failures_per_minute=3)
        gate.service.answers("auth-service", "introspectToken", {"active": False})
        answers = [await gate.get(x_api_key=f"cs_live_0123456789abcde{n}") for n in range(6)]
        assert [each.status_code for each in answers] == [401] * 3 + [429] * 3
        assert [each.headers.get("retry-after") for each in answers[3:]] == ["1", "2", "4"]

    at_gate(tmp_path, check)


def test_a_certificate_counts_only_from_the_edge(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(auth_mode=AuthMode.mtls)
        person = gate.person()
        shown = {"x_forwarded_client_cert": 'Hash=ab;Subject="CN=partner"'}
        assert (await gate.get(by=person, **shown)).status_code == 401
        gate.set(trusted_proxies=frozenset({ip_network("127.0.0.0/8")}))
        assert (await gate.get(by=person)).status_code == 401
        assert (await gate.get(by=person, **shown)).status_code == 200

    at_gate(tmp_path, check)


def test_barred_people_and_sessions_stay_out_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route()
        session = uuid7()
        person, other = gate.person(session=str(session)), gate.person()
        assert (await gate.get(by=person)).status_code == 200
        gone = {"sessionId": str(session), "userId": str(person.subject), "reason": "logout"}
        await gate.tell("user.session-revoked", gone, person.organization)
        assert (await gate.get(by=person)).status_code == 401
        assert (await gate.get(by=gate.person(subject=person.subject))).status_code == 200
        left = {"userId": str(other.subject), "reason": "adminAction"}
        await gate.tell("user.user-suspended", left, other.organization)
        assert (await gate.get(by=other)).status_code == 401
        gate.service.later(timedelta(minutes=16))
        gate.handlers.stale()
        fresh = gate.person(subject=other.subject)
        assert (await gate.get(by=fresh)).status_code == 200
        await gate.service.tick()

        async def count(ctx: Context) -> int:
            return await gate.handlers.barred_principal.count(ctx)

        assert await gate.handlers.apart(count) == 0

    at_gate(tmp_path, check)


def test_other_connections_than_http_are_closed(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        sent = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        scope = {"type": "websocket", "path": "/v1/documents/7", "headers": []}
        await gate.handlers.serve(scope, receive, send)
        assert sent == [{"type": "websocket.close", "code": 1008}]

    at_gate(tmp_path, check)
