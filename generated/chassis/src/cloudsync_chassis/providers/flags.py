"""Flags: which way a service goes for a tenant or somebody, decided by the flag provider."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic_core import from_json

from cloudsync_chassis import propagation
from cloudsync_chassis.client import fallback
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.client.rpc import RpcClient
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.providers.following import ANSWER, Told, follow
from cloudsync_chassis.providers.spec import FlagProvider

V = TypeVar("V", bound=bool | int | str)

_MOST = 10_000
"""Decisions that are kept; of more the oldest go."""

log = logger("flags")


@dataclass(frozen=True, slots=True)
class _Decision:
    value: bool | int | str
    until: float
    mark: str


class Decisions:
    """What the provider has decided, each decision kept until it may be another.

    `facts`: what this copy knows of itself.
    """

    def __init__(
        self,
        spec: FlagProvider,
        client: RpcClient,
        facts: Mapping[str, Any],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._client = client
        self._facts = facts
        self._now = now
        self.mark = ""
        """Of the rules that the provider told of last."""
        self._kept: dict[tuple[str, UUID, str | None], _Decision] = {}

    async def decide(self, key: str, tenant: UUID, user: str | None, default: V) -> V:
        """What holds for them: as decided of late, now or, while nobody answers, at last; else
        `default`.
        """
        place = (key, tenant, user)
        kept = self._kept.get(place)
        if kept is not None and kept.mark == self.mark and self._now() < kept.until:
            return _fitting(kept.value, key, default)
        try:
            value = await self._evaluate(key, tenant, user, default)
        except CallError as error:
            fallback.used("cached" if kept else "default", error)
            return default if kept is None else _fitting(kept.value, key, default)
        self._keep(place, value)
        return value

    def _keep(self, place: tuple[str, UUID, str | None], value: bool | int | str) -> None:
        self._kept.pop(place, None)
        while len(self._kept) >= _MOST:
            self._kept.pop(next(iter(self._kept)))
        self._kept[place] = _Decision(value, self._now() + self._spec.keep, self.mark)

    async def _evaluate(self, key: str, tenant: UUID, user: str | None, default: V) -> V:
        facts = {
            **self._facts,
            "key": key,
            "tenant": str(tenant),
            "user": user,
            "default": json.dumps(default),
        }
        headers = {propagation.TENANT_HEADER: str(tenant)}
        request = self._spec.evaluate.request(self._spec.service, facts, headers)
        with propagation.as_ourselves():
            answer = await self._client.call(request, ANSWER)
        try:
            found = from_json(str(answer.get(self._spec.value)), allow_inf_nan=False)
        except ValueError:
            found = None
        return _fitting(found, key, default)

    def note(self, told: Told) -> None:
        """Hear from the provider: with another mark, all that is kept has to be asked for again."""
        self.mark = str(told.get(self._spec.mark) or self.mark)

    def watched(self) -> AsyncIterator[Told]:
        """What the provider tells of its rules, from the mark on that we know."""
        if self._spec.watch is None:
            raise ValueError(f"{self._spec.service} tells nothing of changes")
        facts = {**self._facts, "mark": self.mark or None}
        request = self._spec.watch.request(self._spec.service, facts)
        return self._client.stream(request, ANSWER)

    def loops(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs beside the service."""
        if self._spec.watch is not None:
            yield follow(self._spec.service, self.watched, self.note)


class Flags:
    """The flags of a service. `pinned`: what holds here, whatever anybody decides; tests and
    developers set it.
    """

    def __init__(self, pinned: Mapping[str, Any], decisions: Decisions | None = None) -> None:
        self.pinned = dict(pinned)
        self.decisions = decisions

    async def decide(self, ctx: Context, key: str, default: V, per: str) -> V:
        """What holds for the tenant of the context, or for the platform where it has none, and for
        the caller where the flag asks `per` user and a person calls.
        """
        if key in self.pinned:
            return _fitting(self.pinned[key], key, default)
        if self.decisions is None:
            return default
        principal = ctx.principal
        tenant = principal.organization_id or PLATFORM
        user = principal.subject if per == "user" and principal.kind == "user" else None
        return await self.decisions.decide(key, tenant, user, default)


class Flag(Generic[V]):
    """One flag of the model: `await flag(ctx)` says what holds, within the provider's budget."""

    def __init__(
        self, flags: Flags, key: str, default: V, per: Literal["user", "tenant"] = "tenant"
    ) -> None:
        self.key = key
        self.default = default
        self._flags = flags
        self._per = per

    async def __call__(self, ctx: Context) -> V:
        """What holds; never an error."""
        return await self._flags.decide(ctx, self.key, self.default, self._per)


def _fitting(value: Any, key: str, default: V) -> V:
    """The value, if it is of the default's type."""
    kind: type[V] = type(default)
    if type(value) is kind:
        return value
    log.warning("flag_of_another_type", key=key, wanted=type(default).__name__)
    return default
