"""Keeps this copy of the service known at the registry of the model, and takes it out again."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

from google.protobuf import descriptor_pool, message_factory
from pydantic import TypeAdapter

from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.client.registration import Registration, Step
from cloudsync_chassis.client.rpc import METHOD, RpcClient, RpcMethod
from cloudsync_chassis.logs import logger

_FACT = re.compile(r"\{([a-z]+)\}")
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
        wanted = {name for step in spec.steps for name in _facts_in(step)} - _LATER
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
        values = {name: filled(text, facts) for name, text in step.sends.items()}
        request = Call(
            service=self._spec.service,
            operation=step.operation,
            method=METHOD,
            path=step.path,
            body=values,
            repeatable=True,
        )
        answer: dict[str, Any] = await self._client.call(request, _ANSWER)
        return answer

    def _load(self) -> int:
        """Per cent of the machine's processors that this copy has used since it was asked last."""
        before, at = self._busy
        self._busy = used, now = time.process_time(), time.monotonic()
        share = (used - before) / max(now - at, 1e-3) / (os.cpu_count() or 1)
        return min(100, max(0, round(100 * share)))


def client_of(spec: Registration) -> type[Client]:
    """The client for a registry; the messages are loaded where they are spoken."""

    class RegistryClient(RpcClient):
        methods: ClassVar[Mapping[str, RpcMethod]] = {
            each.path: _method(each) for each in spec.steps
        }

    return RegistryClient


def filled(text: str, facts: Mapping[str, str | int]) -> str | int:
    """The text with what is known in place of each `{fact}`."""
    whole = _FACT.fullmatch(text)
    if whole is not None:
        return facts[whole[1]]
    return _FACT.sub(lambda found: str(facts[found[1]]), text)


def _facts_in(step: Step) -> Iterator[str]:
    return (name for text in step.sends.values() for name in _FACT.findall(text))


def _method(step: Step) -> RpcMethod:
    """The messages of an RPC; an answer with one message in it is that message."""
    import_module(step.stubs)
    service, _, rpc = step.path.removeprefix("/").partition("/")
    found: Any = descriptor_pool.Default().FindServiceByName(service)
    method = found.methods_by_name[rpc]
    fields = method.output_type.fields
    alone = len(fields) == 1 and fields[0].message_type is not None
    return RpcMethod(
        message_factory.GetMessageClass(method.input_type),
        message_factory.GetMessageClass(method.output_type),
        fields[0].json_name if alone else "",
    )
