"""API keys, signing keys, and what a token is worth."""

from __future__ import annotations

import json
import secrets
import string
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given, project, to_record
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.store.query import Page

from .base import read_refresh
from .decisions import Decisions
from .generated import models, port, problems, tables
from .proofs import digest, same

_LETTERS = string.ascii_lowercase + string.digits
_SIGNING_PATH = "auth-service/signing"
_HOUR = timedelta(hours=1)
_YEAR = timedelta(days=365)


def _new_key() -> tuple[str, str]:
    """A prefix and the key that begins with it."""
    prefix = "csk_" + "".join(secrets.choice(_LETTERS) for _ in range(8))
    return prefix, f"{prefix}_{secrets.token_urlsafe(32)}"


class Keys(Decisions):
    """Handlers of keys."""

    async def create_api_key(self, ctx: Context, request: port.CreateApiKey) -> models.IssuedApiKey:
        """Issue a key, and show it once."""
        body = request.body
        caller = ctx.principal.subject
        if ctx.principal.kind == "user" and caller != str(body.user_id):
            await self._require_robot(ctx, body.user_id)
        await self.api_key.grants.require(ctx, {"userId": body.user_id})
        await self._require_scopes(ctx, body.user_id, [each.root for each in body.scopes])
        if not ctx.now < body.expires_at <= ctx.now + _YEAR:
            raise breaks_rule("must lie within 365 days", pointer="/expiresAt")
        prefix, key = _new_key()
        fields = given(body) | {"prefix": prefix, "keyHash": digest(key)}
        made = await self.api_key.create(ctx, "create-api-key", fields)
        return _issued(made, key)

    async def _require_robot(self, ctx: Context, user_id: UUID) -> None:
        """Refuse a key for a person: who has a factor, or a role of people, is one.

        Raises:
            Problem: `account-of-a-person`.
        """
        person = await self.credential.find(ctx, userId=user_id) is not None
        if person or await self.roles(ctx, user_id) - {"workload"}:
            raise problems.ACCOUNT_OF_A_PERSON("people ask for their keys themselves")

    async def _require_scopes(self, ctx: Context, user_id: UUID, scopes: list[str]) -> None:
        """Refuse scopes beyond what the account may do; of programs, beyond the caller's.

        Raises:
            Problem: `scope-exceeds-account`.
        """
        roles = await self.roles(ctx, user_id) or ctx.principal.roles
        beyond = [each for each in scopes if not self.permits(roles, each)]
        if beyond:
            raise problems.SCOPE_EXCEEDS_ACCOUNT(f"not within its roles: {', '.join(beyond)}")

    async def update_api_key(self, ctx: Context, request: port.UpdateApiKey) -> models.ApiKeyView:
        """Relabel a key or change its bounds."""
        found = await self._key(ctx, request.api_key_id)
        await self.api_key.grants.require(ctx, to_record(found))
        scopes, had = request.body.scopes, {each.root for each in found.scopes}
        added = [each.root for each in scopes or () if each.root not in had]
        await self._require_scopes(ctx, found.user_id, added)
        changed = await self.api_key.update(ctx, "update-api-key", found.id, request.body)
        return project(models.ApiKeyView, changed)

    async def _key(self, ctx: Context, key_id: UUID) -> models.ApiKey:
        found = await self.api_key.find(ctx, id=key_id)
        if found is None:
            raise NOT_FOUND("no such api-key")
        return found

    async def rotate_api_key(self, ctx: Context, request: port.RotateApiKey) -> models.IssuedApiKey:
        """Replace a key; the old one works on for the overlap."""
        found = await self._key(ctx, request.api_key_id)
        await self.api_key.grants.require(ctx, to_record(found))
        if found.expires_at <= ctx.now or found.disabled_at is not None:
            raise problems.KEY_EXPIRED("the key has ended")
        until = min(found.expires_at, ctx.now + timedelta(days=request.body.overlap_days))
        prefix, key = _new_key()
        record = to_record(found) | {
            "prefix": prefix,
            "keyHash": digest(key),
            "lastUsedAt": None,
        }
        made = await self.api_key.insert(ctx, {**record, "id": None})
        told = {"expiresAt": until, "oldValidUntil": until}
        await self.api_key.update(ctx, "rotate-api-key", found.id, told)
        return _issued(made, key, until)

    async def get_api_key(self, ctx: Context, request: port.GetApiKey) -> models.ApiKeyView:
        """Bounds and last use of one key."""
        found = await self.api_key.get(ctx, request.api_key_id)
        return project(models.ApiKeyView, found)

    async def list_api_keys(
        self, ctx: Context, request: port.ListApiKeys
    ) -> Page[models.ApiKeyView]:
        """Keys of the tenant, or of one account."""
        filters = {"userId": request.user_id, "prefix": request.prefix}
        found = await self.api_key.list(ctx, request.page, filters)
        views = tuple(project(models.ApiKeyView, each) for each in found.items)
        return Page(views, found.following)

    async def _living_key(self, ctx: Context, key: str) -> tuple[Context, models.ApiKey] | None:
        """The key that somebody shows, if it works, and the operation within its tenant."""
        table = tables.api_keys
        statement = sa.select(table.c.organization_id).where(table.c.prefix == key[:12])
        tenant = await (await ctx.unit.connection()).scalar(statement)
        if tenant is None:
            return None
        inside = ctx.within(tenant)
        found = await self.api_key.find(inside, prefix=key[:12])
        if found is None or not same(found.key_hash, digest(key)):
            return None
        alive = found.expires_at > ctx.now and found.disabled_at is None
        return (inside, found) if alive else None

    async def exchange_key(
        self,
        ctx: Context,
        client_id: UUID | None,
        secret: str,
        scopes: list[models.PermissionScope] | None,
    ) -> models.TokenSet:
        """A token for an API key, within its scopes; it is no session."""
        living = await self._living_key(ctx, secret)
        if living is None or client_id != living[1].user_id:
            raise problems.INVALID_GRANT("the secret is unknown or does not fit the client")
        inside, key = living
        held = {each.root for each in key.scopes}
        wanted = {each.root for each in scopes} if scopes else held
        if not wanted <= held:
            raise problems.INVALID_GRANT("the key does not have these scopes")
        if key.last_used_at is None or key.last_used_at <= ctx.now - _HOUR:
            await self.api_key.rewrite(inside, key, {"lastUsedAt": ctx.now})
        return models.TokenSet(
            access_token=self.access_token(inside, key.user_id, (), wanted),
            token_type=models.TokenSetTokenType.bearer,
            expires_in_seconds=int(self.settings.access_token_lifetime),
            assurance_level=models.AssuranceLevel.aal1,
        )

    async def introspect_token(
        self, ctx: Context, request: port.IntrospectToken
    ) -> models.TokenIntrospection:
        """What a key or a refresh token is worth; nothing for any other (RFC 7662, 2.2)."""
        token = request.body.token
        if token.startswith("csk_"):
            living = await self._living_key(ctx, token)
            if living is None:
                return models.TokenIntrospection(active=False)
            inside, key = living
            roles = await self.roles(inside, key.user_id)
            return models.TokenIntrospection(
                active=True,
                subject=key.user_id,
                organization_id=key.organization_id,
                roles=self.system_roles(roles),
                scopes=key.scopes,
                expires_at=key.expires_at,
            )
        return await self._worth_of_refresh(ctx, token)

    async def _worth_of_refresh(self, ctx: Context, token: str) -> models.TokenIntrospection:
        named = read_refresh(token)
        inside = ctx.within(named[0]) if named else ctx
        session = await self.session.find(inside, id=named[1]) if named else None
        alive = (
            session is not None
            and session.status == models.SessionStatus.active
            and same(session.refresh_token_hash or "", digest(token))
            and not self.is_over(ctx, session)
        )
        if session is None or not alive:
            return models.TokenIntrospection(active=False)
        return models.TokenIntrospection(
            active=True,
            subject=session.user_id,
            organization_id=session.organization_id,
            session_id=session.id,
            roles=self.system_roles(await self.roles(inside, session.user_id)),
            assurance_level=session.assurance_level,
            expires_at=session.absolute_expires_at,
        )

    async def get_signing_keys(
        self, ctx: Context, request: port.GetSigningKeys
    ) -> models.SigningKeySet:
        """The public keys that verify access tokens, the four newest."""
        del ctx, request
        ring = self.runtime.identity.keys
        ring.ensure()
        names = ("kid", "kty", "crv", "x", "y")
        keys = [
            {name: each[name] for name in names} | {"use": "sig", "alg": "ES256"}
            for each in ring.public_keys()[-4:]
        ]
        return models.SigningKeySet.model_validate_json(json.dumps({"keys": keys}))

    async def on_secret_rotated(self, ctx: Context, event: Received[models.SecretRotated]) -> None:
        """Adopt the key."""
        await self.adopt_signing_key(ctx, port.AdoptSigningKey(body=event.data))

    async def adopt_signing_key(self, ctx: Context, request: port.AdoptSigningKey) -> None:
        """Make and publish a new signing key; secrets of other paths are passed over."""
        if request.body.path == _SIGNING_PATH:
            ring = self.runtime.identity.keys
            ctx.unit.after_commit(ring.rotate)


def _issued(made: models.ApiKey, key: str, until: object = None) -> models.IssuedApiKey:
    view = to_record(project(models.ApiKeyView, made))
    content = {"apiKey": view, "key": key, "oldValidUntil": until}
    return models.IssuedApiKey.model_validate(
        {name: each for name, each in content.items() if each is not None}, strict=False
    )
