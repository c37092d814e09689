"""Secrets by reference: `secret://<path>`, from the secret provider or from files."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretBytes

from cloudsync_chassis import clock, files, propagation
from cloudsync_chassis.client import fallback
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.client.named import NamedCall
from cloudsync_chassis.client.policy import Budget
from cloudsync_chassis.providers.following import ANSWER, Told
from cloudsync_chassis.providers.spec import SecretProvider

SCHEME = "secret://"
Leased = Literal["never", "known", "always"]

_PATH = re.compile(r"[a-zA-Z0-9_-]+(/[a-zA-Z0-9_-]+)*")
_MOST = 1_000
_NOT_FOUND = 404
_EARLY = 0.2
"""Share of a lease before whose end it is renewed."""


@dataclass(slots=True)
class _Lease:
    value: bytes = field(repr=False)
    began: float
    fresh_until: float


class Secrets:
    """What references stand for. A value is fetched once for as long as it may be used, again
    before its lease ends or once it was rotated; while nobody answers the old one is used for as
    long as the edge's fallback says. Whenever a lease is renewed, a version that is about to take
    over is proven to be at hand, so that a rotation need not wait for this copy's lease to end.

    `client`: the service's own for the provider; without a provider secrets are files below
    `folder`, each made of chance with its first use (mode 0600). `leased`: whether what the service
    itself is run with comes from the provider, too; `known`: as far as that has it.
    """

    def __init__(
        self,
        folder: Path,
        spec: SecretProvider | None = None,
        client: Callable[[], Any] | None = None,
        budget: Budget | None = None,
        leased: Leased = "never",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._client = client
        self._stands_in = budget.max_age if budget and budget.fallback == "cached" else 0.0
        self._leased = leased
        self._now = now
        self._leases: dict[str, _Lease] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def own(self, reference: str) -> SecretBytes:
        """What the service is run with and its operators keep: leased where this copy is told to
        ask for it, else a file of the state folder; so it is outside production where nobody has
        put it there yet. Raises as `get` does.
        """
        if self._leased != "never":
            try:
                return await self.get(reference)
            except RefusedError as error:
                if error.status != _NOT_FOUND or self._leased == "always":
                    raise
        return self._local(path_of(reference))

    def _local(self, path: str) -> SecretBytes:
        return SecretBytes(files.secret_bytes(self._folder.joinpath(*path.split("/"))))

    async def get(self, reference: str, *, version: int | None = None) -> SecretBytes:
        """The secret that `secret://<path>` stands for; of several versions the current one, or the
        one asked for, which is not kept.

        Raises:
            ValueError: it is no such reference.
            CallError: neither the provider has it, nor a lease that is young enough.
        """
        path = path_of(reference)
        if self._spec is None or self._client is None:
            return self._local(path)
        if version is not None:
            return SecretBytes(self._value(await self._fetched(path, version)))
        kept = self._leases.get(path)
        if kept is not None and self._now() < kept.fresh_until:
            return SecretBytes(kept.value)
        async with self._asking[path]:
            kept = self._leases.get(path)
            if kept is None or self._now() >= kept.fresh_until:
                kept = await self._renewed(path, kept)
        self._asking.pop(path, None)
        return SecretBytes(kept.value)

    def forget(self, reference: str) -> None:
        """Ask again with the next use: it was rotated or revoked. Of a reference that is none
        nothing is kept.
        """
        kept = self._leases.get(reference.removeprefix(SCHEME))
        if kept is not None:
            kept.fresh_until = self._now()

    def drop(self, reference: str) -> None:
        """Keep it no longer: whom it was for is gone."""
        self._leases.pop(reference.removeprefix(SCHEME), None)

    async def _renewed(self, path: str, kept: _Lease | None) -> _Lease:
        began = self._now()
        try:
            answer = await self._fetched(path, None)
        except CallError as error:
            if not error.retriable:
                self._leases.pop(path, None)
            if not error.retriable or kept is None or not self._may_stand_in(kept):
                raise
            fallback.used("cached", error)
            return kept
        self._leases.pop(path, None)
        while len(self._leases) >= _MOST:
            self._leases.pop(next(iter(self._leases)))
        self._leases[path] = lease = self._lease(answer, began)
        with suppress(CallError):
            await self._prove_next(path, answer)
        return lease

    async def _prove_next(self, path: str, answer: Told) -> None:
        """Fetch the version after the current one, if there is one, and say so."""
        spec = self._spec
        if spec is None or spec.prove is None:
            return
        number = answer.get(spec.version)
        if not isinstance(number, int):
            return
        following = await self._fetched(path, number + 1)
        facts = {fact: following.get(name) for fact, name in spec.proof.items()}
        await self._ask(spec.prove, facts)

    def _may_stand_in(self, kept: _Lease) -> bool:
        return self._now() - kept.began <= self._stands_in

    async def _fetched(self, path: str, version: int | None) -> Told:
        if self._spec is None:
            raise LookupError("there is no provider")
        return await self._ask(self._spec.get, {"path": path, "version": version})

    async def _ask(self, call: NamedCall, facts: Told) -> Told:
        if self._spec is None or self._client is None:
            raise LookupError("there is no provider")
        request = call.request(self._spec.service, facts)
        with propagation.as_ourselves():
            answer: Told = await self._client().call(request, ANSWER)
        return answer

    def _lease(self, answer: Told, began: float) -> _Lease:
        lasts, until = 0.0, None
        if self._spec is not None:
            lasts, until = self._spec.keep, answer.get(self._spec.until)
        if until is not None:
            left = datetime.fromisoformat(str(until)) - clock.now()
            lasts = min(lasts, left.total_seconds() * (1 - _EARLY))
        return _Lease(self._value(answer), began, began + max(0.0, lasts))

    def _value(self, answer: Told) -> bytes:
        return base64.b64decode(str(answer.get(self._spec.value, ""))) if self._spec else b""


def path_of(reference: str) -> str:
    """The path of a reference.

    Raises:
        ValueError: it is none.
    """
    path = reference.removeprefix(SCHEME)
    if not reference.startswith(SCHEME) or _PATH.fullmatch(path) is None:
        raise ValueError("no reference to a secret")
    return path
