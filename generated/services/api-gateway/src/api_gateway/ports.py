"""What no model can know: which upstreams there are, and whether changes are frozen."""

from __future__ import annotations

from typing import Protocol

from cloudsync_chassis.security.identity import Identity
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings

ENOUGH = 3
"""Healthy instances that an upstream needs before a route to it takes requests."""


class Upstreams(Protocol):
    """Knows the services behind the door."""

    async def address(self, service: str) -> str | None:
        """The base URL of a service; None where there is no such service."""
        ...

    async def serves(self, service: str, operation: str) -> bool:
        """Whether a service of that name has registered the operation."""
        ...

    async def healthy(self, service: str) -> int:
        """How many of its instances are healthy."""
        ...


class DeclaredUpstreams:
    """The callees of the service's edges, and those that the setting `PEERS` names.

    An address stands for as many instances as there are behind it. Of a service that only `PEERS`
    names every operation is taken to be there, of one with an edge those of the edge.
    """

    def __init__(self, spec: ServiceSpec, settings: Settings) -> None:
        self._edges = spec.edges
        self._peers = settings.peers

    async def address(self, service: str) -> str | None:
        """See `Upstreams.address`."""
        edge = self._edges.get(service)
        return self._peers.get(service, edge.url if edge else None)

    async def serves(self, service: str, operation: str) -> bool:
        """See `Upstreams.serves`."""
        if await self.address(service) is None:
            return False
        edge = self._edges.get(service)
        return edge is None or operation in edge.budgets

    async def healthy(self, service: str) -> int:
        """See `Upstreams.healthy`."""
        return ENOUGH if await self.address(service) is not None else 0


class Exchange(Protocol):
    """Turns what a caller has proved into a token that an upstream can verify (RFC 8693)."""

    async def token(self, principal: Principal, service: str) -> str | None:
        """The token, for that service alone; None where none can be had."""
        ...


class OwnExchange:
    """Signs with the key of the state folder, which all services of one machine trust; where an
    issuer is configured, nobody would.
    """

    def __init__(self, identity: Identity, settings: Settings) -> None:
        self._identity = identity
        self._alone = settings.jwks_url is None

    async def token(self, principal: Principal, service: str) -> str | None:
        """See `Exchange.token`."""
        return self._identity.issuer().issue(principal, [service]) if self._alone else None


class Freezes(Protocol):
    """Knows when nothing may be changed."""

    async def covers(self, service: str) -> bool:
        """Whether a freeze covers a service now."""
        ...


class NoFreezes:
    """Nothing is ever frozen."""

    async def covers(self, service: str) -> bool:
        """See `Freezes.covers`."""
        return False
