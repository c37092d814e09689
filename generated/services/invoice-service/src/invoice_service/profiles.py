"""To whom invoices are made out, and what tax follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cloudsync_chassis import traced
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from .documents import Documents, LocalDocuments
from .generated import models, port, problems
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .tariff import StandardTariff, Tariff
from .taxes import (
    EMBARGOED,
    StandardRates,
    StructureRegister,
    Tax,
    TaxProvider,
    TaxRegister,
    TaxUnavailableError,
    seller_of,
)

_STANDINGS = models.TaxStanding
_DAY = 86_400.0


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


class Profiles(Defaults):
    """Billing profiles; and the ports of the service."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        settings = runtime.settings
        if not isinstance(settings, ServiceSettings):
            raise TypeError("settings of another service")
        self.settings = settings
        self.taxes: TaxProvider = StandardRates()
        self.register: TaxRegister = StructureRegister()
        self.tariff: Tariff = StandardTariff()
        self.documents: Documents = traced.calls(LocalDocuments(settings), "object-storage")
        old = Due(
            aggregate="billing-profile",
            where={"taxStanding": _STANDINGS.business_confirmed.value},
            since="taxIdConfirmedAt",
            after=settings.tax_id_recheck,
        )
        runtime.work.every(_DAY, "recheck-tax-ids", self.recheck_tax_ids, old)

    async def create_billing_profile(
        self, ctx: Context, request: port.CreateBillingProfile
    ) -> models.BillingProfile:
        """The first profile of an organisation.

        Raises:
            Problem: `billing-profile-exists`, `country-embargoed`.
        """
        if await self.billing_profile.find(ctx, organizationId=ctx.tenant) is not None:
            raise problems.BILLING_PROFILE_EXISTS("change it instead")
        fields = await self._made_out_to(ctx, request.body.party)
        fields["paymentTermDays"] = self.settings.payment_term_days
        if request.body.invoice_language is not None:
            fields["invoiceLanguage"] = request.body.invoice_language
        return await self.billing_profile.create(ctx, "create-billing-profile", fields)

    async def update_billing_profile(
        self, ctx: Context, request: port.UpdateBillingProfile
    ) -> models.BillingProfile:
        """Another party or language for invoices to come.

        Raises:
            Problem: `not-found`, `country-embargoed`, `version-conflict`.
        """
        present = await self.billing_profile.get(ctx, request.organization_id)
        fields: dict[str, Any] = {}
        if request.body.party is not None and request.body.party != present.party:
            fields = await self._made_out_to(ctx, request.body.party)
            gone = {"line2": None, "region": None}
            address = {**gone, **fields["party"]["address"]}
            fields["party"] = {"taxId": None, **fields["party"], "address": address}
        if request.body.invoice_language is not None:
            fields["invoiceLanguage"] = request.body.invoice_language
        return await self.billing_profile.update(
            ctx, "update-billing-profile", request.organization_id, fields
        )

    async def recheck_tax_ids(self, ctx: Context) -> None:
        """Ask the register again about identifiers of the tenant that it confirmed long ago."""
        before = ctx.now - timedelta(seconds=self.settings.tax_id_recheck)
        async for each in self.billing_profile.each(
            ctx, {"taxIdConfirmedAt": before}, taxStanding=_STANDINGS.business_confirmed
        ):
            standing = await self._standing(each.party)
            fields: dict[str, Any] = {"taxStanding": standing, "taxIdConfirmedAt": ctx.now}
            if standing is not _STANDINGS.business_confirmed:
                fields["taxIdConfirmedAt"] = None
            await self.billing_profile.update(ctx, "update-billing-profile", ctx.tenant, fields)

    async def _made_out_to(self, ctx: Context, party: models.BillingParty) -> dict[str, Any]:
        country = party.address.country
        if country in EMBARGOED:
            raise problems.COUNTRY_EMBARGOED("nothing may be sold there")
        standing = await self._standing(party)
        confirmed = standing is _STANDINGS.business_confirmed
        return {
            "party": party.model_dump(by_alias=True, exclude_none=True),
            "legalEntity": seller_of(country),
            "taxStanding": standing,
            "taxIdConfirmedAt": ctx.now if confirmed else None,
        }

    async def _standing(self, party: models.BillingParty) -> models.TaxStanding:
        """A business whose identifier nobody confirms at present pays the tax until one does."""
        if party.tax_id is None:
            return _STANDINGS.business
        try:
            known = await self.register.confirms(party.tax_id, party.address.country)
        except TaxUnavailableError:
            known = False
        return _STANDINGS.business_confirmed if known else _STANDINGS.business

    async def profile_of(self, ctx: Context) -> models.BillingProfile:
        """The tenant's profile.

        Raises:
            Problem: `billing-profile-missing`.
        """
        found = await self.billing_profile.find(ctx, organizationId=ctx.tenant)
        if found is None:
            raise problems.BILLING_PROFILE_MISSING("nobody has said whom to bill")
        return found

    async def tax_on(
        self, party: models.BillingParty, seller: models.LegalEntity, exempt: bool = False
    ) -> Tax:
        """The tax that a party pays at this moment.

        Raises:
            Problem: `tax-unavailable`.
        """
        try:
            standing = _STANDINGS.exempt
            if not exempt:
                standing = await self._standing(party)
            return await self.taxes.tax(party, standing, seller)
        except TaxUnavailableError as error:
            raise problems.TAX_UNAVAILABLE(str(error)) from error
