"""Settings, logs, telemetry."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

import bookshop
from cloudsync_chassis import logs, telemetry
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.policy import Budget, Edge
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import isolated, running


def test_a_service_starts_without_any_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOOK_SERVICE_PORT", "CHASSIS_PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = bookshop.BookSettings()
    assert (settings.port, settings.bus, settings.database_url) == (8080, "sqlite", None)
    assert settings.max_page_size == 100, "the model's default"


def test_the_services_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHASSIS_PORT", "9001")
    monkeypatch.setenv("CHASSIS_PEERS", '{"a": "http://a"}')
    assert bookshop.BookSettings().port == 9001
    monkeypatch.setenv("BOOK_SERVICE_PORT", "9002")
    assert bookshop.BookSettings().port == 9002
    assert bookshop.BookSettings(port=9003).port == 9003
    assert bookshop.BookSettings().peers == {"a": "http://a"}


async def test_patience_gives_calls_and_operations_more_time(tmp_path: Path) -> None:
    edge = Edge(service="till", url="http://till.invalid", budgets={"ring": Budget(timeout=2)})
    settings = bookshop.BookSettings(**isolated(tmp_path), patience=3)
    runtime = Runtime(replace(bookshop.SERVICE, edges={"till": edge}), settings)
    call = Call(service="till", operation="ring", method="GET", path="/")
    assert runtime.client(ServiceClient, "till").budget(call).timeout == 6
    wait = Operation(id="wait", access="workload", timeout=2)

    async def left(ctx: Context) -> float:
        return ctx.deadline.remaining

    incoming = Incoming(principal=workload("book-service"), trace=Trace.new())
    assert 5 < await runtime.executor.run(wait, incoming, left) <= 6
    await runtime.database.dispose()


@pytest.mark.parametrize(("name", "value"), [("PORT", "x"), ("PORT", "70000"), ("BUS", "carrier")])
def test_values_that_cannot_be_used_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BOOK_SERVICE_{name}", value)
    with pytest.raises(ValidationError):
        bookshop.BookSettings()


def test_production_has_no_embedded_secret_or_store(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as refused:
        bookshop.BookSettings(environment="production")
    for name in ("database_url", "jwks_url", "field_key_file", "cursor_key_file"):
        assert name in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHASSIS_DATABASE_URL", "postgresql+psycopg://u:hunter2@db/x")
    settings = bookshop.BookSettings()
    assert settings.database_url
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


def test_logs_are_json_with_secrets_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "book-service")
    logs.logger("x").info("done", token="abc", count=2)
    logging.getLogger("library").warning("plain %s", "text")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["event"], first["count"], first["token"]) == ("done", 2, "***")
    assert (first["service"], first["level"]) == ("book-service", "info")
    assert (second["event"], second["level"]) == ("plain text", "warning")


async def test_operations_and_calls_are_spans_of_one_trace(tmp_path: Path) -> None:
    arguments = {**isolated(tmp_path), "telemetry": "memory"}
    runtime = Runtime(bookshop.SERVICE, bookshop.BookSettings(**arguments))
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        trace = f"00-{'c' * 32}-{'d' * 16}-01"
        headers = {**shop.caller("clerk").headers, "traceparent": trace}
        await shop.http.get("/v1/books", headers=headers)
        await shop.http.get("/v1/books/0", headers=headers)
        assert isinstance(runtime.telemetry, telemetry.Telemetry)
        told = runtime.telemetry.finished
    spans = [each for each in told if "db.system.name" not in each.attributes]
    assert [each.name for each in spans] == ["find-books", "get-book"]
    parents = {each.parent.span_id for each in told if each not in spans}
    assert parents
    assert parents <= {each.context.span_id for each in spans}
    assert f"{spans[0].context.trace_id:032x}" == "c" * 32
    assert f"{spans[0].parent.span_id:016x}" == "d" * 16
    assert spans[0].resource.attributes["service.name"] == "book-service"
    assert spans[0].attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/books",
        "http.response.status_code": 200,
    }
