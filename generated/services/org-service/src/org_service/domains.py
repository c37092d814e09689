"""Mail domains that organisations claim and prove."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .base import Base
from .generated import models, port, problems, tables

_CLAIMS = 100
"""Domains that one organisation may claim."""

_RECHECK = "recheck-domains"
_AT_ONCE = 10
"""Proofs that are looked up again in one round; 14,400 a day."""

_table = tables.domain_claims


class Domains(Base):
    """Handlers of claims."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.work.every(60.0, _RECHECK, self._recheck_due)

    async def _recheck_due(self, ctx: Context) -> None:
        """Look some of the proofs up again whose time has come."""
        late = ctx.now - timedelta(seconds=self.settings.domain_recheck_interval)
        last = sa.func.coalesce(_table.c.rechecked_at, _table.c.verified_at)
        statement = sa.select(_table.c.organization_id, _table.c.domain).where(
            _table.c.verified_at.is_not(None), last <= late
        )
        # in no order: domains whose name servers are down hold no others up
        statement = statement.order_by(sa.func.random()).limit(_AT_ONCE)
        for tenant, domain in (await (await ctx.unit.connection()).execute(statement)).all():
            self.runtime.work.soon(ctx.within(tenant), "recheck-domain", self._recheck(domain))

    def _recheck(self, domain: str) -> Callable[[Context], Awaitable[None]]:
        async def recheck(ctx: Context) -> None:
            # asked before the lock: name servers may be slow
            answers = [await each.texts(domain) for each in self.world.resolvers]
            organization = await self.locked(ctx, ctx.tenant)
            known = _claim_of(organization, domain)
            if known is None or known.verified_at is None:
                return
            values: dict[str, object] = {"rechecked_at": ctx.now}
            if not any(known.dns_token in each for each in answers):
                values["verified_at"] = None
                await self._withdraw(ctx, organization, known)
            mine = (_table.c.organization_id == ctx.tenant, _table.c.domain == domain)
            connection = await ctx.unit.connection()
            await connection.execute(sa.update(_table).where(*mine).values(values))

        return recheck

    async def _withdraw(
        self, ctx: Context, organization: models.Organization, claim: models.DomainClaim
    ) -> None:
        """End a proof of which no resolver finds the record any more; somebody else may claim it.

        Where guests were admitted from proven domains and none is left, nobody else is admitted.
        """
        plain = claim.model_copy(update={"verified_at": None})
        claims = [plain if each == claim else each for each in organization.email_domains]
        fields: dict[str, object] = {
            "emailDomains": [each.model_dump(by_alias=True, exclude_none=True) for each in claims]
        }
        by_domain = organization.guest_policy == models.GuestPolicy.verified_domains
        if by_domain and not any(each.verified_at for each in claims):
            fields["guestPolicy"] = models.GuestPolicy.forbidden
        after = await self.organization.rewrite(ctx, organization, fields)
        await self.organization.announce(ctx, "organization-updated", after, organization)
        self.notify(ctx, f"the record of {claim.domain} is gone, so it counts as unproven")

    async def claim_domain(self, ctx: Context, request: port.ClaimDomain) -> models.DomainClaim:
        """Answer with the token to publish; claiming again tells the same one."""
        organization = await self.locked(ctx, request.organization_id)
        domain = request.body.domain.lower()
        if not self.world.mail_domains.claimable(domain):
            raise problems.DOMAIN_NOT_CLAIMABLE(f"nobody can claim {domain}")
        await self._require_free(ctx, domain)
        known = _claim_of(organization, domain)
        if known is not None:
            return known
        if len(organization.email_domains) >= _CLAIMS:
            raise CONDITION_NOT_MET(f"no more than {_CLAIMS} domains can be claimed")
        made = models.DomainClaim(domain=domain, dns_token=f"cs-verify={secrets.token_hex(16)}")
        await self._add(ctx, organization, made)
        row = {
            "organization_id": organization.id,
            "domain": domain,
            "dns_token": made.dns_token,
        }
        await (await ctx.unit.connection()).execute(sa.insert(_table).values(row))
        return made

    async def verify_domain(self, ctx: Context, request: port.VerifyDomain) -> models.DomainClaim:
        """Look the token up at both resolvers; a proof holds until it is due to be looked up."""
        domain = request.domain.lower()
        # asked before the lock: name servers may be slow
        answers = [await each.texts(domain) for each in self.world.resolvers]
        organization = await self.locked(ctx, request.organization_id)
        known = _claim_of(organization, domain)
        if known is None:
            raise NOT_FOUND("the domain was not claimed")
        await self._require_free(ctx, domain)
        connection = await ctx.unit.connection()
        mine = (_table.c.organization_id == organization.id, _table.c.domain == domain)
        checked = await connection.scalar(sa.select(_table.c.rechecked_at).where(*mine))
        interval = timedelta(seconds=self.settings.domain_recheck_interval)
        if known.verified_at is not None and checked is not None and checked > ctx.now - interval:
            return known
        if not all(known.dns_token in each for each in answers):
            raise problems.DNS_RECORD_MISSING(f"no TXT record of {domain} holds the token")
        values = {"verified_at": known.verified_at or ctx.now, "rechecked_at": ctx.now}
        await connection.execute(sa.update(_table).where(*mine).values(values))
        if known.verified_at is not None:
            return known
        proved = known.model_copy(update={"verified_at": ctx.now})
        claims = [proved if each.domain == domain else each for each in organization.email_domains]
        fields = {
            "emailDomains": [each.model_dump(by_alias=True, exclude_none=True) for each in claims]
        }
        told = {"domain": domain, "verifiedAt": ctx.now}
        await self.organization.update(ctx, "verify-domain", organization.id, {**fields, **told})
        return proved

    async def _add(
        self, ctx: Context, organization: models.Organization, claim: models.DomainClaim
    ) -> None:
        claims = [*organization.email_domains, claim]
        fields = {
            "emailDomains": [each.model_dump(by_alias=True, exclude_none=True) for each in claims]
        }
        await self.organization.rewrite(ctx, organization, fields)

    async def _require_free(self, ctx: Context, domain: str) -> None:
        """Verified claims exclude each other world-wide, so all tenants' are asked."""
        statement = sa.select(_table.c.organization_id).where(
            _table.c.domain == domain,
            _table.c.verified_at.is_not(None),
            _table.c.organization_id != ctx.tenant,
        )
        if await (await ctx.unit.connection()).scalar(statement.limit(1)) is not None:
            raise problems.DOMAIN_CLAIMED(f"{domain} is another organisation's")


def _claim_of(organization: models.Organization, domain: str) -> models.DomainClaim | None:
    return next((each for each in organization.email_domains if each.domain == domain), None)
