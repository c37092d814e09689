"""What all handlers of the service share: tenants of sessions, ends of sessions, tokens."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer
from joserfc.jwk import ECKey

from . import memory, world
from .generated import models, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .proofs import digest

_SERVICES = """
    audit auth calendar chat config document email events feature-flag file invoice metrics ml org
    payment profile push reporting search secret sms subscription task usage user version video
    webhook
"""
AUDIENCE = (*(f"{each}-service" for each in _SERVICES.split()), "api-gateway", "service-discovery")
"""Whom access tokens are for."""

_PUBLISHED_BEFORE = timedelta(hours=24)
"""How long a key is published before it signs, so that every verifier has read it."""

LIVING = (models.SessionStatus.active, models.SessionStatus.step_up_required)
_CAPITAL = re.compile("(?<=[a-z])([A-Z])")


def token_role(role: str) -> str:
    """`orgAdmin` as tokens call it: `org-admin`."""
    return _CAPITAL.sub(r"-\1", role).lower()


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("auth-service needs its own settings")
        self.settings = runtime.settings
        self.challenges = runtime.aggregate(memory.CHALLENGES)
        self.formers = runtime.aggregate(memory.FORMERS)
        self.old_passwords = runtime.aggregate(memory.OLD_PASSWORDS)
        self.codes = runtime.aggregate(memory.CODES)
        self.reminders = runtime.aggregate(memory.REMINDERS)
        self.shortened = runtime.aggregate(memory.SHORTENED)
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.withheld = runtime.aggregate(memory.WITHHELD)
        self.world = world.local(runtime.settings)

    def letter(self, ctx: Context, user_id: UUID, kind: str, content: str) -> None:
        """Send a secret to its person, once the transaction has committed."""
        letters = self.world.letters
        ctx.unit.after_commit(lambda: letters.send(user_id, kind, content))

    async def policy(self, ctx: Context) -> models.AuthPolicy:
        """The tenant's rules; the default ones until its own are there."""
        found = await self.auth_policy.find(ctx)
        return found or await self.auth_policy.insert(ctx, {})

    async def roles(self, ctx: Context, principal_id: UUID) -> frozenset[str]:
        """The roles that count now, as tokens call them."""
        found = self.role_grant.each(ctx, principalId=principal_id)
        return frozenset(
            [
                token_role(each.role)
                async for each in found
                if each.expires_at is None or each.expires_at > ctx.now
            ]
        )

    async def everywhere(self, ctx: Context, table: sa.Table, user_id: UUID) -> list[Context]:
        """The operation within each tenant in which somebody has rows of a table."""
        statement = sa.select(table.c.organization_id).where(table.c.user_id == user_id)
        rows = (await (await ctx.unit.connection()).execute(statement.distinct())).scalars()
        return [ctx.within(each) for each in rows]

    async def end_sessions(
        self,
        ctx: Context,
        user_id: UUID,
        reason: models.RevocationReason,
        kept: UUID | None = None,
    ) -> int:
        """Revoke the living sessions of a person in the tenant; how many that were."""
        ended = 0
        async for each in self.session.each(ctx, userId=user_id, status=LIVING):
            if each.id != kept:
                await self.end_session(ctx, each, reason)
                ended += 1
        return ended

    async def end_session(
        self, ctx: Context, session: models.Session, reason: models.RevocationReason
    ) -> None:
        """Revoke one session and announce it."""
        fields = {
            "status": models.SessionStatus.revoked,
            "revocationReason": reason,
            "refreshTokenHash": None,
        }
        ended = await self.session.rewrite(ctx, session, fields)
        told = to_record(ended) | {"sessionId": session.id, "reason": reason}
        await self.session.announce(ctx, "session-revoked", told)

    def _signing_key(self, ctx: Context) -> ECKey:
        """The newest key that has been published for a day, or the oldest of all."""
        self.runtime.identity.keys.ensure()
        late = (ctx.now - _PUBLISHED_BEFORE).timestamp()
        found = sorted(self.settings.state_path("keys").glob("signing-*.json"))
        known = [each for each in found if each.stat().st_mtime <= late]
        chosen = known[-1] if known else found[0]
        return ECKey.import_key(json.loads(chosen.read_bytes()))

    def access_token(
        self,
        ctx: Context,
        subject: UUID,
        roles: Iterable[str],
        scopes: Iterable[str] = (),
        session: models.Session | None = None,
    ) -> str:
        """A JWT for 15 minutes; of a session it says how and when the person proved who they are."""
        lifetime = int(self.settings.access_token_lifetime)
        issuer = TokenIssuer(self._signing_key(ctx), self.settings.issuer, lifetime)
        principal = Principal(str(subject), "user", ctx.tenant, frozenset(roles), frozenset(scopes))
        if session is not None:
            principal = replace(principal, **_proof(session))
        return issuer.issue(principal, AUDIENCE)

    async def tokens(
        self, ctx: Context, session: models.Session, refresh: str | None
    ) -> models.TokenSet:
        """What an active session is handed."""
        return models.TokenSet(
            access_token=self.access_token(
                ctx, session.user_id, await self.roles(ctx, session.user_id), session=session
            ),
            token_type=models.TokenSetTokenType.bearer,
            expires_in_seconds=int(self.settings.access_token_lifetime),
            refresh_token=refresh,
            session_id=session.id,
            assurance_level=session.assurance_level,
        )

    def is_over(self, ctx: Context, session: models.Session) -> bool:
        """Whether a session is at its end or has idled too long."""
        idle = session.updated_at + timedelta(seconds=session.idle_timeout_seconds)
        return ctx.now >= session.absolute_expires_at or ctx.now >= idle


_FACTORS = {
    models.AuthMethod.password: "pwd",
    models.AuthMethod.totp: "otp",
    models.AuthMethod.webauthn: "hwk",
    models.AuthMethod.text_code: "sms",
    models.AuthMethod.recovery_code: "otp",
}
"""Names of methods in `amr` (RFC 8176 §2); of how another issuer proved it we know nothing."""


def _proof(session: models.Session) -> dict[str, Any]:
    """What a token tells of its session: `sid`, `acr`, `amr`, `auth_time`."""
    factors = {_FACTORS[each] for each in session.auth_methods if each in _FACTORS}
    if len(session.auth_methods) > 1:
        factors.add("mfa")
    proven = session.authenticated_at or session.created_at
    return {
        "session": str(session.id),
        "assurance": session.assurance_level.value,
        "factors": frozenset(factors),
        "authenticated_at": int(proven.timestamp()),
    }


def new_refresh(session: models.Session) -> tuple[str, str]:
    """A refresh token, which names tenant and session, and its digest."""
    content = session.organization_id.bytes + session.id.bytes + secrets.token_bytes(32)
    token = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return token, digest(token)


def read_refresh(token: str) -> tuple[UUID, UUID] | None:
    """Tenant and session of a refresh token."""
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(content) != 64:
        return None
    return UUID(bytes=content[:16]), UUID(bytes=content[16:32])


async def tenant_of(ctx: Context, table: sa.Table, entity_id: UUID) -> Context | None:
    """The operation within the tenant of an entity that an anonymous caller names."""
    statement = sa.select(table.c.organization_id).where(table.c.id == entity_id).limit(1)
    tenant = await (await ctx.unit.connection()).scalar(statement)
    return ctx.within(tenant) if tenant is not None else None


SESSIONS = tables.sessions
