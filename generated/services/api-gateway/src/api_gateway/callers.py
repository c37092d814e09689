"""Who asks: what a route wants shown, and the identity that goes on to the upstream."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from uuid import UUID

from auth_client import models as auth
from cloudsync_chassis import clock
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.problem import FORBIDDEN, RATE_LIMITED, UNAUTHENTICATED, UNAVAILABLE, Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import ANONYMOUS, Principal
from cloudsync_chassis.security.tokens import bearer, refused

from .base import Base
from .generated.models import AuthMode, BarredKind, GatewayRoute
from .limits import network

COOKIE = "__Host-session"
"""The cookie in which a browser carries its access token (RFC 6265bis §4.1.3.2)."""
KEY = "x-api-key"
CERTIFICATE = "x-forwarded-client-cert"
"""What the edge says of a verified client certificate; nobody else is believed."""

_CAPITAL = re.compile("(?<=[a-z])([A-Z])")
_MINUTE = 60.0
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `token`: the one they showed, where upstreams can verify it as it is."""

    principal: Principal = ANONYMOUS
    token: str | None = None

    @property
    def organization(self) -> UUID | None:
        """The tenant, as the token has it and nothing else."""
        return self.principal.organization_id if self.principal.authenticated else None


class Callers(Base):
    """Tells callers apart, and turns away those that are barred."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._failed: dict[str, list[float]] = {}

    async def caller(
        self, route: GatewayRoute, headers: Mapping[str, str], peer: str | None, address: str | None
    ) -> Caller:
        """The caller of a route. `peer`: who holds the connection; `address`: the client's.

        Raises:
            Problem: `unauthenticated`, `forbidden`, `rate-limited`, `unavailable`.
        """
        if route.auth_mode is AuthMode.anonymous:
            self._enter(route, Caller())
            return Caller()
        if route.auth_mode is AuthMode.mtls and not (
            self._is_edge(peer) and headers.get(CERTIFICATE)
        ):
            raise Problem(UNAUTHENTICATED, "a client certificate is required")
        token = shown(route.auth_mode, headers)
        if token is None:
            raise refused()
        found = await self._proven(token, address)
        await self._admit(route, found)
        return found

    async def _proven(self, token: str, address: str | None) -> Caller:
        """Signed tokens are verified here; what is opaque is asked about."""
        if token.count(".") == 2:
            principal = await self.runtime.identity.caller(f"Bearer {token}")
            return Caller(principal, token)
        return Caller(await self._introspected(token, address))

    async def _introspected(self, token: str, address: str | None) -> Principal:
        self._check_failures(address)
        try:
            wish = auth.IntrospectTokenRequest(token=token)
        except ValueError as error:
            raise refused() from error
        try:
            told = await self.clients.auth.introspect_token(wish)
        except CallError as error:
            raise UNAVAILABLE("opaque tokens cannot be looked up at present") from error
        alive = told.expires_at is None or told.expires_at > clock.now()
        if not told.active or not alive or told.subject is None:
            self._failed.setdefault(network(address), []).append(time.monotonic())
            raise refused()
        return Principal(
            str(told.subject),
            organization_id=told.organization_id,
            roles=frozenset(_CAPITAL.sub(r"-\1", e.value).lower() for e in told.roles or ()),
            scopes=frozenset(each.root for each in told.scopes or ()),
            session=str(told.session_id) if told.session_id else None,
        )

    async def _admit(self, route: GatewayRoute, caller: Caller) -> None:
        """Refuse whoever is barred, and keys that were not given what the route needs. What people
        may do by their roles the upstream decides, which knows them.
        """
        await self.turn_away(caller)
        principal, wanted = caller.principal, route.required_permission
        if principal.scopes and wanted is not None and wanted not in principal.scopes:
            raise FORBIDDEN(f"the key was not given {wanted}")
        self._enter(route, caller)

    async def turn_away(self, caller: Caller) -> None:
        """Refuse whoever is barred, and those whose organisation is blocked.

        Raises:
            Problem: `unauthenticated`, `forbidden`.
        """
        principal, board = caller.principal, await self.board()
        named = {(BarredKind.user, principal.subject), (BarredKind.session, principal.session)}
        if not board.barred.isdisjoint(named):
            raise refused()
        throttle = board.throttles.get(caller.organization) if caller.organization else None
        if throttle is not None and throttle.blocked:
            raise FORBIDDEN("the organisation is shut out")

    def _enter(self, route: GatewayRoute, caller: Caller) -> None:
        """Heed the guard by which the model reaches an operation, whichever route leads to it."""
        entrance = self.table.entrances.get((route.upstream_service, route.upstream_operation))
        if entrance is not None:
            entrance.admit(caller.principal, clock.now())

    def _check_failures(self, address: str | None) -> None:
        """Refuse a network that has tried too many tokens in the last minute: longer each time."""
        place, now = network(address), time.monotonic()
        if len(self._failed) > _MANY:
            self._failed.clear()
        recent = [each for each in self._failed.get(place, ()) if each > now - _MINUTE]
        self._failed[place] = recent
        over = len(recent) - self.settings.introspection_failures_per_minute
        if over >= 0:
            recent.append(now)
            wait = min(3600, 2 ** min(over, 12))
            raise Problem(RATE_LIMITED, headers={"Retry-After": str(wait)})
        if not recent:
            del self._failed[place]

    def _is_edge(self, peer: str | None) -> bool:
        try:
            address = ip_address(peer or "")
        except ValueError:
            return False
        return any(address in each for each in self.settings.trusted_proxies)


def shown(mode: AuthMode, headers: Mapping[str, str]) -> str | None:
    """The token that a caller shows, where the mode has it.

    Raises:
        Problem: `unauthenticated`: an `Authorization` header of another scheme.
    """
    if mode is AuthMode.session:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return cookie.value if cookie is not None else None
    if mode is AuthMode.api_key and headers.get(KEY):
        return headers[KEY]
    return bearer(headers.get("authorization"))


def same_person(headers: Mapping[str, str]) -> str:
    """Something that stays the same for somebody, proved or not: whom their token names, else what
    they show; empty where they show nothing.
    """
    told = headers.get("authorization") or headers.get("cookie") or headers.get(KEY) or ""
    try:
        payload = told.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["sub"])
    except (IndexError, KeyError, RecursionError, TypeError, ValueError):
        return told
