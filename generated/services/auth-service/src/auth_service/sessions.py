"""Ends of sessions, and sessions in a customer's name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND, not_valid

from .base import SESSIONS
from .generated import models, port, problems
from .logins import Logins
from .proofs import digest

_METHODS = models.AuthMethod
_REASONS = models.RevocationReason


class Sessions(Logins):
    """Handlers of sessions that are under way."""

    async def expire_session(self, ctx: Context, request: port.ExpireSession) -> None:
        """End a session that has idled too long or is at its end, and no other."""
        found = await self.session.find(ctx, id=request.session_id)
        if found is None:
            raise NOT_FOUND("no such session")
        if self.is_over(ctx, found):
            await super().expire_session(ctx, request)

    async def revoke_user_sessions(
        self, ctx: Context, request: port.RevokeUserSessions
    ) -> models.RevokedSessions:
        """End all sessions of a person, or all but one."""
        body = request.body
        await self.session.grants.require(ctx, {"userId": body.user_id})
        reason = models.RevocationReason(body.reason)
        ended = await self.end_sessions(ctx, body.user_id, reason, body.except_session_id)
        return models.RevokedSessions(user_id=body.user_id, revoked=min(ended, 10_000))

    async def end_user_sessions(self, ctx: Context, request: port.EndUserSessions) -> None:
        """Sign the account out everywhere that the event at hand is about."""
        del request
        told = ctx.cause.data.get("userId") if ctx.cause is not None else None
        if told is None:
            raise not_valid("no event says whose sessions are meant", parameter="userId")
        user_id = UUID(str(told))
        for inside in await self.everywhere(ctx, SESSIONS, user_id):
            await self.end_sessions(inside, user_id, _REASONS.user_suspended)

    async def on_user_suspended(self, ctx: Context, event: Received[models.UserSuspended]) -> None:
        """Sign out."""
        await self.end_user_sessions(ctx, port.EndUserSessions())

    async def on_user_deactivated(
        self, ctx: Context, event: Received[models.UserDeactivated]
    ) -> None:
        """Sign out."""
        await self.end_user_sessions(ctx, port.EndUserSessions())

    async def begin_assistance(
        self, ctx: Context, request: port.BeginAssistance
    ) -> models.TokenSet:
        """Let a support agent see what a customer sees, for an hour at most."""
        body = request.body
        if not await self.world.consents.given(body.user_id, body.ticket_id, body.consent_code):
            raise problems.CONSENT_MISSING("the customer gave no such code for the ticket")
        origin = await self.world.origins.of(ctx.principal.subject, "")
        lifetime = timedelta(seconds=min(3600.0, self.settings.assistance_lifetime))
        fields: dict[str, Any] = {
            "userId": body.user_id,
            "impersonatorId": UUID(ctx.principal.subject),
            "channel": models.SessionChannel.browser,
            "authMethods": [_METHODS.oidc],
            "assuranceLevel": models.AssuranceLevel.aal2,
            "deviceFingerprint": digest(ctx.principal.subject),
            "ipAddress": origin.address,
            "countryCode": origin.country,
            "riskScore": origin.risk,
            "authenticatedAt": ctx.now,
            "absoluteExpiresAt": ctx.now + lifetime,
        }
        session = await self.session.create(ctx, "begin-assistance", fields)
        return await self.tokens(ctx, session, None)
