"""Answers that may be given again, each to those whom its route allows (RFC 9111, RFC 9110 §12)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from .generated.models import CacheScope, GatewayRoute

Headers = tuple[tuple[str, str], ...]

_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came from the upstream; `at`, `until` in seconds since the epoch."""

    status: int
    headers: Headers
    body: bytes
    at: float = 0.0
    until: float = 0.0

    def header(self, name: str) -> str:
        """All values of a header, with commas between them."""
        return ", ".join(value for each, value in self.headers if each == name)

    @property
    def tag(self) -> str:
        """The upstream's entity tag, or one made of the body (RFC 9110 §8.8.3)."""
        return self.header("etag") or f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer lies: whose it is, of which route, of which address."""

    owner: str
    organization: UUID | None
    route: UUID
    target: str


class Answers(Protocol):
    """Keeps answers in one region; what is lost is asked for again."""

    async def find(self, place: Place, asked: Mapping[str, str]) -> Answer | None:
        """The answer to a request with these headers, however old it is."""
        ...

    async def keep(self, place: Place, asked: Mapping[str, str], answer: Answer) -> None:
        """Keep an answer, for requests that agree in the headers by which it varies."""
        ...

    async def drop(self, target: str, organization: UUID | None) -> None:
        """Forget what was answered an organisation at an address, since that was changed."""
        ...

    async def purge(self, *, route: UUID | None = None, organization: UUID | None = None) -> int:
        """Forget all answers of a route, or all to an organisation; how many those were."""
        ...


class MemoryAnswers:
    """Answers in the memory of this process, `most` bytes of them; the least used go first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[tuple[Place, tuple[str, ...]], Answer] = OrderedDict()
        self._varies: dict[Place, tuple[str, ...]] = {}

    async def find(self, place: Place, asked: Mapping[str, str]) -> Answer | None:
        """See `Answers.find`."""
        names = self._varies.get(place)
        if names is None:
            return None
        key = (place, values_of(names, asked))
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    async def keep(self, place: Place, asked: Mapping[str, str], answer: Answer) -> None:
        """See `Answers.keep`."""
        names = names_of(answer.header("vary"))
        if self._varies.get(place, names) != names:
            await self._forget({key for key in self._kept if key[0] == place})
        self._varies[place] = names
        key = (place, values_of(names, asked))
        await self._forget({key} & self._kept.keys())
        self._varies[place] = names
        self._kept[key] = answer
        self._size += _size(answer)
        while self._size > self._most:
            await self._forget({next(iter(self._kept))})

    async def drop(self, target: str, organization: UUID | None) -> None:
        """See `Answers.drop`."""
        path = target.partition("?")[0]
        await self._forget(
            {
                key
                for key in self._kept
                if key[0].target.partition("?")[0] == path
                and key[0].organization in (organization, None)
            }
        )

    async def purge(self, *, route: UUID | None = None, organization: UUID | None = None) -> int:
        """See `Answers.purge`."""
        ours = {
            key
            for key in self._kept
            if (route is not None and key[0].route == route)
            or (organization is not None and key[0].organization == organization)
        }
        await self._forget(ours)
        return len(ours)

    async def _forget(self, keys: set[tuple[Place, tuple[str, ...]]]) -> None:
        for key in keys:
            self._size -= _size(self._kept.pop(key))
        places = {place for place, _ in keys}
        for place in places - {place for place, _ in self._kept}:
            self._varies.pop(place, None)


def place_of(
    route: GatewayRoute, subject: str, organization: UUID | None, target: str
) -> Place | None:
    """Where answers of a route to a caller lie; None where nothing is kept."""
    scope = route.cache_scope
    if route.cache_ttl_seconds == 0 or scope is CacheScope.none:
        return None
    if scope is CacheScope.public:
        return Place("public", None, route.id, target)
    if organization is None:
        return None
    owner = subject if scope is CacheScope.user else ""
    return Place(f"{scope.value}/{owner}", organization, route.id, target)


def may_be_kept(answer: Answer, most: int) -> bool:
    """Whether an answer may be given again. The route says for how long and to whom; the upstream
    may still say that it must not be stored at all.
    """
    control = {each.strip().lower() for each in answer.header("cache-control").split(",")}
    return (
        answer.status == 200
        and len(answer.body) <= most
        and "no-store" not in control
        and not answer.header("set-cookie")
        and "*" not in names_of(answer.header("vary"))
    )


def names_of(vary: str) -> tuple[str, ...]:
    """Headers by which an answer varies within its place, in order."""
    names = {each.strip().lower() for each in vary.split(",")}
    return tuple(sorted(names - {"", "authorization", "cookie", "x-organization-id"}))


def values_of(names: tuple[str, ...], asked: Mapping[str, str]) -> tuple[str, ...]:
    """What a request says in these headers."""
    return tuple(" ".join(asked.get(each, "").split()) for each in names)


def _size(answer: Answer) -> int:
    return len(answer.body) + sum(len(name) + len(value) for name, value in answer.headers)
