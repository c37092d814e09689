"""The organisation itself: foundation, activation, hand-over, off-boarding."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import (
    ALREADY_EXISTS,
    CONDITION_NOT_MET,
    FORBIDDEN,
    REFERENCE_UNKNOWN,
    FieldError,
    Problem,
    breaks_rule,
)
from cloudsync_chassis.runtime import Runtime

from .base import DAY, Base
from .generated import models, port, problems, tables
from .memory import HandOver

log = logger("tenants")

_LEVELS = 3
"""Levels of a holding."""

_NOBODY = "purged@invalid.example"


class Tenants(Base):
    """Handlers of the organisation's life."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        founded = Due(
            aggregate="organization", where={"status": models.OrgStatus.provisioning.value}
        )
        runtime.work.every(30.0, "open-prepared-tenants", self._open_prepared, founded)

    async def create_organization(
        self, ctx: Context, request: port.CreateOrganization
    ) -> models.Organization:
        """Found a tenant with the caller as owner."""
        body = request.body
        countries = self.world.countries
        if countries.embargoed(body.country_code):
            raise problems.COUNTRY_EMBARGOED(f"companies of {body.country_code} cannot be served")
        if countries.in_union(body.country_code) and body.data_residency != models.Region.eu_west1:
            raise breaks_rule("must be euWest1 for the European Union", pointer="/dataResidency")
        parent: dict[str, Any] = {}
        if body.parent_organization_id is not None:
            await self._require_parent(ctx, body.parent_organization_id)
            parent = {"parentOrganizationId": body.parent_organization_id}
        fields = body.model_dump(by_alias=True, exclude_unset=True)
        fields.pop("parentOrganizationId", None)  # of another tenant, so no reference of this one
        fields |= {"ownerUserId": UUID(ctx.principal.subject), "seatsTaken": 1}
        command = "create-organization"
        try:
            return await self.organization.create(ctx, command, fields, **parent)
        except Problem as problem:
            if problem.kind is not ALREADY_EXISTS:
                raise
            raise problems.SLUG_TAKEN(f"{body.slug} is another organisation's") from problem

    async def _require_parent(self, ctx: Context, parent_id: UUID) -> None:
        """The owner of a holding consents by founding below it; three levels are the most."""
        inside = ctx.within(parent_id)
        parent = await self.organization.find(inside, id=parent_id)
        closed = (models.OrgStatus.deleted, models.OrgStatus.purged)
        if parent is None or parent.status in closed:
            error = FieldError("no such organisation", "/parentOrganizationId")
            raise REFERENCE_UNKNOWN(errors=(error,))
        caller = await self.member(inside, UUID(ctx.principal.subject))
        if caller is None or caller.role != models.MemberRole.org_owner:
            raise FORBIDDEN("only an owner of the holding may found below it")
        levels = 1
        while parent is not None and parent.parent_organization_id is not None:
            levels += 1
            above = parent.parent_organization_id
            parent = await self.organization.find(ctx.within(above), id=above)
        if levels >= _LEVELS:
            raise problems.HOLDING_TOO_DEEP(f"the parent is on level {levels}")

    async def seat_founder(self, ctx: Context, request: port.SeatFounder) -> None:
        """Make the founder the owner, unless they have been a member ever."""
        founder = request.body.owner_user_id
        if await self.membership.find(ctx, userId=founder) is None:
            await super().seat_founder(ctx, request)

    async def on_organization_created(
        self, ctx: Context, event: Received[models.OrganizationCreated]
    ) -> None:
        """Seat the founder, have the region prepared, and open where it is at once."""
        await self.seat_founder(ctx, port.SeatFounder(body=event.data))
        found = await self.organization.find(ctx, id=event.data.organization_id)
        if found is None or found.status != models.OrgStatus.provisioning:
            return
        await self.world.regions.prepare(found.id, found.data_residency)
        await self._open_prepared(ctx)

    async def _open_prepared(self, ctx: Context) -> None:
        """Open the tenant if its region is prepared; else the clock asks again."""
        found = await self.organization.find(ctx, id=ctx.tenant)
        waits = found is not None and found.status == models.OrgStatus.provisioning
        if waits and await self.world.regions.prepared(ctx.tenant) and await self.owners(ctx):
            request = port.ActivateOrganization(organization_id=ctx.tenant)
            await self.activate_organization(ctx, request)

    async def activate_organization(
        self, ctx: Context, request: port.ActivateOrganization
    ) -> models.Organization:
        """Open the tenant once its region is prepared and an owner has joined."""
        found = await self.locked(ctx, request.organization_id)
        if found.status == models.OrgStatus.provisioning:
            if not await self.world.regions.prepared(found.id):
                raise problems.REGION_NOT_PREPARED("the region has no key or partitions yet")
            if not await self.owners(ctx):
                raise CONDITION_NOT_MET("nobody holds the owner's role yet")
        return await self.organization.transition(ctx, "activate-organization", found.id)

    async def transfer_ownership(
        self, ctx: Context, request: port.TransferOwnership
    ) -> models.OwnershipTransfer:
        """Propose a hand-over, or confirm the one that waits; both owners make it happen."""
        organization = await self.locked(ctx, request.organization_id)
        heir = await self.member(ctx, request.body.new_owner_user_id)
        if heir is None or heir.role == models.MemberRole.guest:
            raise problems.NOT_A_MEMBER_409("the new owner is no member")
        caller = UUID(ctx.principal.subject)
        waiting = await self.hand_overs.find(ctx)
        if waiting is not None and waiting.expires_at <= ctx.now:
            await self.hand_overs.remove(ctx, waiting)
            waiting = None
        if waiting is None:
            if caller != organization.owner_user_id:
                raise FORBIDDEN("only who answers for the contract may propose a hand-over")
            window = timedelta(seconds=self.settings.ownership_transfer_window)
            fields = {
                "newOwnerUserId": heir.user_id,
                "requestedBy": caller,
                "expiresAt": ctx.now + window,
                "confirmedBy": [caller],
            }
            waiting = await self.hand_overs.insert(ctx, fields)
        elif waiting.new_owner_user_id != heir.user_id:
            raise problems.TRANSFER_PENDING("another hand-over waits for confirmation")
        elif caller not in waiting.confirmed_by:
            if caller != heir.user_id:
                raise FORBIDDEN("only the new owner can confirm")
            fields = {"confirmedBy": [*waiting.confirmed_by, caller]}
            waiting = await self.hand_overs.rewrite(ctx, waiting, fields)
        if len({*waiting.confirmed_by}) == 2 or heir.user_id == waiting.requested_by:
            await self._hand_over(ctx, organization, heir, waiting)
        return models.OwnershipTransfer(
            new_owner_user_id=waiting.new_owner_user_id,
            requested_by=waiting.requested_by,
            expires_at=waiting.expires_at,
            confirmed_by=waiting.confirmed_by,
        )

    async def _hand_over(
        self,
        ctx: Context,
        organization: models.Organization,
        heir: models.Membership,
        agreed: HandOver,
    ) -> None:
        owner = models.MemberRole.org_owner
        if heir.role != owner:
            changed = await self.membership.rewrite(ctx, heir, {"role": owner})
            record = to_record(changed) | {"previousRole": heir.role}
            await self.organization.announce(ctx, "member-role-changed", record)
        if organization.owner_user_id != heir.user_id:
            heirs = {"ownerUserId": heir.user_id}
            after = await self.organization.rewrite(ctx, organization, heirs)
            await self.organization.announce(ctx, "organization-updated", after, organization)
        await self.owners_changed(ctx)
        await self.hand_overs.remove(ctx, agreed)

    async def delete_organization(
        self, ctx: Context, request: port.DeleteOrganization
    ) -> models.Organization:
        """Begin the off-boarding.

        Above the threshold of seats each of two owners asks for it and names the other; the
        request that comes second within a day is carried out.
        """
        found = await self.locked(ctx, request.organization_id)
        if request.body.typed_slug != found.slug:
            raise problems.SLUG_MISMATCH("the slug typed is another one")
        if await self.world.legal_holds.has(found.id):
            raise problems.LEGAL_HOLD("content must be kept for a court or an auditor")
        living = found.status in (models.OrgStatus.active, models.OrgStatus.restricted)
        if living and found.seats_taken > self.settings.consent_seat_threshold:
            await self._require_consent(ctx, request.body.consenting_owner_id)
        fields = {
            "deletionRequestedBy": UUID(ctx.principal.subject),
            "purgeAfter": ctx.now + timedelta(seconds=self.settings.purge_grace),
            "restrictedReason": None,
        }
        return await self.organization.transition(ctx, "delete-organization", found.id, fields)

    async def _require_consent(self, ctx: Context, other: UUID | None) -> None:
        caller = UUID(ctx.principal.subject)
        mine = await self.consents.find(ctx, userId=caller)
        if mine is None:
            await self.consents.insert(ctx, {"userId": caller, "at": ctx.now})
        else:
            await self.consents.rewrite(ctx, mine, {"at": ctx.now})
        agreed = None
        if other is not None and other != caller:
            owners = {each.user_id for each in await self.owners(ctx)}
            agreed = await self.consents.find(ctx, userId=other) if other in owners else None
        if agreed is None or agreed.at < ctx.now - DAY:
            await ctx.unit.commit()  # the refusal must not undo that this owner has agreed
            raise problems.CONSENT_MISSING("the other owner has to ask for it too, within a day")

    async def purge_organization(self, ctx: Context, request: port.PurgeOrganization) -> None:
        """Purge a tenant whose time is over; what is still being exported waits, and all of them
        wait while the flag holds them.
        """
        organization_id = request.organization_id
        if await self.flags.org_purge_pause(ctx):
            log.warning("purge_held", organization_id=str(organization_id))
        elif await self.world.open_exports.has(organization_id):
            log.warning("purge_waits_for_export", organization_id=str(organization_id))
        elif await self.world.legal_holds.has(organization_id):
            log.warning("purge_waits_for_hold", organization_id=str(organization_id))
        else:
            await self._purge(ctx, organization_id)

    async def _empty(self, ctx: Context, kept: Aggregate[Any]) -> None:
        async for each in kept.each(ctx):
            await kept.remove(ctx, each)

    async def _purge(self, ctx: Context, organization_id: UUID) -> None:
        """Only id, name, slug and dates remain."""
        connection = await ctx.unit.connection()
        for table in (
            tables.team_members,
            tables.teams,
            tables.invitations,
            tables.memberships,
            tables.org_units,
            tables.domain_claims,
        ):
            gone = sa.delete(table).where(table.c.organization_id == organization_id)
            await connection.execute(gone)
        for kept in (self.known_addresses, self.consents, self.hand_overs, self.offers):
            await self._empty(ctx, kept)
        fields: dict[str, Any] = {
            "purgeAfter": None,
            "deletionRequestedBy": None,
            "billingEmail": _NOBODY,
            "emailDomains": [],
            "guestPolicy": models.GuestPolicy.by_invitation,
            "seatsTaken": 0,
            "followedSubscriptionId": None,
            "overdueInvoiceIds": [],
        }
        await self.organization.transition(ctx, "purge-organization", organization_id, fields)
