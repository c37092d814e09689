"""For tests of services: a database for each state folder on a real PostgreSQL, where one is named.

`CHASSIS_TEST_DATABASES` is the URL (`postgresql+psycopg://user@host:port/postgres`) of a role that
may make databases. Without it every test keeps to the embedded database.
"""

from __future__ import annotations

import atexit
import hashlib
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from cloudsync_chassis.runtime import Runtime

VARIABLE = "CHASSIS_TEST_DATABASES"
_KEPT = 8
"""Databases that stay once nothing uses them: a test may start its service again."""

_made: dict[str, _Databases] = {}
"""By server."""


def address(state: Path) -> str | None:
    """URL of the database of a state folder, which `lent` makes; None without a server."""
    server = os.environ.get(VARIABLE)
    return _databases(server).address(state) if server else None


@asynccontextmanager
async def lent(runtime: Runtime) -> AsyncIterator[None]:
    """The service's database exists meanwhile, migrated as released.

    A database that `address` did not give is left alone.

    Raises:
        RuntimeError: another service has it, or so many have been made since that it was dropped.
    """
    server = os.environ.get(VARIABLE)
    name = make_url(runtime.database.url).database or ""
    if not server or not _databases(server).gave(name):
        yield
        return
    databases = _databases(server)
    await databases.lend(name, runtime)
    try:
        yield
    finally:
        databases.take_back(name)


@atexit.register
def drop_all() -> None:
    """Drop what this process has made, on all servers; the end of the process does so."""
    while _made:
        _, databases = _made.popitem()
        databases.drop_all()


class _Databases:
    """What this process has made on a server, all of it dropped at the end."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server)
        self._engine = sa.create_engine(
            self._server, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        self._given: dict[str, Path] = {}
        self._owner: dict[str, str] = {}
        self._idle: OrderedDict[str, None] = OrderedDict()
        self._dropped: set[str] = set()
        self._templates: dict[str, str] = {}

    def address(self, state: Path) -> str:
        name = _name_for(str(state.resolve()))
        self._given[name] = state
        return self._url(name)

    def gave(self, name: str) -> bool:
        return name in self._given

    async def lend(self, name: str, runtime: Runtime) -> None:
        service, state = runtime.spec.name, self._given[name]
        if name in self._dropped:
            raise RuntimeError(f"{state}: its database was dropped; {_KEPT} are kept")
        owner = self._owner.get(name)
        if owner is not None and owner != service:
            raise RuntimeError(f"{state}: its database is that of {owner}")
        if owner is None:
            self._create(name, await self._template(runtime))
            self._owner[name] = service
        self._idle.pop(name, None)

    def take_back(self, name: str) -> None:
        self._idle[name] = None
        while len(self._idle) > _KEPT:
            oldest, _ = self._idle.popitem(last=False)
            self._drop(oldest)
            self._dropped.add(oldest)

    def drop_all(self) -> None:
        for name in (*(self._owner.keys() - self._dropped), *self._templates.values()):
            self._drop(name)

    async def _template(self, runtime: Runtime) -> str:
        """A database that the service's migrations have been applied to, once."""
        schema = runtime.settings.database_schema
        key = f"{runtime.spec.name} {schema or ''}"
        if key not in self._templates:
            name = _name_for(key)
            self._create(name, "template0")
            self._templates[key] = name
            await _migrate(runtime, self._url(name))
        return self._templates[key]

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _create(self, name: str, template: str) -> None:
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def _drop(self, name: str) -> None:
        self._do(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)


def _databases(server: str) -> _Databases:
    if server not in _made:
        _made[server] = _Databases(server)
    return _made[server]


async def _migrate(runtime: Runtime, url: str) -> None:
    """What an image does before it serves."""
    settings = runtime.settings.model_copy(update={"database_url": SecretStr(url)})
    other = Runtime(runtime.spec, settings)
    await other.migrate()
    await other.database.dispose()


def _name_for(text: str) -> str:
    return f"test_{os.getpid()}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
