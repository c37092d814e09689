"""Verifies callers, and proves who this service is to others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from cloudsync_chassis.logs import logger
from cloudsync_chassis.security import jwks
from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import ANONYMOUS, Principal, workload
from cloudsync_chassis.security.tokens import (
    TokenIssuer,
    TokenVerifier,
    bearer,
    issuer_of,
    service_account,
)
from cloudsync_chassis.settings import Settings

log = logger("identity")

_CHECK_PAUSE = 60.0


class Identity:
    """Without a configured issuer the state folder's own keys sign and verify (development)."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._service = service
        self._settings = settings
        self.rejected: Callable[[str], None] = lambda reason: None
        """Told why a token was refused, in a word."""
        self.keys = KeyRing(settings.state_path("keys"), algorithm=settings.token_algorithm)
        fetch = (
            jwks.from_address(settings.jwks_url)
            if settings.jwks_url
            else jwks.from_file(self.keys.jwks_path)
        )
        self._verifier = TokenVerifier(
            jwks.JwksCache(fetch, algorithm=settings.token_algorithm),
            issuer=settings.issuer,
            audience=settings.audience or service,
            leeway=settings.clock_skew,
            max_lifetime=settings.token_lifetime,
            algorithm=settings.token_algorithm,
            rejected=self._refused,
        )
        self._workloads = _workloads(settings, settings.audience or service, self._refused)
        self._tokens: dict[str, tuple[float, str]] = {}

    def _refused(self, reason: str) -> None:
        self.rejected(reason)

    def prepare(self) -> None:
        """Make the development key at the first start."""
        if self._settings.jwks_url is None:
            self.keys.ensure()

    def issuer(self) -> TokenIssuer:
        """Signs with the newest key of the state folder."""
        return TokenIssuer(
            self.keys.ensure(),
            self._settings.issuer,
            self._settings.token_lifetime,
            algorithm=self._settings.token_algorithm,
        )

    async def keep(self) -> None:
        """Rotate our own signing keys when they are due, until cancelled."""
        while self._settings.jwks_url is None:
            try:
                self.keys.rotate_if_due(self._settings.signing_key_rotation)
            except OSError as error:
                log.warning("signing_key_not_rotated", error=error)
            await asyncio.sleep(_CHECK_PAUSE)

    async def caller(self, authorization: str | None) -> Principal:
        """The caller that an `Authorization` header names; anonymous without one.

        Raises:
            Problem: `unauthenticated`: a header that proves nothing.
        """
        token = bearer(authorization)
        if token is None:
            return ANONYMOUS
        ours = self._workloads is None or issuer_of(token) != self._settings.workload_issuer
        verifier = self._verifier if ours or self._workloads is None else self._workloads
        return await verifier.verify(token)

    async def workload_token(self, callee: str) -> str | None:
        """Our own token for a callee; None where neither a file nor a signing key is at hand.

        The file is read for each call, since whoever writes it (the kubelet, for projected tokens)
        renews it; of a folder, the one called as the callee, whose audience is that callee alone.
        """
        path = self._settings.workload_token_file
        if path is not None:
            path = path / callee if path.is_dir() else path
            return (await asyncio.to_thread(path.read_text)).strip()
        if self._settings.jwks_url is not None:
            return None
        renew_at, token = self._tokens.get(callee, (0.0, ""))
        if time.monotonic() >= renew_at:
            token = self.issuer().issue(workload(self._service), [callee])
            self._tokens[callee] = (time.monotonic() + self._settings.token_lifetime / 2, token)
        return token


def _workloads(
    settings: Settings, audience: str, rejected: Callable[[str], None]
) -> TokenVerifier | None:
    """Verifies what the platform says of other workloads, where it is asked to."""
    if settings.workload_issuer is None or settings.workload_jwks_url is None:
        return None
    fetch = jwks.from_address(settings.workload_jwks_url)
    return TokenVerifier(
        jwks.JwksCache(fetch, algorithm=settings.workload_algorithm),
        issuer=settings.workload_issuer,
        audience=audience,
        leeway=settings.clock_skew,
        max_lifetime=settings.workload_token_lifetime,
        algorithm=settings.workload_algorithm,
        reads=service_account(settings.workload_namespaces),
        rejected=rejected,
    )
