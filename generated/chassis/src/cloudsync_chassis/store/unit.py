"""Unit of work: everything that one operation writes commits together, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from sqlalchemy.ext.asyncio import AsyncConnection

from cloudsync_chassis.store.database import Database


class Unit:
    """One transaction, begun at the first use of a repository: calls made before hold no lock."""

    def __init__(self, database: Database, *, write: bool) -> None:
        self._database = database
        self._write = write
        self._connection: AsyncConnection | None = None
        self._after_commit: list[Callable[[], None]] = []

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._database.engine.dialect.name

    async def connection(self) -> AsyncConnection:
        """The transaction's connection."""
        if self._connection is None:
            self._connection = await self._database.connect(write=self._write)
        return self._connection

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction has committed."""
        self._after_commit.append(action)

    async def commit(self) -> None:
        """Commit, then run the actions registered."""
        if self._connection is not None:
            await self._connection.commit()
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            action()

    async def rollback(self) -> None:
        """Undo everything since the last commit."""
        self._after_commit.clear()
        if self._connection is not None:
            await self._connection.rollback()

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
