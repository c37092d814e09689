"""Unit of work: everything that one operation writes commits together, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.engine import AsyncConnection


class Unit:
    """One transaction, begun at the first use of a repository: calls made before hold no lock."""

    def __init__(self, database: Database, *, write: bool) -> None:
        self._database = database
        self._write = write
        self._connection: AsyncConnection | None = None
        self._before_commit: list[Callable[[], Awaitable[None]]] = []
        self._after_commit: list[Callable[[], None]] = []
        self.seen: dict[tuple[Any, ...], Any] = {}
        """What the transaction has read, for those who ask again."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._database.engine.dialect.name

    async def connection(self) -> AsyncConnection:
        """The transaction's connection."""
        if self._connection is None:
            self._connection = await self._database.connect(write=self._write)
        return self._connection

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[AsyncConnection]:
        """The connection, for several statements of which none shall stay if one is refused."""
        connection = await self.connection()
        async with connection.begin_nested():
            yield connection

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[AsyncConnection]:
        """The connection, for one statement after whose refusal the operation may go on.

        PostgreSQL refuses all that follows in a transaction in which something failed, unless
        there was a savepoint; SQLite undoes the statement and goes on.
        """
        if self._database.is_sqlite:
            yield await self.connection()
            return
        async with self.savepoint() as connection:
            yield connection

    def before_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` as one of the transaction's last acts; nothing of it is left if it fails."""
        self._before_commit.append(action)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction has committed."""
        self._after_commit.append(action)

    async def commit(self) -> None:
        """Run what is to be done before, commit, then run the actions registered."""
        last, self._before_commit = self._before_commit, []
        for act in last:
            await act()
        if self._connection is not None:
            await self._connection.commit()
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            action()

    async def rollback(self) -> None:
        """Undo everything since the last commit."""
        self._before_commit.clear()
        self._after_commit.clear()
        self.seen.clear()
        if self._connection is not None:
            await self._connection.rollback()

    async def rest(self) -> None:
        """Give the connection back until something is read again, which then sees what others have
        committed meanwhile. A unit that writes keeps its own: all of it commits together.
        """
        if not self._write:
            self.seen.clear()
            await self.close()

    async def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def __aenter__(self) -> Unit:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                await self.commit()
            else:
                await self.rollback()
        finally:
            await self.close()
