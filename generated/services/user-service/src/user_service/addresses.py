"""Addresses: adding, proving, and changing the one that signs in."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import given, project, to_record
from cloudsync_chassis.problem import NOT_FOUND, RATE_LIMITED
from cloudsync_chassis.runtime import Runtime
from pydantic_core import to_jsonable_python

from .base import Base, digest, normal
from .generated import models, port, problems
from .memory import EmailChange

_GOOD_FOR = timedelta(minutes=30)
_WRONG_TRIES = 5
_HOUR = timedelta(hours=1)
_OBLIGATION = timedelta(days=7)
_PENDING = timedelta(hours=24)
_PRIMARY = models.AddressPurpose.primary
_FORMER = models.AddressPurpose.former


def _digits() -> str:
    return f"{secrets.randbelow(10**8):08}"


class Addresses(Base):
    """Handlers of e-mail addresses and of one's own archive."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        former = Due(
            aggregate="email-alias",
            where={"purpose": _FORMER.value},
            since="updatedAt",
            after=self.settings.email_change_undo,
        )
        runtime.work.every(3600.0, "let-former-addresses-go", self._let_go, former)

    async def _let_go(self, ctx: Context) -> None:
        """Former addresses are not kept for longer than the change could be taken back."""
        late = ctx.now - timedelta(seconds=self.settings.email_change_undo)
        async for each in self.email_alias.each(ctx, {"updatedAt": late}, purpose=_FORMER):
            await self.email_alias.remove(ctx, each)

    async def add_email_alias(
        self, ctx: Context, request: port.AddEmailAlias
    ) -> models.EmailAliasView:
        """Add an address and mail a code to it."""
        address, code = normal(request.body.address), _digits()
        await self.owner_of_address(ctx, address)
        expires = ctx.now + _GOOD_FOR
        fields = given(request.body) | {
            "address": address,
            "verificationCodeHash": digest(f"{request.user_id} {code}"),
            "codeExpiresAt": expires,
        }
        made = await self.email_alias.create(ctx, "add-email-alias", fields, userId=request.user_id)
        self._mail_code(ctx, address, code, expires)
        return project(models.EmailAliasView, made)

    def _mail_code(self, ctx: Context, address: str, code: str, expires: datetime) -> None:
        mail = self.world.mail
        ctx.unit.after_commit(lambda: mail.code(address, code, expires))

    async def verify_email_alias(
        self, ctx: Context, request: port.VerifyEmailAlias
    ) -> models.EmailAliasView:
        """Take the digits that were mailed; five wrong ones end the code."""
        place = {"id": request.email_alias_id, "userId": request.user_id}
        found = await self.email_alias.find(ctx, **place)
        if found is None:
            raise NOT_FOUND("no such email-alias")
        await self.email_alias.grants.require(ctx, to_record(found))
        if found.verified_at is not None:
            return project(models.EmailAliasView, found)
        expires = found.code_expires_at
        if found.verification_code_hash is None or expires is None or expires <= ctx.now:
            raise problems.CODE_EXPIRED("the digits are no longer good")
        told = digest(f"{request.user_id} {request.body.code}")
        if not hmac.compare_digest(told, found.verification_code_hash):
            await self._count_wrong(ctx, found)
            await ctx.unit.commit()  # the refusal must not undo the counting
            raise problems.CODE_WRONG("other digits were mailed")
        fields = {"verifiedAt": ctx.now, "verificationCodeHash": None, "codeExpiresAt": None}
        changed = await self.email_alias.update(
            ctx, "verify-email-alias", found.id, fields, userId=request.user_id
        )
        return project(models.EmailAliasView, changed)

    async def _count_wrong(self, ctx: Context, alias: models.EmailAlias) -> None:
        known = await self.tries.find(ctx, aliasId=alias.id)
        if known is None:
            fields = {"aliasId": alias.id, "wrong": 1, "since": ctx.now}
            await self.tries.insert(ctx, fields)
            return
        fresh = known.since <= ctx.now - _HOUR
        wrong = 1 if fresh else known.wrong + 1
        since = ctx.now if fresh else known.since
        await self.tries.rewrite(ctx, known, {"wrong": wrong, "since": since})
        if wrong >= _WRONG_TRIES:
            ended = {"verificationCodeHash": None, "codeExpiresAt": None}
            await self.email_alias.rewrite(ctx, alias, ended)

    async def change_primary_email(
        self, ctx: Context, request: port.ChangePrimaryEmail
    ) -> models.EmailChange:
        """Mail digits to a new address, or take them and sign the person in with it."""
        user = await self.account(ctx, request.user_id)
        await self.user.grants.require(ctx, to_record(user))
        address = normal(request.body.new_address)
        if request.body.code is None:
            return await self._send_code(ctx, user, address)
        known = await self.email_changes.find(ctx, userId=user.id)
        late = known is None or known.expires_at <= ctx.now or known.tries >= _WRONG_TRIES
        if known is None or late or known.address_hash != digest(address):
            raise problems.CODE_EXPIRED("the digits are no longer good")
        told = digest(f"{user.id} {request.body.code}")
        if not hmac.compare_digest(told, known.code_hash):
            await self.email_changes.rewrite(ctx, known, {"tries": known.tries + 1})
            await ctx.unit.commit()  # the refusal must not undo the counting
            raise problems.CODE_WRONG("other digits were mailed")
        if not await self._is_free(ctx, user, address):
            raise problems.EMAIL_TAKEN("the address was taken in the meantime")
        return await self._change(ctx, user, address, known)

    async def _is_free(self, ctx: Context, user: models.User, address: str) -> bool:
        owner = await self.owner_of_address(ctx, address)
        twin = await self.user.find(ctx, primaryEmail=address)
        return owner in (None, user.id) and (twin is None or twin.id == user.id)

    async def _send_code(self, ctx: Context, user: models.User, address: str) -> models.EmailChange:
        """The answer is the same whoever has the address; only a free one gets the digits."""
        code, expires = _digits(), ctx.now + _GOOD_FOR
        known = await self.email_changes.find(ctx, userId=user.id)
        recent = known is not None and known.since > ctx.now - _HOUR
        codes = known.codes + 1 if known is not None and recent else 1
        if codes > self.settings.email_change_attempts:
            raise RATE_LIMITED("enough codes were asked for in this hour")
        fields = {
            "addressHash": digest(address),
            "codeHash": digest(f"{user.id} {code}"),
            "expiresAt": expires,
            "tries": 0,
            "codes": codes,
            "since": known.since if known is not None and recent else ctx.now,
        }
        if known is None:
            await self.email_changes.insert(ctx, {"userId": user.id, **fields})
        else:
            await self.email_changes.rewrite(ctx, known, fields)
        if await self._is_free(ctx, user, address):
            self._mail_code(ctx, address, code, expires)
        return models.EmailChange(
            user_id=user.id, state=models.EmailChangeState.code_sent, code_expires_at=expires
        )

    async def _change(
        self, ctx: Context, user: models.User, address: str, known: EmailChange
    ) -> models.EmailChange:
        until = ctx.now + timedelta(seconds=self.settings.email_change_undo)
        old = user.primary_email
        await self._retire(ctx, user)
        row = await self.email_alias.find(ctx, address=address, userId=user.id)
        fields = {
            "purpose": _PRIMARY,
            "verifiedAt": ctx.now,
            "verificationCodeHash": None,
            "codeExpiresAt": None,
        }
        if row is None:
            await self.email_alias.insert(ctx, {"userId": user.id, "address": address, **fields})
        else:
            await self.email_alias.rewrite(ctx, row, fields)
        proved = {"primaryEmail": address, "emailVerifiedAt": ctx.now}
        told = {**proved, "primaryEmailHash": digest(address)}
        await self.user.update(ctx, "change-primary-email", user.id, told)
        await self.email_changes.remove(ctx, known)
        self._mail_undo(ctx, old, user.id, until)
        return models.EmailChange(
            user_id=user.id, state=models.EmailChangeState.changed, undoable_until=until
        )

    def _mail_undo(self, ctx: Context, address: str, user_id: UUID, until: datetime) -> None:
        mail = self.world.mail
        ctx.unit.after_commit(lambda: mail.undo(address, user_id, until))

    async def _retire(self, ctx: Context, user: models.User) -> None:
        """The old address stays reserved while the change can be taken back."""
        row = await self.email_alias.find(ctx, userId=user.id, purpose=_PRIMARY)
        if row is not None:
            await self.email_alias.rewrite(ctx, row, {"purpose": _FORMER})
        elif await self.owner_of_address(ctx, user.primary_email) is None:
            former = {"userId": user.id, "address": user.primary_email, "purpose": _FORMER}
            await self.email_alias.insert(ctx, former)

    async def export_user_data(
        self, ctx: Context, request: port.ExportUserData
    ) -> models.DataExport:
        """Have an archive made of what is kept here about a person."""
        user = await self.account(ctx, request.user_id)
        await self.user.grants.require(ctx, to_record(user))
        async for each in self.exports.each(ctx, userId=user.id):
            asked = each.created_at > ctx.now - _PENDING
            if asked and not await self.world.archives.ready(each.id):
                raise problems.EXPORT_UNDER_WAY("the last archive is still being put together")
        made = await self.exports.insert(ctx, {"userId": user.id})
        rows = [each async for each in self.email_alias.each(ctx, userId=user.id)]
        requests = [each async for each in self.erasure_request.each(ctx, userId=user.id)]
        content = {
            "guide": "Your account, the addresses that it answers to, and your erasure requests.",
            "account": to_record(user),
            "addresses": [to_record(project(models.EmailAliasView, each)) for each in rows],
            "erasureRequests": [to_record(each) for each in requests],
        }
        plain, archives = to_jsonable_python(content), self.world.archives
        ctx.unit.after_commit(lambda: archives.store(made.id, plain))
        return models.DataExport(export_id=made.id, ready_by=ctx.now + _OBLIGATION)
