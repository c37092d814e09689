"""The services of a model as processes that know each other: what `up` runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudsync_gen.cli._look import Look
    from cloudsync_gen.live.copies import Member
    from cloudsync_gen.model.layers.application import Service

_DRAIN_PAUSE = "0.5"
"""Seconds in which a copy that is told to stop still answers, and has its callers connect anew."""


class System:
    """The services as processes, `members`, on free ports that are held until the stack closes,
    beside stand-ins for what they call of others. With `traces` a collector writes all spans there.

    They share the state folder, and with it the bus, the keys that sign and verify all tokens, and
    nothing else: each has its own database there.
    """

    def __init__(
        self,
        stack: ExitStack,
        look: Look,
        services: Sequence[Service],
        state: Path,
        traces: Path | None = None,
    ) -> None:
        from cloudsync_gen.live.ports import Ports

        self.ports = Ports()
        stack.callback(self.ports.close)
        self._state = state
        self._taken = {each.id: self.ports.take() for each in services}
        self._metrics: dict[str, int] = {}
        urls = _urls(services, self._taken)
        self._peers = {**_absent(stack, look, services, urls), **urls}
        self._shared = _collecting(stack, traces)
        self.members = self.as_of(look)

    def as_of(self, look: Look) -> list[Member]:
        """The same services, as a model that may have changed has them."""
        from cloudsync_gen.model.layers.application import Service

        return [self._member(look, e) for e in look.model.all(Service) if e.id in self._taken]

    def _member(self, look: Look, service: Service) -> Member:
        from cloudsync_gen.cli._running import command_of, environment, sources
        from cloudsync_gen.live.copies import Member
        from cloudsync_gen.model.ids import name_of
        from cloudsync_gen.naming import screaming
        from cloudsync_gen.targets.charts.network import callees_of

        name = name_of(service.id)
        callees = sorted(name_of(each.id) for each in callees_of(look.model, service))
        generated, prefix = Path(look.root, "generated").resolve(), screaming(name)
        peers = {each: self._peers[each] for each in callees if each in self._peers}
        told = {
            "CHASSIS_DRAIN_PAUSE": _DRAIN_PAUSE,
            **environment(generated, name, self._state, peers),
            "CHASSIS_PROVIDERS": json.dumps(self._asked(look, service)),
            **self._shared,
            f"{prefix}_PORT": str(self._taken[service.id]),
            f"{prefix}_STOP_WITH_STDIN": "true",
        }
        rpc = service.style == "grpc"
        # gRPC binds its port itself, for as many copies as there are (SO_REUSEPORT)
        handed = {f"{prefix}_LISTEN_FD": self._taken[service.id]}
        return Member(
            name=name,
            command=command_of(name),
            environment=told,
            port=self._taken[service.id],
            rpc=rpc,
            before=tuple(_before(name, generated)),
            handed={f"{prefix}_METRICS_LISTEN_FD": self._metrics_port(service)} if rpc else handed,
            announces=f"{prefix}_READY_FD",
            sources=sources(generated, name),
        )

    def _asked(self, look: Look, service: Service) -> list[str]:
        """The providers that the service is to ask: those that run, since a stand-in knows nothing
        that could be relied upon.
        """
        from cloudsync_gen.model.providers import kinds_asked

        found = kinds_asked(look.model, service)
        return [kind for kind, provider in found if provider.id in self._taken]

    def _metrics_port(self, service: Service) -> int:
        if service.id not in self._metrics:
            self._metrics[service.id] = self.ports.take()
        return self._metrics[service.id]


def _urls(services: Sequence[Service], taken: Mapping[str, int]) -> dict[str, str]:
    from cloudsync_gen.live.ports import HOST
    from cloudsync_gen.model.ids import name_of

    return {name_of(each.id): f"http://{HOST}:{taken[each.id]}" for each in services}


def _absent(
    stack: ExitStack, look: Look, services: Sequence[Service], present: Mapping[str, str]
) -> dict[str, str]:
    """Addresses of stand-ins for what is called and does not run."""
    from cloudsync_gen.cli._running import standins
    from cloudsync_gen.contracts.compile import compile_contracts
    from cloudsync_gen.model.ids import name_of
    from cloudsync_gen.targets.charts.network import callees_of

    called = {name_of(each.id) for service in services for each in callees_of(look.model, service)}
    if called <= present.keys():
        return {}
    contracts, found = compile_contracts(look.model).value, dict[str, str]()
    for each in services:
        known = {*present, *found}
        found.update(standins(stack, look, contracts, each, present=known))
    return found


def _collecting(stack: ExitStack, traces: Path | None) -> dict[str, str]:
    """Settings with which services send every span to a collector of ours."""
    if traces is None:
        return {}
    from cloudsync_gen.live.collector import collecting

    return {
        "CHASSIS_TELEMETRY": "otlp",
        "CHASSIS_TELEMETRY_ENDPOINT": stack.enter_context(collecting(traces)),
        "CHASSIS_TELEMETRY_SAMPLING": "1",
        # all services of a system send to one small process
        "CHASSIS_TELEMETRY_TIMEOUT": "20",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }


def _before(name: str, generated: Path) -> Iterator[tuple[str, ...]]:
    """What a deployment does before it serves: migrations, and the service's own release job where
    its team has written one, `release.py` beside the handlers. The embedded database needs no
    migration.
    """
    from cloudsync_gen.cli._running import command_of
    from cloudsync_gen.model.packages import package_of
    from cloudsync_gen.naming import screaming

    *python, package = command_of(name)
    if {"CHASSIS_DATABASE_URL", f"{screaming(name)}_DATABASE_URL"} & os.environ.keys():
        yield (*python, package, "migrate")
    if (generated / "services" / name / "src" / package_of(name) / "release.py").is_file():
        yield (*python, f"{package}.release")
