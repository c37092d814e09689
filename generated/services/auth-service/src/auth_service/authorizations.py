"""Letting a client in: authorisation codes with a proof of possession (OAuth 2.1, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import FORBIDDEN, breaks_rule

from .base import LIVING, new_refresh, read_refresh
from .federation import Federation
from .generated import models, port, problems
from .memory import Code
from .proofs import digest, same

_TAKEN_OVER = (
    "userId",
    "authMethods",
    "assuranceLevel",
    "deviceFingerprint",
    "ipAddress",
    "countryCode",
    "riskScore",
    "authenticatedAt",
    "idleTimeoutSeconds",
    "absoluteExpiresAt",
)
"""What a client's session has of the one that let it in; it ends no later."""


class Authorizations(Federation):
    """Handlers of codes."""

    async def authorize_client(
        self, ctx: Context, request: port.AuthorizeClient
    ) -> models.AuthorizationCode:
        """Issue a code by which a registered client opens a session of its own."""
        body = request.body
        session = await self._own_session(ctx)
        if body.channel == models.SessionChannel.service_account:
            raise breaks_rule("is for people", pointer="/channel")
        if body.redirect_uri not in await self.world.clients.addresses(body.client_id):
            raise problems.CLIENT_UNKNOWN("nobody registered this client with this address")
        code, hashed = new_refresh(session)
        expires = ctx.now + timedelta(seconds=self.settings.code_lifetime)
        fields = {
            "codeHash": hashed,
            "sessionId": session.id,
            "clientId": body.client_id,
            "redirectUri": body.redirect_uri,
            "challenge": body.code_challenge,
            "channel": body.channel,
            "expiresAt": expires,
        }
        await self.codes.insert(ctx, fields)
        return models.AuthorizationCode(
            code=code, redirect_uri=body.redirect_uri, expires_at=expires
        )

    async def _own_session(self, ctx: Context) -> models.Session:
        """The session of the caller's token; support in a customer's name lets nobody in.

        Raises:
            Problem: `forbidden`.
        """
        named = ctx.principal.session
        found = await self.session.find(ctx, id=UUID(named)) if named else None
        if found is None or not self._lets_in(ctx, found) or found.impersonator_id is not None:
            raise FORBIDDEN("only a living session of one's own lets a client in")
        await self.session.grants.require(ctx, to_record(found))
        return found

    def _lets_in(self, ctx: Context, session: models.Session) -> bool:
        return session.status == models.SessionStatus.active and not self.is_over(ctx, session)

    async def exchange_code(
        self, ctx: Context, body: models.IssueTokenRequest, code: str
    ) -> models.TokenSet:
        """Open the client's session; one that comes of a code that is shown twice ends.

        Raises:
            Problem: `invalid-grant`.
        """
        named = read_refresh(code)
        inside = ctx.within(named[0]) if named else ctx
        kept = await self.codes.find(inside, codeHash=digest(code)) if named else None
        if kept is None:
            raise problems.INVALID_GRANT("the code is unknown")
        if kept.opened is not None:
            await self._end_opened(inside, kept.opened)
            await ctx.unit.commit()  # the refusal must not undo the revocation
            raise problems.INVALID_GRANT("the code is spent")
        session = await self.session.find(inside, id=kept.session_id)
        if kept.expires_at <= ctx.now or not _is_for(kept, body):
            raise problems.INVALID_GRANT("the code is too old, or another client's")
        if session is None or not self._lets_in(inside, session):
            raise problems.INVALID_GRANT("the session that let the client in is over")
        return await self._open(inside, session, kept)

    async def _end_opened(self, ctx: Context, session_id: UUID) -> None:
        session = await self.session.find(ctx, id=session_id)
        if session is not None and session.status in LIVING:
            await self.end_session(ctx, session, models.RevocationReason.token_reuse)

    async def _open(self, ctx: Context, session: models.Session, kept: Code) -> models.TokenSet:
        record = to_record(session)
        fields = {name: record.get(name) for name in _TAKEN_OVER}
        own = {"channel": kept.channel, "status": models.SessionStatus.active}
        opened = await self.session.insert(ctx, {**fields, **own})
        token, hashed = new_refresh(opened)
        opened = await self.session.rewrite(ctx, opened, {"refreshTokenHash": hashed})
        await self.codes.rewrite(ctx, kept, {"opened": opened.id})
        told = to_record(opened) | {"sessionId": opened.id}
        await self.session.announce(ctx, "login-succeeded", told)
        return await self.tokens(ctx, opened, token)


def _is_for(kept: Code, body: models.IssueTokenRequest) -> bool:
    """Whether client, address and verifier are those of the challenge.

    A session is never narrower than its person, so who asks for scopes gets none.
    """
    hashed = hashlib.sha256((body.code_verifier or "").encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
    fits = body.client_id == kept.client_id and body.redirect_uri == kept.redirect_uri
    return fits and not body.scopes and same(challenge, kept.challenge)
