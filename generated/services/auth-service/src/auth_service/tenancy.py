"""What organisations bring: grants of roles, identity providers, and their comings and goings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given, project
from cloudsync_chassis.store.query import Page

from .generated import models, port, problems, tables
from .keys import Keys


class Tenancy(Keys):
    """Handlers of organisations' facts."""

    async def grant_role(self, ctx: Context, request: port.GrantRole) -> None:
        """Enter the role of a membership; the same event twice leaves one grant."""
        await self._put_role(ctx, request.body.user_id, request.body.role)

    async def _put_role(self, ctx: Context, user_id: Any, role: str) -> None:
        """The one role that follows the membership; elevations, which end, stay."""
        wanted = models.SystemRole(role)
        found = False
        async for each in self.role_grant.each(ctx, principalId=user_id, expiresAt=None):
            if each.role == wanted:
                found = True
            else:
                await self.role_grant.remove(ctx, each)
        if not found:
            await self.role_grant.insert(ctx, {"principalId": user_id, "role": wanted})

    async def on_member_role_changed(
        self, ctx: Context, event: Received[models.MemberRoleChanged]
    ) -> None:
        """Change the grant."""
        await self.change_role_grant(ctx, port.ChangeRoleGrant(body=event.data))

    async def change_role_grant(self, ctx: Context, request: port.ChangeRoleGrant) -> None:
        """Put the new role in the place of the old; the next refresh brings it into tokens."""
        await self._put_role(ctx, request.body.user_id, request.body.role)

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        """Withdraw."""
        await self.withdraw_roles(ctx, port.WithdrawRoles(body=event.data))

    async def withdraw_roles(self, ctx: Context, request: port.WithdrawRoles) -> None:
        """End what somebody could do here, their sessions included."""
        user_id = request.body.user_id
        async for each in self.role_grant.each(ctx, principalId=user_id):
            await self.role_grant.remove(ctx, each)
        await self.end_sessions(ctx, user_id, models.RevocationReason.admin_action)

    async def open_auth_policy(self, ctx: Context, request: port.OpenAuthPolicy) -> None:
        """Give a new organisation the default rules, once."""
        await self.policy(ctx.within(request.body.organization_id))

    async def on_domain_verified(
        self, ctx: Context, event: Received[models.DomainVerified]
    ) -> None:
        """Admit it."""
        await self.admit_domain(ctx, port.AdmitDomain(body=event.data))

    async def admit_domain(self, ctx: Context, request: port.AdmitDomain) -> None:
        """Note whose a proven domain is; the one who proved it last has it."""
        body, table = request.body, tables.verified_domains
        connection, domain = await ctx.unit.connection(), body.domain.lower()
        mine = table.c.domain == domain
        known = await connection.scalar(sa.select(table.c.verified_at).where(mine))
        row = {"organization_id": body.organization_id, "verified_at": body.verified_at}
        if known is None:
            await connection.execute(sa.insert(table).values(domain=domain, **row))
        elif known < body.verified_at:
            await connection.execute(sa.update(table).where(mine).values(row))

    async def create_identity_provider(
        self, ctx: Context, request: port.CreateIdentityProvider
    ) -> models.IdentityProviderView:
        """Connect a customer's sign-on service."""
        fields = await self._checked(ctx, request.body)
        made = await self.identity_provider.create(ctx, "create-identity-provider", fields)
        return project(models.IdentityProviderView, made)

    async def _checked(self, ctx: Context, body: models.IdentityProviderRequest) -> dict[str, Any]:
        """The settings, of the tenant's own domains and with a certificate that still holds.

        Raises:
            Problem: `domain-unverified`, `metadata-invalid`.
        """
        fields = given(body)
        fields["domains"] = sorted({each.root.lower() for each in body.domains})
        table = tables.verified_domains
        statement = sa.select(table.c.domain).where(table.c.organization_id == ctx.tenant)
        rows = (await (await ctx.unit.connection()).execute(statement)).scalars()
        missing = set(fields["domains"]) - {str(each).lower() for each in rows}
        if missing:
            raise problems.DOMAIN_UNVERIFIED(f"not proven: {', '.join(sorted(missing))}")
        if body.certificate_expires_at <= ctx.now:
            raise problems.METADATA_INVALID("the certificate has ended")
        if any(each in body.issuer for each in "?#@ "):
            raise problems.METADATA_INVALID("the issuer is no plain address")
        oidc = body.protocol == models.FederationProtocol.oidc
        if oidc and body.client_secret_ref is None:
            raise problems.METADATA_INVALID("OpenID Connect needs the path of a client secret")
        return fields

    async def configure_identity_provider(
        self, ctx: Context, request: port.ConfigureIdentityProvider
    ) -> models.IdentityProviderView:
        """Replace the settings of a provider."""
        fields: dict[str, Any] = {"clientSecretRef": None, "jitProvisioning": False}
        fields |= await self._checked(ctx, request.body)
        changed = await self.identity_provider.update(
            ctx, "configure-identity-provider", request.identity_provider_id, fields
        )
        return project(models.IdentityProviderView, changed)

    async def get_identity_provider(
        self, ctx: Context, request: port.GetIdentityProvider
    ) -> models.IdentityProviderView:
        """Settings of one provider, without the place of its secret."""
        found = await self.identity_provider.get(ctx, request.identity_provider_id)
        return project(models.IdentityProviderView, found)

    async def list_identity_providers(
        self, ctx: Context, request: port.ListIdentityProviders
    ) -> Page[models.IdentityProviderView]:
        """What the tenant signs in with."""
        filters = {"protocol": request.protocol}
        found = await self.identity_provider.list(ctx, request.page, filters)
        views = tuple(project(models.IdentityProviderView, each) for each in found.items)
        return Page(views, found.following)

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        """Stop its keys."""
        request = port.DisableOrganizationAccess(body=event.data)
        await self.disable_organization_access(ctx, request)

    async def disable_organization_access(
        self, ctx: Context, request: port.DisableOrganizationAccess
    ) -> None:
        """Stop keys and providers of a deleted tenant, and note since when."""
        await self._mark(ctx.within(request.body.organization_id), ctx.now)

    async def _mark(self, ctx: Context, since: datetime | None) -> None:
        if not await self._is_news(ctx):
            return
        kept: tuple[Aggregate[Any], ...] = (self.api_key, self.identity_provider)
        for aggregate in kept:
            async for each in aggregate.each(ctx):
                if (each.disabled_at is None) != (since is None):
                    await aggregate.rewrite(ctx, each, {"disabledAt": since})

    async def _is_news(self, ctx: Context) -> bool:
        """Whether the event at hand is younger than the last one of the tenant's end."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.standings.find(ctx, about=ctx.tenant)
        if known is None:
            await self.standings.insert(ctx, {"about": ctx.tenant, "at": at})
            return True
        if at < known.at:
            return False
        await self.standings.rewrite(ctx, known, {"at": at})
        return True

    async def on_organization_restored(
        self, ctx: Context, event: Received[models.OrganizationRestored]
    ) -> None:
        """Start its keys."""
        request = port.RestoreOrganizationAccess(body=event.data)
        await self.restore_organization_access(ctx, request)

    async def restore_organization_access(
        self, ctx: Context, request: port.RestoreOrganizationAccess
    ) -> None:
        """Start those keys and providers again that the deletion had stopped."""
        await self._mark(ctx.within(request.body.organization_id), None)

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """Remove its access."""
        request = port.PurgeOrganizationAccess(body=event.data)
        await self.purge_organization_access(ctx, request)

    async def purge_organization_access(
        self, ctx: Context, request: port.PurgeOrganizationAccess
    ) -> None:
        """Remove keys, providers, grants, sessions and policy of a tenant that is gone."""
        inside = ctx.within(request.body.organization_id)
        kept: tuple[Aggregate[Any], ...] = (
            self.api_key,
            self.identity_provider,
            self.role_grant,
            self.session,
            self.auth_policy,
        )
        for aggregate in kept:
            async for each in aggregate.each(inside):
                await aggregate.remove(inside, each)
        table = tables.verified_domains
        gone = sa.delete(table).where(table.c.organization_id == inside.tenant)
        await (await inside.unit.connection()).execute(gone)
