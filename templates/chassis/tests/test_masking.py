"""What must not be told is told nowhere: values that the model classes so, and secrets."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

import bookshop
from bookshop.models import LoanInput
from cloudsync_chassis import logs, telemetry
from cloudsync_chassis.audit.tables import records
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.faults import of_exception
from cloudsync_chassis.masking import MASK, Masking, described
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store import system
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.testing import Running, isolated, running

CANARY = "canary-7f3a"
SERVER_FAULTS = {True: 503, False: 500}
"""A table that is gone is no database to SQLite, and a wrong statement to PostgreSQL."""

MASKING = Masking({"notes", "taxId"})


@dataclass
class Held:
    notes: str
    other: str


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            {"notes": 1, "x": [{"tax_id": 1, "y": 1}]},
            {"notes": MASK, "x": [{"tax_id": MASK, "y": 1}]},
        ),
        (Held("a", "b"), {"notes": MASK, "other": "b"}),
        ({"x": LoanInput(reader="r", level="l")}, {"x": {"reader": "r", "level": "l"}}),
        (({"taxId": None},), [{"taxId": MASK}]),
        ("text", "text"),
    ],
)
def test_names_decide_at_every_depth(value: Any, shown: Any) -> None:
    assert MASKING.shown(value) == shown


def test_a_property_may_be_called_as_an_entry_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info", "book-service", Masking({"status", "event", "level", "x"}))
    logs.logger("http").info("request", status=200, x=1)
    logs.logger("handler").info("told", status="secret", inside={"event": 1, "token": 2})
    request, told = map(json.loads, capsys.readouterr().out.splitlines())
    assert (request["event"], request["level"], request["status"]) == ("request", "info", 200)
    assert request["x"] == MASK
    assert (told["event"], told["status"]) == ("told", MASK)
    assert told["inside"] == {"event": MASK, "token": MASK}


def test_what_refers_to_itself_ends() -> None:
    value: dict[str, Any] = {}
    value["again"] = value
    assert MASK in json.dumps(MASKING.shown(value))


def test_an_exception_is_told_by_its_type() -> None:
    error = RuntimeError(CANARY)
    error.__cause__ = KeyError(CANARY)
    assert described(error) == "RuntimeError from KeyError"
    assert described(NOT_FOUND(CANARY)) == "Problem: not-found"
    call = CallError(Call(service="b", operation="get-book", method="GET", path="/v1"), "no answer")
    assert described(call) == f"CallError: {call}"


class Output:
    """All that a service says of what it does, beside its answers."""

    def __init__(self, capsys: pytest.CaptureFixture[str], spans: InMemorySpanExporter) -> None:
        self._capsys = capsys
        self._spans = spans

    def listen(self, shop: Running) -> None:
        """From here on at the finest level: the stream is the test's own only while it runs."""
        logs.configure("debug", "book-service", shop.runtime.masking)

    def text(self) -> str:
        told = self._capsys.readouterr()
        spans = "".join(each.to_json() for each in self._spans.get_finished_spans())
        return told.out + told.err + spans


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Output:
    """Logs and spans."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    return Output(capsys, exporter)


async def trail(shop: Running) -> str:
    async with shop.runtime.database.transaction(write=False) as connection:
        rows = (await connection.execute(sa.select(records))).all()
    assert rows
    return repr(rows)


async def test_no_canary_leaves_through_any_operation(shop: Running, output: Output) -> None:
    """Valid, of the wrong type, too much; the answers alone may hold what the caller sent."""
    output.listen(shop)
    clerk = shop.caller("clerk", "head")
    body = {"title": "x", "priceMinor": 1, "notes": CANARY}
    book = (await shop.http.post("/v1/books", json=body, headers=clerk.headers)).json()
    assert book["notes"] == CANARY
    url = f"/v1/books/{book['id']}"
    match = {**clerk.headers, "If-Match": '"1"'}
    loan = {"reader": "user:ann", "level": "guest", "remark": CANARY}
    wrong: list[Any] = [[CANARY], {"a": CANARY}, CANARY * 9000]
    requests: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PATCH", url, {"notes": f"{CANARY} again"}, match),
        ("PATCH", url, {"notes": CANARY}, match),
        ("POST", f"{url}/loans", loan, clerk.headers),
        ("POST", f"{url}/loans", {**loan, "remark": f"{CANARY}!"}, clerk.headers),
        ("PUT", f"{url}/loans/ann", {"level": "guest", "remark": CANARY}, clerk.headers),
        ("GET", url, None, clerk.headers),
        ("GET", "/v1/books", None, clerk.headers),
        ("GET", f"{url}/loans", None, clerk.headers),
        ("GET", "/v1/loans", None, clerk.headers),
        ("POST", f"{url}/reserve", None, clerk.headers),
        ("POST", f"{url}/sell", None, clerk.headers),
        ("POST", f"{url}/appraise", None, {}),
        ("DELETE", url, None, clerk.headers),
        *(("POST", "/v1/books", {**body, "notes": each}, clerk.headers) for each in wrong[:2]),
        *(("POST", f"{url}/loans", {**loan, "remark": each}, clerk.headers) for each in wrong[:2]),
        ("POST", "/v1/books", {**body, "title": 7}, clerk.headers),
    ]
    statuses = set()
    for method, target, content, headers in requests:
        answer = await shop.http.request(method, target, json=content, headers=headers)
        statuses.add(answer.status_code)
        if answer.status_code >= 400:
            assert CANARY not in answer.text, (method, target)
    assert statuses >= {200, 201, 204, 400, 409, 412, 501}
    await shop.published()
    said = output.text()
    assert said.count('"event": "request"') > len(requests)
    assert '"name": "lend-book"' in said, "spans are looked at"
    assert CANARY not in said
    assert CANARY not in await trail(shop)
    assert '"list-book"' in json.dumps(await trail(shop)).replace("'", '"').replace("\\", "")


async def test_no_canary_leaves_through_a_careless_handler(
    shop: Running, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a handler logs under the field's name or as a whole, and what exceptions quote."""
    output.listen(shop)
    clerk = shop.caller("clerk")
    repository = shop.runtime.aggregates["book"].repository

    async def careless(ctx: Context, entity: Any) -> None:
        log = logs.logger("handler")
        log.info("told", notes=entity.notes, whole=entity, inside=[{"notes": entity.notes}])
        logging.getLogger("library").warning("failed\n%s", entity.notes)
        try:
            raise KeyError(entity.notes)
        except KeyError as error:
            log.exception("caught")
            log.warning("failed", error=error)
            raise RuntimeError(f"cannot keep {entity.notes}") from error

    monkeypatch.setattr(repository, "insert", careless)
    body = {"title": "plain-title", "priceMinor": 1, "notes": CANARY}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert (answer.status_code, CANARY in answer.text) == (500, False)
    said = output.text()
    assert CANARY not in said
    for told in ("plain-title", "RuntimeError from KeyError", "test_masking.py", '"told"'):
        assert told in said, "the rest is"


async def test_no_canary_leaves_with_a_database_error(shop: Running, output: Output) -> None:
    output.listen(shop)
    clerk = shop.caller("clerk")
    async with shop.runtime.database.transaction(write=True) as connection:
        for table in (bookshop.books, system.documents):
            await connection.execute(sa.schema.DropTable(table))
    body = {"title": CANARY, "priceMinor": 1, "notes": CANARY}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert (answer.status_code, CANARY in answer.text) == (
        SERVER_FAULTS[shop.runtime.database.is_sqlite],
        False,
    )
    said = output.text()
    assert "OperationalError" in said or "ProgrammingError" in said
    assert CANARY not in said, "not even what may be logged: the whole statement is left out"


async def test_a_lost_task_says_no_more_than_its_type(shop: Running, output: Output) -> None:
    output.listen(shop)

    async def lost() -> None:
        raise ValueError(CANARY)

    task = asyncio.ensure_future(lost())
    await asyncio.sleep(0)
    message = {"message": f"Task exception was never retrieved\n{task!r}"}
    asyncio.get_running_loop().default_exception_handler({**message, "exception": task.exception()})
    said = output.text()
    assert "Task exception was never retrieved" in said
    assert CANARY not in said


SECRET = "hunter2-9c1d"


async def test_no_secret_is_printed_logged_or_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets come as files or as a hidden value; no part of the service repeats one."""
    files = {}
    for name in ("field_key_file", "index_key_file", "cursor_key_file", "audit_key_file"):
        path = tmp_path / name
        path.write_bytes(f"{name}-{SECRET}".encode().ljust(32, b"x")[:32])
        files[name] = path
    token = tmp_path / "token"
    token.write_text(f"header.{SECRET}.signature")
    settings = bookshop.BookSettings(
        **isolated(tmp_path / "state"), **files, workload_token_file=token
    )
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        logs.configure("debug", "book-service", runtime.masking)
        clerk = shop.caller("clerk")
        await shop.http.post("/v1/books", json={"title": "x", "notes": "y"}, headers=clerk.headers)
        await shop.http.get("/v1/books", headers={"Authorization": f"Bearer {SECRET}"})
        await shop.http.get("/v1/books", headers={"Cookie": SECRET, **clerk.headers})
        assert await runtime.identity.workload_token("other") == token.read_text()
        held = (settings, runtime.cipher, runtime.cursors, runtime.audit, runtime.identity)
        shown = "".join(map(repr, held)) + str(settings) + settings.model_dump_json()
        shown += "".join(repr(vars(each)) for each in (clerk,)).replace(clerk.token, "")
        logs.logger("x").info("y", token=SECRET, authorization=SECRET, password=SECRET)
    told = capsys.readouterr()
    for text in (shown, told.out, told.err):
        assert SECRET not in text
        for path in files.values():
            key = path.read_bytes()
            for form in (key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1]):
                assert form not in text
    assert clerk.token not in told.out


async def test_a_password_is_in_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "book-service")
    url = SecretStr(f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/x")
    settings = bookshop.BookSettings(database_url=url)
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()
    database = Database(url.get_secret_value())
    with pytest.raises(sa.exc.OperationalError) as refused:
        await database.ping()
    problem = of_exception(refused.value)
    await database.dispose()
    told = capsys.readouterr()
    assert "database_unavailable" in told.out
    assert SECRET not in repr(database) + repr(problem) + str(refused.value) + told.out + told.err


def test_a_setting_that_cannot_be_read_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cloudsync_chassis import serve

    monkeypatch.setenv("BOOK_SERVICE_DATABASE_POOL", SECRET)
    code = serve.main(bookshop.SERVICE, bookshop.BookSettings, lambda _: None, ["migrate"])  # type: ignore[arg-type,return-value]
    told = capsys.readouterr()
    assert code == serve.WRONG_USAGE
    assert "database_pool" in told.err
    assert SECRET not in told.out + told.err
