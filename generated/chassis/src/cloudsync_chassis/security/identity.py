"""Verifies callers, and proves who this service is to others."""

from __future__ import annotations

import asyncio
import time

from cloudsync_chassis.security import jwks
from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import ANONYMOUS, Principal, workload
from cloudsync_chassis.security.tokens import (
    LIFETIME,
    TokenIssuer,
    TokenVerifier,
    bearer,
)
from cloudsync_chassis.settings import Settings

_RENEW_AFTER = LIFETIME / 2


class Identity:
    """Without a configured issuer the state folder's own keys sign and verify (development)."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._service = service
        self._settings = settings
        self.keys = KeyRing(settings.state_path("keys"))
        fetch = (
            jwks.from_address(settings.jwks_url)
            if settings.jwks_url
            else jwks.from_file(self.keys.jwks_path)
        )
        self._verifier = TokenVerifier(
            jwks.JwksCache(fetch),
            issuer=settings.issuer,
            audience=settings.audience or service,
            leeway=settings.clock_skew,
        )
        self._tokens: dict[str, tuple[float, str]] = {}

    def prepare(self) -> None:
        """Make the development key at the first start."""
        if self._settings.jwks_url is None:
            self.keys.ensure()

    def issuer(self) -> TokenIssuer:
        """Signs with the newest key of the state folder."""
        return TokenIssuer(self.keys.ensure(), self._settings.issuer)

    async def caller(self, authorization: str | None) -> Principal:
        """The caller that an `Authorization` header names; anonymous without one.

        Raises:
            Problem: `unauthenticated`: a header that proves nothing.
        """
        token = bearer(authorization)
        return ANONYMOUS if token is None else await self._verifier.verify(token)

    async def workload_token(self, callee: str) -> str | None:
        """Our own token for a callee; None where neither a file nor a signing key is at hand."""
        if self._settings.workload_token_file is not None:
            path = self._settings.workload_token_file
            return (await asyncio.to_thread(path.read_text)).strip()
        if self._settings.jwks_url is not None:
            return None
        renew_at, token = self._tokens.get(callee, (0.0, ""))
        if time.monotonic() >= renew_at:
            token = self.issuer().issue(workload(self._service), [callee])
            self._tokens[callee] = (time.monotonic() + _RENEW_AFTER, token)
        return token
