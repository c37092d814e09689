"""Announced documents as the door of the schema asks for them: by their digest, from the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from cloudsync_chassis import clock
from cloudsync_chassis.persisted import Documents

_MOST = 4_194_304
"""Characters of documents that a replica keeps in memory."""

_HOUR = 3600

Note = Callable[[str], Awaitable[None]]
Lookup = Callable[[str], Awaitable[str | None]]


class StoredDocuments:
    """Documents that all replicas know of, since the store has them.

    A document never changes, so that what was read once is kept, the least used go first. What
    is not there is asked for again each time: it may be announced at any moment, by any replica.
    `beside`: the documents of the settings, and those that callers have sent. `note` is told of
    each document of the store that is asked for, once an hour.
    """

    def __init__(self, beside: Documents, find: Lookup, note: Note, most: int = _MOST) -> None:
        self._beside = beside
        self._find = find
        self._note = note
        self._most = most
        self._held = 0
        self._read: OrderedDict[str, str] = OrderedDict()
        self._hours: dict[str, int] = {}

    async def announced(self, digest: str) -> str | None:
        """The text that was announced with this digest, here or at another replica."""
        if digest in self._read:
            self._read.move_to_end(digest)
            text = self._read[digest]
            await self._used(digest)
            return text
        named = await self._beside.announced(digest)
        if named is not None:
            return named
        found = await self._find(digest)
        if found is not None:
            self._remember(digest, found)
            await self._used(digest)
        return found

    async def known(self, digest: str) -> str | None:
        """As `announced`, and what a caller has sent this replica before."""
        sent = await self._beside.known(digest)
        return sent if sent is not None else await self.announced(digest)

    async def keep(self, digest: str, text: str) -> None:
        """Remember what a caller sent."""
        await self._beside.keep(digest, text)

    def _remember(self, digest: str, text: str) -> None:
        if digest not in self._read:
            self._held += len(text)
        self._read[digest] = text
        while self._held > self._most:
            forgotten, old = self._read.popitem(last=False)
            self._held -= len(old)
            self._hours.pop(forgotten, None)

    async def _used(self, digest: str) -> None:
        hour = int(clock.now().timestamp()) // _HOUR
        if self._hours.get(digest) != hour:
            self._hours[digest] = hour
            await self._note(digest)
