"""How a copy of a service becomes known at a registry, and is forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.named import filled
from cloudsync_chassis.client.registrar import Registrar
from cloudsync_chassis.client.registration import Registration, Step
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings

FACTS = {"service": "shop", "port": 8011, "zone": "one"}
SPEC = Registration(
    service="registry",
    url="http://registry.invalid",
    every=5.0,
    timeout=0.5,
    steps=(
        Step(
            kind="register",
            operation="enter",
            path="/copies/Enter",
            stubs="",
            sends={"name": "{service}", "port": "{port}", "identity": "spiffe://{zone}/{service}"},
        ),
        Step(
            kind="renew",
            operation="beat",
            path="/copies/Beat",
            stubs="",
            sends={"copy": "{id}", "load": "{load}"},
        ),
        Step(
            kind="leave",
            operation="drain",
            path="/copies/Drain",
            stubs="",
            sends={"copy": "{id}", "reason": "going"},
        ),
        Step(
            kind="leave",
            operation="remove",
            path="/copies/Remove",
            stubs="",
            sends={"copy": "{id}"},
        ),
    ),
)


class Registry(Client):
    """Answers with what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(SPEC.url)
        self.asked: list[tuple[str, Any]] = []
        self.refuses: dict[str, int] = {}
        self.away = False
        self.registrar = Registrar(SPEC, self, FACTS)

    async def call(self, request: Call, result: TypeAdapter[Any]) -> Any:
        return result.validate_python(await self.send(request))

    async def send(self, request: Call) -> Any:
        if self.away:
            raise NoAnswerError(request, "away")
        self.asked.append((request.operation, request.body))
        if request.operation in self.refuses:
            raise RefusedError(request, self.refuses[request.operation], {"title": "no"})
        return {"id": f"copy-{len(self.asked)}"}

    async def aclose(self) -> None:
        self.away = True

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]


async def test_a_copy_registers_renews_and_leaves() -> None:
    at = Registry()
    await at.registrar.beat()
    identity = {"name": "shop", "port": 8011, "identity": "spiffe://one/shop"}
    assert at.asked == [("enter", identity)]
    assert at.registrar.registered
    await at.registrar.beat()
    operation, body = at.asked[1]
    assert (operation, body["copy"]) == ("beat", "copy-1")
    assert 0 <= body["load"] <= 100
    await at.registrar.leave()
    assert at.asked[2:] == [
        ("drain", {"copy": "copy-1", "reason": "going"}),
        ("remove", {"copy": "copy-1"}),
    ]
    await at.registrar.beat()
    await at.registrar.leave()
    assert len(at.asked) == 4


async def test_a_copy_whose_lease_ran_out_registers_anew() -> None:
    at = Registry()
    at.refuses["beat"] = 410
    for _ in range(3):
        await at.registrar.beat()
    assert at.operations == ["enter", "beat", "enter"]


async def test_nobody_waits_for_a_registry() -> None:
    at = Registry()
    at.away = True
    await at.registrar.beat()
    assert not at.registrar.registered
    at.away = False
    await at.registrar.beat()
    assert at.registrar.registered
    at.away = True
    await at.registrar.beat()
    assert at.registrar.registered
    await at.registrar.leave()
    assert at.operations == ["enter"]


async def test_what_is_not_drained_is_taken_out_all_the_same() -> None:
    at = Registry()
    await at.registrar.beat()
    at.refuses["drain"] = 409
    await at.registrar.leave()
    assert at.operations[-1] == "remove"


def test_texts_are_filled_with_facts_and_nothing_else() -> None:
    assert filled("{port}", FACTS) == 8011
    assert filled("{service}:{port}", FACTS) == "shop:8011"
    assert filled("{service.__class__} {0} {{zone}}", FACTS) == "{service.__class__} {0} {one}"


def test_what_the_registry_wants_to_know_has_to_be_said() -> None:
    with pytest.raises(ValueError, match="told of port, zone"):
        Registrar(SPEC, Registry(), {"service": "shop"})


async def test_a_service_registers_where_its_settings_say_what_it_is_known_by(
    tmp_path: Path,
) -> None:
    none = replace(SPEC, steps=())
    spec = ServiceSpec(name="shop", access={}, registration=none.speaking("http1"))
    assert Runtime(spec, Settings(state_dir=tmp_path)).registrar is None
    told = Settings(state_dir=tmp_path, registration={"zone": "one"})
    assert Runtime(spec, told).registrar is not None
