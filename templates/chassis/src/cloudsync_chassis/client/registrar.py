"""Keeps this copy of the service known at the registry of the model, and takes it out again."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.client.registration import Registration, Step
from cloudsync_chassis.logs import logger

_LATER = frozenset({"id", "load"})
"""Facts that are known once the copy runs."""

_ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_JITTER = 0.1

log = logger("registrar")


class Registrar:
    """One copy. Whatever the registry does, the service goes on.

    `facts`: what the copy knows of itself, by name.

    Raises:
        ValueError: the registry wants to know what `facts` do not have.
    """

    def __init__(self, spec: Registration, client: Client, facts: Mapping[str, str | int]) -> None:
        wanted = {name for step in spec.steps for name in step.facts} - _LATER
        if missing := sorted(wanted - facts.keys()):
            raise ValueError(f"{spec.service} is to be told of {', '.join(missing)}: REGISTRATION")
        self._spec = spec
        self._client: Any = client
        self._facts = facts
        self._id: str | None = None
        self._leaves = False
        self._told = ""
        self._busy = (time.process_time(), time.monotonic())

    @property
    def registered(self) -> bool:
        """Whether the registry has taken this copy in and did not refuse it since."""
        return self._id is not None

    async def run(self) -> None:
        """Register, and renew that, until cancelled."""
        while True:
            await self.beat()
            share = random.uniform(1 - _JITTER, 1 + _JITTER)
            await asyncio.sleep(self._spec.every * share)

    async def beat(self) -> None:
        """Renew, or register where there is nothing to renew."""
        if self._leaves:
            return
        try:
            if self._id is None:
                for step in self._steps("register"):
                    self._id = str((await self._send(step)).get(self._spec.key, ""))
                log.info("registered", registry=self._spec.service, id=self._id)
            else:
                for step in self._steps("renew"):
                    await self._send(step)
            self._told = ""
        except RefusedError as error:
            self._id = None
            self._say("registry_refused", error)
        except CallError as error:
            self._say("registry_silent", error)

    async def leave(self) -> None:
        """Take the copy out; what is refused ends by itself when it is renewed no more."""
        self._leaves = True
        for step in self._steps("leave") if self._id is not None else ():
            try:
                await self._send(step)
            except CallError as error:
                log.info("registry_not_left", registry=self._spec.service, error=error.told)
        self._id = None

    def _say(self, event: str, error: CallError) -> None:
        """Log what is wrong, once for as long as it is."""
        if self._told != event:
            log.warning(event, registry=self._spec.service, error=error.told)
        self._told = event

    def _steps(self, kind: str) -> Iterator[Step]:
        return (each for each in self._spec.steps if each.kind == kind)

    async def _send(self, step: Step) -> dict[str, Any]:
        facts = {**self._facts, "id": self._id or "", "load": self._load()}
        request = step.request(self._spec.service, facts)
        answer: dict[str, Any] = await self._client.call(request, _ANSWER)
        return answer

    def _load(self) -> int:
        """Per cent of the machine's processors that this copy has used since it was asked last."""
        before, at = self._busy
        self._busy = used, now = time.process_time(), time.monotonic()
        share = (used - before) / max(now - at, 1e-3) / (os.cpu_count() or 1)
        return min(100, max(0, round(100 * share)))
