"""Links: addresses that open a document for whoever holds them, with a passcode if wished.

Of a token only its digest is kept, under a blind index and encrypted; of a passcode its argon2id
hash (RFC 9106), encrypted.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import RATE_LIMITED, breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.passwords import hash_password, is_password
from cloudsync_chassis.store.sealed import Sealed

from .generated import models, port, problems, tables
from .places import Places

_GUESSES = 10
_A_MINUTE = 60.0
_WRONG_PASSCODES = 3


class Links(Places):
    """Making and opening links."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        table = tables.share_links
        # no aggregate stands for this table, so it is named here to be renewed with the others
        sealed = (table.c.link_token_ciphertext, table.c.passcode_ciphertext)
        runtime.sealed.append(
            Sealed(table, table.c.organization_id, table.c.share_grant_id, sealed)
        )

    async def create_share_link(
        self, ctx: Context, request: port.CreateShareLink
    ) -> models.ShareLink:
        document = await self.document.get(ctx, request.document_id)
        await self.check_writable(ctx)
        body, person = request.body, self.person(ctx)
        if not self.world.links.allowed(ctx.tenant, document.sensitivity):
            raise problems.SHARING_FORBIDDEN(f"no links to what is {document.sensitivity}")
        confidential = document.sensitivity == models.Sensitivity.confidential
        if confidential and body.expires_at is None:
            raise problems.LINK_NEEDS_END("a link to a confidential document needs an end")
        if body.expires_at is not None and body.expires_at <= ctx.now:
            raise breaks_rule("lies in the past", pointer="/expiresAt")
        fields: dict[str, Any] = {
            "principal": f"link:{ids.uuid7()}",
            "access": str(body.access),
            "grantedBy": person,
            "hasPasscode": body.passcode is not None,
        }
        if body.expires_at is not None:
            fields["expiresAt"] = body.expires_at
        token = secrets.token_urlsafe(32)
        passcode = await asyncio.to_thread(hash_password, body.passcode) if body.passcode else None
        grant = await self.share_grant.create(
            ctx, "create-share-link", fields, documentId=document.id
        )
        await self._keep_secret(ctx, grant, token, passcode)
        self.metrics.document_shares_total(
            principal_kind="link", access=str(grant.access), sensitivity=str(document.sensitivity)
        )
        return models.ShareLink(grant=grant, address=self.world.links.address(token))

    async def revoke_share(self, ctx: Context, request: port.RevokeShare) -> None:
        await super().revoke_share(ctx, request)
        await self._drop_secret(ctx, request.share_grant_id)

    async def expire_share(self, ctx: Context, request: port.ExpireShare) -> None:
        grant = await self.share_grant.find(ctx, id=request.share_grant_id)
        if grant is None or grant.expires_at is None or grant.expires_at > ctx.now:
            return
        await super().expire_share(ctx, request)
        await self._drop_secret(ctx, request.share_grant_id)

    async def open_share_link(
        self, ctx: Context, request: port.OpenShareLink
    ) -> models.OpenedShareLink:
        who = f"link-guess:{ctx.source_ip or ctx.principal.subject}"
        if self.world.throttle.full(who, _GUESSES, _A_MINUTE):
            raise _later()
        row = await self._secret_of(ctx, request.body.link_token)
        opened = await self._opened(ctx, row) if row is not None else None
        if row is None or opened is None:
            self.world.throttle.admit(who, _GUESSES, _A_MINUTE)
            raise problems.LINK_EXPIRED("no link that can be opened")
        if row.passcode_ciphertext is not None:
            await self._check_passcode(row, request.body.passcode, who)
        return opened

    async def _opened(self, ctx: Context, row: Any) -> models.OpenedShareLink | None:
        """Where a link leads in the organisation that it was made in; None if nowhere any more."""
        inside = ctx.within(row.organization_id)
        grant = await self.share_grant.find(inside, id=row.share_grant_id)
        document = await self.document.find(inside, id=row.document_id)
        if grant is None or document is None:
            return None
        over = grant.expires_at is not None and grant.expires_at <= ctx.now
        endless = grant.expires_at is None
        confidential = document.sensitivity == models.Sensitivity.confidential
        allowed = self.world.links.allowed(row.organization_id, document.sensitivity)
        gone = document.status in (models.DocumentStatus.trashed, models.DocumentStatus.deleted)
        if over or gone or not allowed or (confidential and endless):
            return None
        return models.OpenedShareLink(
            document_id=document.id, share_grant_id=grant.id, access=grant.access
        )

    async def _check_passcode(self, row: Any, passcode: str | None, who: str) -> None:
        """Three wrong ones a minute and link are the limit.

        Raises:
            Problem: `passcode-wrong`, `rate-limited`.
        """
        link = f"passcode:{row.share_grant_id}"
        if self.world.throttle.full(link, _WRONG_PASSCODES, _A_MINUTE):
            raise _later()
        known = self.runtime.cipher.decrypt(row.passcode_ciphertext, row.organization_id)
        if passcode is None or not await asyncio.to_thread(is_password, passcode, known):
            self.world.throttle.admit(link, _WRONG_PASSCODES, _A_MINUTE)
            self.world.throttle.admit(who, _GUESSES, _A_MINUTE)
            raise problems.PASSCODE_WRONG("the link asks for another passcode")

    async def _keep_secret(
        self, ctx: Context, grant: models.ShareGrant, token: str, passcode: str | None
    ) -> None:
        cipher = self.runtime.cipher
        row = {
            "link_token_bidx": self._index(token),
            "link_token_ciphertext": cipher.encrypt(_digest(token), ctx.tenant),
            "organization_id": ctx.tenant,
            "document_id": grant.document_id,
            "share_grant_id": grant.id,
            "passcode_ciphertext": cipher.encrypt(passcode, ctx.tenant) if passcode else None,
        }
        await (await ctx.unit.connection()).execute(sa.insert(tables.share_links).values(row))

    async def _drop_secret(self, ctx: Context, grant_id: Any) -> None:
        table = tables.share_links
        statement = sa.delete(table).where(
            table.c.organization_id == ctx.tenant, table.c.share_grant_id == grant_id
        )
        await (await ctx.unit.connection()).execute(statement)

    async def _secret_of(self, ctx: Context, token: str) -> Any:
        """The row of a token, in whichever organisation: tokens are unique in the whole world."""
        table = tables.share_links
        statement = sa.select(table).where(table.c.link_token_bidx == self._index(token))
        return (await (await ctx.unit.connection()).execute(statement)).first()

    def _index(self, token: str) -> bytes:
        return bytes.fromhex(str(self.runtime.cipher.blind_index(_digest(token))))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _later() -> Exception:
    problem = RATE_LIMITED("too many attempts")
    problem.headers = {"Retry-After": "60"}
    return problem
