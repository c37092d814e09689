"""Factors: enrolling, replacing, handing over, destroying."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import project, to_record
from cloudsync_chassis.problem import ALREADY_EXISTS, NOT_FOUND, Problem, breaks_rule
from cloudsync_chassis.security.passwords import hash_password, is_password

from .base import SESSIONS
from .generated import models, port, problems, tables
from .proofs import (
    digest,
    digits,
    is_public_key,
    new_seed,
    same,
)
from .sessions import Sessions

_KINDS = models.CredentialType
_CODES = 10


class Factors(Sessions):
    """Handlers of credentials."""

    async def create_credentials(
        self, ctx: Context, request: port.CreateCredentials
    ) -> models.CredentialView:
        """Enrol a factor, or prepare an invitation to choose a password."""
        body = request.body
        await self.credential.grants.require(ctx, {"userId": body.user_id})
        secret = await self._secret(ctx, body)
        known = await self.credential.find(ctx, userId=body.user_id, type=body.type)
        if known is not None and body.type != _KINDS.webauthn:
            kind, _, value = known.secret_hash.partition(":")
            token = body.invitation_token
            if kind != "invitation" or token is None or not same(digest(token), value):
                raise problems.CREDENTIAL_EXISTS("there is a factor of this type")
            changed = await self.credential.rewrite(ctx, known, {"secretHash": secret})
            return project(models.CredentialView, changed)
        fields = {"userId": body.user_id, "type": body.type, "secretHash": secret}
        try:
            made = await self.credential.create(ctx, "create-credentials", fields)
        except Problem as problem:
            if problem.kind is not ALREADY_EXISTS:
                raise
            raise problems.CREDENTIAL_EXISTS("there is a factor of this type") from problem
        return project(models.CredentialView, made)

    async def _secret(self, ctx: Context, body: models.CreateCredentialsRequest) -> str:
        """What is kept of a factor; what the service makes up goes to the person alone."""
        user_id = body.user_id
        if body.type == _KINDS.password:
            if body.secret is not None:
                return await self.password(ctx, body.secret)
            token = secrets.token_urlsafe(32)
            self.letter(ctx, user_id, "invitation", token)
            return f"invitation:{digest(token)}"
        if body.type == _KINDS.totp:
            seed = new_seed()
            self.letter(ctx, user_id, "totpSeed", seed)
            return f"totp:{seed}"
        if body.type == _KINDS.recovery_codes:
            codes = [digits(10) for _ in range(_CODES)]
            self.letter(ctx, user_id, "recoveryCodes", " ".join(codes))
            return "recovery:" + ",".join(digest(each)[:32] for each in codes)
        if body.type == _KINDS.text_code:
            if body.phone_number is None:
                raise breaks_rule("is needed for codes by text", pointer="/phoneNumber")
            return f"phone:{body.phone_number}".ljust(32)
        if body.secret is None or not is_public_key(body.secret):
            raise breaks_rule("is no P-256 public key in base64", pointer="/secret")
        return f"webauthn:{body.secret}"

    async def password(self, ctx: Context, password: str, pointer: str = "/secret") -> str:
        """The hash of a password that the policy takes.

        Raises:
            Problem: `rule-broken`, `password-breached`.
        """
        least = (await self.policy(ctx)).min_password_length
        if len(password) < least:
            raise breaks_rule(f"must have {least} characters at least", pointer=pointer)
        if await self.world.breaches.has(password):
            raise problems.PASSWORD_BREACHED("the password is known from a breach")
        return hash_password(password, self.settings.argon2_memory_kib)

    async def reset_credential(
        self, ctx: Context, request: port.ResetCredential
    ) -> models.CredentialView:
        """Replace a secret against a proof, and end every session of the person."""
        found = await self.credential.find(ctx, id=request.credential_id)
        if found is None:
            raise NOT_FOUND("no such credential")
        await self.credential.grants.require(ctx, to_record(found))
        if not await self._is_proved(ctx, found, request.body.proof):
            raise problems.PROOF_REJECTED("neither the old secret nor another factor")
        secret = request.body.new_secret
        if found.type == _KINDS.password:
            hashed = await self._unused(ctx, found, secret)
        elif found.type == _KINDS.webauthn and is_public_key(secret):
            hashed = f"webauthn:{secret}"
        else:
            raise breaks_rule("factors of this type are made by the service", pointer="/newSecret")
        fields = {
            "secretHash": hashed,
            "failedAttempts": 0,
            "lockedUntil": None,
            "breachedAt": None,
        }
        changed = await self.credential.rewrite(ctx, found, fields)
        await self.credential.announce(ctx, "credential-reset", changed)
        await self.end_sessions(ctx, found.user_id, models.RevocationReason.password_changed)
        return project(models.CredentialView, changed)

    async def _is_proved(self, ctx: Context, found: models.Credential, proof: str) -> bool:
        if is_password(proof, found.secret_hash):
            return True
        kind, _, value = found.secret_hash.partition(":")
        if kind == "invitation" and same(digest(proof), value):
            return True
        kinds = (_KINDS.password, _KINDS.recovery_codes)
        async for each in self.credential.each(ctx, userId=found.user_id, type=kinds):
            if each.id != found.id and await self._spends(ctx, each, proof):
                return True
        return False

    async def _spends(self, ctx: Context, factor: models.Credential, proof: str) -> bool:
        if factor.type == _KINDS.password:
            return is_password(proof, factor.secret_hash)
        kind, _, value = factor.secret_hash.partition(":")
        used, codes = digest(proof)[:32], value.split(",")
        if used not in codes:
            return False
        left = ",".join(each if each != used else "0" * 32 for each in codes)
        await self.credential.rewrite(ctx, factor, {"secretHash": f"{kind}:{left}"})
        return True

    async def _unused(self, ctx: Context, found: models.Credential, password: str) -> str:
        """The hash of a password that is none of the last ones."""
        history = (await self.policy(ctx)).password_history
        hashed = await self.password(ctx, password, "/newSecret")
        olds = [each async for each in self.old_passwords.each(ctx, userId=found.user_id)]
        present = [each.secret_hash for each in olds[-history:]] if history else []
        if any(is_password(password, each) for each in (*present, found.secret_hash)):
            raise problems.PASSWORD_REUSED("the policy remembers this password")
        if history and found.secret_hash.startswith("$argon2id$"):
            fields = {"userId": found.user_id, "secretHash": found.secret_hash}
            await self.old_passwords.insert(ctx, fields)
        for each in olds[:-history] if history else olds:
            await self.old_passwords.remove(ctx, each)
        return hashed

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Destroy."""
        await self.destroy_credentials(ctx, port.DestroyCredentials(body=event.data))

    async def destroy_credentials(self, ctx: Context, request: port.DestroyCredentials) -> None:
        """Remove whatever proves or stands for an erased person, and report how much it was."""
        body = request.body
        user_id = body.user_id
        erased = await self.forget_identifiers(ctx, user_id)
        places = {ctx.tenant: ctx}
        for table in (SESSIONS, tables.credentials, tables.api_keys):
            places |= {each.tenant: each for each in await self.everywhere(ctx, table, user_id)}
        for inside in places.values():
            await self.end_sessions(inside, user_id, models.RevocationReason.admin_action)
            kept: tuple[Aggregate[Any], ...] = (
                self.session,
                self.credential,
                self.api_key,
                self.old_passwords,
            )
            for aggregate in kept:
                async for each in aggregate.each(inside, userId=user_id):
                    await aggregate.remove(inside, each)
                    erased += 1
            async for grant in self.role_grant.each(inside, principalId=user_id):
                await self.role_grant.remove(inside, grant)
                erased += 1
        told = {
            "userId": user_id,
            "erasureRequestId": body.erasure_request_id,
            "store": models.AuthErasureCompletedStore.auth,
            "erasedItems": min(erased, 100_000),
        }
        record = {"id": user_id, **told}
        await self.credential.announce(ctx, "auth-erasure-completed", record)

    async def on_user_merged(self, ctx: Context, event: Received[models.UserMerged]) -> None:
        """Hand over."""
        await self.adopt_factors(ctx, port.AdoptFactors(body=event.data))

    async def adopt_factors(self, ctx: Context, request: port.AdoptFactors) -> None:
        """Give factors and keys of an absorbed account to the survivor, and sign it out."""
        absorbed, survivor = request.body.absorbed_id, request.body.survivor_id
        if absorbed == survivor:
            return
        await self.hand_on_identifiers(ctx, absorbed, survivor)
        for inside in await self.everywhere(ctx, SESSIONS, absorbed):
            await self.end_sessions(inside, absorbed, models.RevocationReason.admin_action)
        for inside in await self.everywhere(ctx, tables.credentials, absorbed):
            await self._adopt(inside, absorbed, survivor)
        for inside in await self.everywhere(ctx, tables.api_keys, absorbed):
            async for key in self.api_key.each(inside, userId=absorbed):
                await self.api_key.rewrite(inside, key, {"userId": survivor})

    async def _adopt(self, ctx: Context, absorbed: UUID, survivor: UUID) -> None:
        """Of types of which there may be one the survivor keeps its own."""
        async for each in self.credential.each(ctx, userId=absorbed):
            single = each.type != _KINDS.webauthn
            own = await self.credential.find(ctx, userId=survivor, type=each.type)
            if single and own is not None:
                await self.credential.remove(ctx, each)
            else:
                await self.credential.rewrite(ctx, each, {"userId": survivor})

    async def on_sms_country_suspended(
        self, ctx: Context, event: Received[models.SmsCountrySuspended]
    ) -> None:
        """Withhold texts."""
        await self.withhold_text_factor(ctx, port.WithholdTextFactor(body=event.data))

    async def withhold_text_factor(self, ctx: Context, request: port.WithholdTextFactor) -> None:
        """Offer no texts to numbers of a country until the suspension ends."""
        body = request.body
        known = await self.withheld.find(ctx, country=body.country)
        fields = {"country": body.country, "until": body.suspended_until}
        if known is None:
            await self.withheld.insert(ctx, fields)
        elif known.until < body.suspended_until:
            await self.withheld.rewrite(ctx, known, fields)
