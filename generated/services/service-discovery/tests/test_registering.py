"""Copies of other services register by what their chassis does for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudsync_chassis.client.named_client import client_of
from cloudsync_chassis.client.registrar import Registrar
from cloudsync_chassis.client.registration import Registration, Step
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.security.principal import workload
from registry import CHAT, SERVICE, Registry, play

STUBS = "cloudsync.platform.discovery.v1.discovery_pb2"
FACTS: dict[str, str | int] = {
    "service": CHAT,
    "version": "1.0.0",
    "region": "eu-west-1",
    "zone": "eu-west-1a",
    "address": "10.1.2.3",
    "port": 8011,
    "protocol": "http1",
    "pod": "chat-1",
    "node": "node-7",
    "namespace": "production",
}


def _step(kind: Any, rpc: str, **sends: str) -> Step:
    path = f"/{SERVICE}/{rpc}"
    return Step(kind=kind, operation=rpc, path=path, stubs=STUBS, sends=sends)


def _registration(address: str) -> Registration:
    known = {
        "serviceName": "{service}",
        "region": "{region}",
        "zone": "{zone}",
        "address": "{address}",
        "port": "{port}",
        "protocol": "{protocol}",
        "podName": "{pod}",
        "nodeName": "{node}",
        "buildVersion": "{version}",
        "spiffeId": "spiffe://cloudsync.internal/ns/{namespace}/sa/{service}",
    }
    return Registration(
        service="service-discovery",
        url=f"http://{address}",
        every=5.0,
        timeout=5.0,
        protocol="http1",
        steps=(
            _step("register", "RegisterInstance", **known),
            _step("renew", "RenewInstanceLease", serviceInstanceId="{id}", loadPercent="{load}"),
            _step(
                "leave",
                "DrainInstance",
                serviceInstanceId="{id}",
                drainReason="The copy is stopping",
            ),
            _step("leave", "DeregisterInstance", serviceInstanceId="{id}"),
        ),
    )


def _registrar(at: Registry) -> Registrar:
    """One of chat-service, with a token that names it and grants it no scopes."""

    async def token() -> str:
        issuer = at.service.runtime.identity.issuer()
        return issuer.issue(workload(CHAT), [at.service.runtime.spec.name])

    spec = _registration(at.service.address)
    return Registrar(spec, client_of(spec.steps)(spec.url, token=token), FACTS)


async def _copies(at: Registry) -> list[Any]:
    async def read(ctx: Any) -> list[Any]:
        copies = at.service.runtime.aggregates["service-instance"]
        return [each async for each in copies.each(ctx.within(PLATFORM))]

    from cloudsync_chassis.executor import Incoming
    from cloudsync_chassis.operation import Operation
    from cloudsync_chassis.propagation import Trace

    incoming = Incoming(principal=workload("test", PLATFORM), trace=Trace.new())
    look = Operation(id="look", access="workload")
    found: list[Any] = await at.service.runtime.executor.run(look, incoming, read)
    return found


def test_a_copy_comes_beats_and_goes(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        registrar = _registrar(at)
        await registrar.beat()
        [copy] = await _copies(at)
        assert (copy.service_name, copy.port, copy.protocol, copy.status) == (
            CHAT,
            8011,
            "http1",
            "registering",
        )
        await registrar.beat()
        [beaten] = await _copies(at)
        assert beaten.version > copy.version
        await registrar.leave()
        assert [each.status.value for each in await _copies(at)] == ["deregistered"]

    play(tmp_path, scene)


def test_a_copy_that_is_called_drains_before_it_goes(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        siblings = [(await at.healthy())["id"] for _ in range(2)]
        registrar = _registrar(at)
        await registrar.beat()
        [copy] = [each for each in await _copies(at) if str(each.id) not in siblings]
        for _ in range(3):
            await at.report({"id": str(copy.id), "serviceName": CHAT})
        await registrar.leave()
        [gone] = [each for each in await _copies(at) if each.id == copy.id]
        assert (gone.status, gone.drain_reason) == ("deregistered", "The copy is stopping")

    play(tmp_path, scene)


def test_a_copy_that_was_forgotten_registers_anew(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        registrar = _registrar(at)
        await registrar.beat()
        [copy] = await _copies(at)
        await at.later(copy.lease_expires_at - copy.created_at)
        await at.later(copy.lease_expires_at - copy.created_at)
        await registrar.beat()
        await registrar.beat()
        states = sorted(each.status.value for each in await _copies(at))
        assert states == ["expired", "registering"]

    play(tmp_path, scene)
