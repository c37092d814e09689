"""Signing in by a customer's own identity provider (OpenID Connect, authorisation code)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context

from .assertions import Expected, address_in
from .generated import models, tables
from .identifiers import Identifiers
from .memory import Challenge
from .proofs import digest, same
from .world import Registration

OIDC = models.AuthMethod.oidc


@dataclass(frozen=True, slots=True)
class Voucher:
    """A provider that may vouch for somebody, and how this service is known to it."""

    provider: models.IdentityProvider
    registration: Registration

    def entrance(self, session_id: UUID, nonce: str) -> str:
        """Where the person is sent to be asked."""
        asked = {
            "response_type": "code",
            "scope": "openid email",
            "client_id": self.registration.client_id,
            "redirect_uri": self.registration.redirect_uri,
            "state": str(session_id),
            "nonce": nonce,
        }
        return f"{self.registration.authorization_endpoint}?{urlencode(asked)}"


class Federation(Identifiers):
    """What sign-ins by an identity provider need."""

    async def voucher(
        self, ctx: Context, identifier: str, method: models.AuthMethod
    ) -> Voucher | None:
        """Who vouches for an address, by its domain: whether anybody has the address is not told."""
        _, at, domain = identifier.rpartition("@")
        if method != OIDC or not at:
            return None
        table = tables.verified_domains
        statement = sa.select(table.c.organization_id).where(table.c.domain == domain.lower())
        tenant = await (await ctx.unit.connection()).scalar(statement)
        if tenant is None:
            return None
        protocol = models.FederationProtocol.oidc
        async for each in self.identity_provider.each(ctx.within(tenant), protocol=protocol):
            found = await self._usable(ctx, each, domain)
            if found is not None:
                return found
        return None

    async def _usable(
        self, ctx: Context, provider: models.IdentityProvider, domain: str
    ) -> Voucher | None:
        speaks = domain.lower() in {each.root for each in provider.domains}
        alive = provider.disabled_at is None and provider.certificate_expires_at > ctx.now
        known = await self.world.providers.registration(provider.issuer)
        return Voucher(provider, known) if speaks and alive and known is not None else None

    async def is_vouched(self, ctx: Context, asked: Challenge, code: str) -> bool:
        """Whether the provider that was asked hands out a token about this very person.

        Only for addresses of its own domains, and only while nobody has stopped it.
        """
        if asked.provider_id is None:
            return False
        provider = await self.identity_provider.find(ctx, id=asked.provider_id)
        if provider is None or provider.client_secret_ref is None:
            return False
        token = await self.world.providers.redeem(provider.issuer, code, provider.client_secret_ref)
        known = await self.world.providers.registration(provider.issuer)
        if token is None or known is None:
            return False
        wanted = Expected(provider.issuer, known.client_id, asked.nonce, ctx.now.timestamp())
        address = address_in(token, known.keys, wanted) or ""
        usable = await self._usable(ctx, provider, address.rpartition("@")[2])
        return usable is not None and same(digest(address.casefold()), asked.identifier_hash)
