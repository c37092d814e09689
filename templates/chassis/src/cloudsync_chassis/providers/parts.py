"""The providers of a service, as far as its settings have it ask them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.client.policy import Budget, Edge
from cloudsync_chassis.providers.configuration import Adjustments, Configuration
from cloudsync_chassis.providers.flags import Decisions, Flags
from cloudsync_chassis.providers.secrets import Leased, Secrets
from cloudsync_chassis.providers.spec import ConfigurationProvider, FlagProvider, ProviderCall
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings

_POD_LENGTH = 63


def adjustments_of(spec: ServiceSpec, settings: Settings) -> Adjustments | None:
    """The settings that follow configuration, with what was kept last in effect; None where this
    copy follows none. Comes before anything reads them.
    """
    if spec.configuration is None or "configuration" not in settings.providers:
        return None
    place = settings.state_path(spec.name, "configuration.json")
    found = Adjustments(spec.adjusted, settings, place)
    found.restore()
    return found


Connect = Callable[[type[Any], Edge], Any]
"""Makes a client for an edge."""


class Providers:
    """Made before anything reads the settings, since some of these may be as they were kept last.

    `clients` are those of the service by callee, among which those for providers are, too.
    """

    def __init__(self, spec: ServiceSpec, settings: Settings, clients: dict[str, Client]) -> None:
        self._spec = spec
        self._settings = settings
        self._clients = clients
        self._made: list[Client] = []
        self._adjustments = adjustments_of(spec, settings)
        self.flags = Flags(settings.flags)
        self.secrets = self._secrets()

    def connected(self, connect: Connect) -> Iterator[Coroutine[Any, Any, None]]:
        """Ask the providers from now on: what is to run beside the service."""
        flags, told = self._spec.flags, self._spec.configuration
        if flags is not None and "flags" in self._settings.providers:
            calls = (flags.evaluate, flags.watch) if flags.watch is not None else (flags.evaluate,)
            client = self._client(connect, flags, *calls)
            self.flags.decisions = Decisions(flags, client, self._facts(flags))
            yield from self.flags.decisions.loops()
        if told is not None and self._adjustments is not None and self._adjustments.keys:
            client = self._client(connect, told, told.watch, told.get)
            facts = self._facts(told)
            yield from Configuration(told, client, facts, self._adjustments).loops()

    async def aclose(self) -> None:
        """Close the connections."""
        for each in self._made:
            await each.aclose()

    def _secrets(self) -> Secrets:
        spec, folder = self._spec.secrets, self._settings.state_path(self._spec.name, "secrets")
        edge = self._spec.edges.get(spec.service) if spec is not None else None
        if spec is None or edge is None:
            return Secrets(folder)
        return Secrets(
            folder,
            spec,
            lambda: self._clients[spec.service],
            edge.budgets.get(spec.get.operation),
            self._leased(),
        )

    def _leased(self) -> Leased:
        if "secrets" not in self._settings.providers:
            return "never"
        return "always" if self._settings.environment == "production" else "known"

    def _client(
        self, connect: Connect, spec: FlagProvider | ConfigurationProvider, *calls: ProviderCall
    ) -> Any:
        from cloudsync_chassis.client.named_client import client_of

        budgets = {c.operation: Budget(timeout=c.timeout, retries=c.retries) for c in calls}
        edge = Edge(service=spec.service, url=spec.url, budgets=budgets)
        client = connect(client_of(calls), edge)
        self._made.append(client)
        self._clients.setdefault(spec.service, client)
        return client

    def _facts(self, spec: FlagProvider | ConfigurationProvider) -> Mapping[str, Any]:
        """What this copy knows of itself, in the provider's words."""
        told = self._settings.registration or {}
        known = {
            "service": self._spec.name,
            "environment": spec.environments.get(self._settings.environment),
            "region": self._settings.region,
            "pod": told.get("pod") or _pod(),
        }
        return {**spec.otherwise, **{name: each for name, each in known.items() if each}}


def _pod() -> str:
    """The host's name, which is the pod's in a cluster."""
    return socket.gethostname().partition(".")[0].lower()[:_POD_LENGTH]
