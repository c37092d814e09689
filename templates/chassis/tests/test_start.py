"""What a service does without until it needs it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter

from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.late import Result, reader
from cloudsync_chassis.lean import unbuilt

SERVED = """
import sys
import cloudsync_chassis.serve, cloudsync_chassis.web.app, cloudsync_chassis.client.rpc
from cloudsync_chassis.expressions import Rule
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store import schema
from sqlalchemy import MetaData
kept = schema.Index("kept", ("a",), where="a IS NOT NULL", using="gin")
schema.Table("things", schema.Column("a", "text"), kept, key=("a",)).of(MetaData(), "x")
rule = Rule("1 + 1 == 2")
Settings()
print(*(set(sys.argv[1:]) & set(sys.modules)))
"""


def said(script: str, *arguments: str) -> list[str]:
    """Words that a process of its own prints, in which nothing is loaded yet."""
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.split()


def test_who_serves_loads_neither_migrations_nor_another_dialect_nor_a_command_line() -> None:
    heavy = (
        "alembic",
        "httpx",
        "cryptography.x509",
        "typer",
        "rich",
        "cel",
        "cedarpy",
        "click",
        "dotenv",
        "multiprocessing.context",
        "http.server",
        "prometheus_client.exposition",
        "fastapi.openapi.models",
        "fastapi.openapi.utils",
        "fastapi.security",
        "grpc",
        "google.protobuf",
    )
    dialects = ("sqlalchemy.dialects.postgresql", "sqlalchemy.orm")
    traced = ("opentelemetry.sdk", "opentelemetry.exporter", "requests")
    assert said(SERVED, *heavy, *dialects, *traced) == []


def test_rules_are_compiled_once_asked_without_the_command_line_of_their_library() -> None:
    script = """
import sys
from cloudsync_chassis.expressions import Rule
rule = Rule("1 + 1 == 2")
print("cel" in sys.modules, rule.holds(), "cel" in sys.modules, "typer" in sys.modules)
"""
    assert said(script) == ["False", "True", "True", "False"]


def test_a_library_is_passed_over_only_while_another_is_imported() -> None:
    script = """
import sys
from cloudsync_chassis.lean import httpx, structlog, without
print(structlog.dev.rich, "httpx" in sys.modules)
print(httpx.AsyncClient.__name__, "httpx" in sys.modules, "httpx._main" in sys.modules)
import rich
with without("rich"):
    import rich as again
print(again is rich)
"""
    assert said(script) == ["None", "False", "AsyncClient", "True", "False", "True"]


def test_a_function_that_is_promised_is_there_for_who_calls_it() -> None:
    script = """
import sys
from cloudsync_chassis.security.jose import import_key
from joserfc._rfc7517 import pem
print("cryptography.x509" in sys.modules)
try:
    pem.load_pem_x509_certificate(b"none")
except ValueError:
    print("cryptography.x509" in sys.modules)
"""
    assert said(script) == ["False", "True"]


def test_a_class_that_is_promised_is_the_true_one_for_who_uses_it() -> None:
    script = """
import sys
from cloudsync_chassis.lean import promised
with promised("cmd", "plistlib"):
    from cmd import Cmd
    from plistlib import dumps
print(isinstance(1, Cmd), issubclass(int, Cmd), "cmd" in sys.modules)
class Mine(Cmd):
    def __init__(self):
        super().__init__()
        self.prompt = "mine"
import cmd
print(type(Cmd()) is cmd.Cmd, isinstance(Mine(), Cmd), issubclass(Mine, Cmd), Mine().prompt)
print(Mine.__mro__[1] is cmd.Cmd, type(Mine) is type, b"<integer>1</integer>" in dumps(1))
"""
    assert said(script) == [
        *("False", "False", "False"),
        *("True", "True", "True", "mine"),
        *("True", "True", "True"),
    ]


def test_who_uses_the_security_of_fastapi_has_all_of_it() -> None:
    script = """
import asyncio, json
from cloudsync_chassis.web.framework import FastAPI
from fastapi import Security
from fastapi.security import HTTPBearer, SecurityScopes

app = FastAPI()

async def caller(scopes: SecurityScopes, told=Security(HTTPBearer())):
    return told.credentials, scopes.scopes

@app.get("/me")
async def me(found=Security(caller, scopes=["read"])):
    return found

async def ask(headers):
    sent = []
    async def receive():
        return {"type": "http.request", "body": b""}
    async def send(message):
        sent.append(message)
    told = {"type": "http", "method": "GET", "path": "/me", "query_string": b""}
    await app({**told, "headers": headers}, receive, send)
    print(sent[0]["status"], sent[1]["body"].decode().replace(" ", ""))

asyncio.run(ask([(b"authorization", b"Bearer abc")]))
asyncio.run(ask([]))
print(*app.openapi()["components"]["securitySchemes"])
"""
    told = ["200", '["abc",["read"]]', "401", '{"detail":"Notauthenticated"}', "HTTPBearer"]
    assert said(script) == told


async def test_a_client_that_nobody_calls_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ServiceClient("https://peer.invalid")
    await client.aclose()
    assert "_http" not in vars(client)


def test_a_package_whose_modules_stood_alone_is_whole_for_who_asks_for_it() -> None:
    script = """
from cloudsync_chassis.store import engine
from sqlalchemy.ext import asyncio
print(asyncio.AsyncEngine is engine.AsyncEngine, asyncio.AsyncSession.__name__)
"""
    assert said(script) == ["True", "AsyncSession"]


def test_models_are_built_late_only_while_a_library_asks_for_it() -> None:
    class Before(BaseModel):
        pass

    with unbuilt():

        class Meanwhile(BaseModel):
            number: int = 0

    class After(BaseModel):
        pass

    built = [each.__pydantic_complete__ for each in (Before, Meanwhile, After)]
    assert built == [True, False, True]
    assert Meanwhile.model_validate({"number": "1"}).number == 1


def test_models_of_a_client_are_loaded_when_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "farm_client"
    package.mkdir()
    (package / "models.py").write_text("Name = str\n")
    late = "from cloudsync_chassis.client.late import late\nmodels = late('farm_client.models')\n"
    (package / "client.py").write_text(late)
    (package / "__init__.py").write_text("import farm_client.client\n")
    monkeypatch.syspath_prepend(tmp_path)
    given = importlib.import_module("farm_client").models
    assert not hasattr(given, "__path__")
    assert "farm_client.models" not in sys.modules
    assert given.Name is str
    assert sys.modules["farm_client.models"].Name is given.Name
    with pytest.raises(AttributeError):
        assert given.Nobody


def test_what_reads_a_result_is_made_once() -> None:
    asked: list[object] = []

    def kind() -> object:
        asked.append(None)
        return int

    result: Result[int] = Result(kind)
    assert asked == []
    assert [reader(result).validate_json("1"), reader(result).validate_json("2")] == [1, 2]
    assert len(asked) == 1
    plain = TypeAdapter(int)
    assert reader(plain) is plain


def test_what_a_start_imports_is_not_looked_at_again() -> None:
    script = """
import gc
from cloudsync_chassis import heap
with heap.still():
    print(gc.isenabled(), end=" ")
    kept = [[] for _ in range(1000)]
print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""
    assert said(script) == ["False", "True", "True"]
