"""Accounts from their opening to their end."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from auth_client import models as auth
from cloudsync_chassis import ids
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import (
    CONDITION_NOT_MET,
    NOT_FOUND,
    REFERENCE_UNKNOWN,
    UNAVAILABLE,
    FieldError,
)

from .base import Base, digest, normal
from .generated import models, port, problems, tables

GRACE = timedelta(days=14)
"""The shortest grace period before an account is erased."""

WORKING = (
    models.UserStatus.invited,
    models.UserStatus.active,
    models.UserStatus.suspended,
)
"""States in which somebody still belongs to the house."""


class Accounts(Base):
    """Handlers of single accounts."""

    async def create_user(self, ctx: Context, request: port.CreateUser) -> models.User:
        """Open the account of somebody who is to join, with a credential to choose."""
        fields = given(request.body)
        user_id = ids.uuid7()
        organization = await self.ask_organization(ctx)
        if request.body.kind == models.CreateUserRequestKind.employee:
            self.require_seat(organization)
        await self.require_free(ctx, request.body.primary_email, request.body.username)
        if request.body.manager_id is not None:
            await self._require_manager(ctx, request.body.manager_id)
        await self._prepare_credential(user_id)
        if organization is not None:
            fields.setdefault("timeZone", organization.time_zone)
            fields["homeRegion"] = models.Region(organization.data_residency)
        return await self.open_account(ctx, {**fields, "id": user_id})

    async def open_account(self, ctx: Context, fields: dict[str, Any]) -> models.User:
        """A new account that is invited, with its address; announced."""
        address = normal(fields["primaryEmail"])
        name = unicodedata.normalize("NFC", fields["displayName"])
        own = {"primaryEmail": address, "displayName": name, "status": models.UserStatus.invited}
        user = await self.user.insert(ctx, {**fields, **own})
        await self.keep_primary(ctx, user)
        record = to_record(user) | {"primaryEmailHash": digest(address)}
        await self.user.announce(ctx, "user-created", record)
        return user

    async def require_free(self, ctx: Context, address: str, username: str | None) -> None:
        """Refuse an address or a handle of somebody here; of other tenants nothing is told.

        Raises:
            Problem: `email-taken`, `username-taken`.
        """
        address = normal(address)
        if await self.user.find(ctx, primaryEmail=address) is not None:
            raise problems.EMAIL_TAKEN("the address belongs to an account here")
        if await self.email_alias.find(ctx, address=address) is not None:
            raise problems.EMAIL_TAKEN("the address belongs to an account here")
        if username is not None and await self.user.find(ctx, username=username) is not None:
            raise problems.USERNAME_TAKEN("somebody here has that handle")

    async def _require_manager(self, ctx: Context, manager_id: UUID) -> None:
        if await self.user.find(ctx, id=manager_id) is None:
            raise REFERENCE_UNKNOWN(errors=(FieldError("no such user", "/managerId"),))

    async def _prepare_credential(self, user_id: UUID) -> None:
        """Have auth-service prepare what the invitation offers; a repetition finds it there.

        Raises:
            Problem: `credentials-unavailable`.
        """
        body = auth.CreateCredentialsRequest(user_id=user_id, type=auth.CredentialType.password)
        try:
            await self.clients.auth.create_credentials(body, idempotency_key=str(user_id))
        except RefusedError as error:
            if error.slug != "credential-exists":
                raise problems.CREDENTIALS_UNAVAILABLE("no credential was prepared") from error
        except CallError as error:
            raise problems.CREDENTIALS_UNAVAILABLE("auth-service does not answer") from error

    async def create_service_account(
        self, ctx: Context, request: port.CreateServiceAccount
    ) -> models.User:
        """As the model says, with the address kept from others."""
        address = normal(request.body.primary_email)
        await self.require_free(ctx, address, request.body.username)
        fields = given(request.body) | {"primaryEmail": address}
        fields["primaryEmailHash"] = digest(address)
        made = await self.user.create(ctx, "create-service-account", fields)
        await self.keep_primary(ctx, made)
        return made

    async def update_user(self, ctx: Context, request: port.UpdateUser) -> models.User:
        """Merge a patch of names, language, zone, manager and recovery phone."""
        found = await self.account(ctx, request.user_id)
        await self.user.grants.require(ctx, to_record(found))
        body, fields = request.body, given(request.body)
        own = ctx.principal.subject == str(found.id)
        if body.recovery_phone is not None and not own:
            raise problems.NOT_ONES_OWN_PHONE("only its owner sets a recovery phone")
        if body.username is not None and body.username != found.username:
            await self._require_handle(ctx, body.username)
        if body.display_name is not None:
            fields["displayName"] = unicodedata.normalize("NFC", body.display_name)
        if body.manager_id is not None and body.manager_id != found.manager_id:
            await self.require_chain(ctx, found.id, body.manager_id)
        return await self.user.update(ctx, "update-user", found.id, fields)

    async def _require_handle(self, ctx: Context, username: str) -> None:
        if await self.user.find(ctx, username=username) is not None:
            raise problems.USERNAME_TAKEN("somebody here has that handle")

    async def require_chain(self, ctx: Context, user_id: UUID, manager_id: UUID) -> None:
        """Refuse a manager by whom the chain upwards would close or grow too long.

        Raises:
            Problem: `manager-cycle`, `reference-unknown`.
        """
        await self._require_manager(ctx, manager_id)
        above: UUID | None = manager_id
        for _ in range(self.settings.reporting_depth):
            if above == user_id:
                raise problems.MANAGER_CYCLE("the chain of managers would close")
            manager = await self.user.find(ctx, id=above) if above is not None else None
            if manager is None:
                return
            above = manager.manager_id
        if above is not None:
            raise problems.MANAGER_CYCLE("the chain of managers would grow too long")

    async def activate_user(self, ctx: Context, request: port.ActivateUser) -> models.User:
        """As the model says; the primary address is verified with it."""
        changed = await super().activate_user(ctx, request)
        primary = models.AddressPurpose.primary
        row = await self.email_alias.find(ctx, userId=changed.id, purpose=primary)
        if row is not None and row.verified_at is None:
            await self.email_alias.rewrite(ctx, row, {"verifiedAt": ctx.now})
        return changed

    async def suspend_user(self, ctx: Context, request: port.SuspendUser) -> models.User:
        """Bar an account; services of CloudSync do it as its responders may."""
        told = await self.ask_role(ctx, request.user_id)
        found = await self.account(ctx, request.user_id)
        if found.status == models.UserStatus.active:
            self.require_not_last_owner(told)
        fields = {
            "reason": request.body.reason,
            "suspensionReason": request.body.reason,
            "effectiveAt": ctx.now,
        }
        by = _as_responder(ctx) if ctx.principal.kind == "workload" else ctx
        return await self.user.transition(by, "suspend-user", found.id, fields)

    async def deactivate_user(self, ctx: Context, request: port.DeactivateUser) -> models.User:
        """End somebody's time here without erasing it."""
        told = await self.ask_role(ctx, request.user_id)
        found = await self.account(ctx, request.user_id)
        if found.status in WORKING:
            self.require_not_last_owner(told)
            await self.require_no_reports(ctx, found.id)
        fields = {"suspensionReason": None}
        return await self.user.transition(ctx, "deactivate-user", found.id, fields)

    async def require_no_reports(self, ctx: Context, user_id: UUID) -> None:
        """Refuse to let somebody go to whom people report.

        Raises:
            Problem: `reports-left`.
        """
        reports = await self.user.count(ctx, managerId=user_id, status=WORKING)
        if reports:
            raise problems.REPORTS_LEFT(f"{reports} people report to this person")

    async def reactivate_user(self, ctx: Context, request: port.ReactivateUser) -> models.User:
        """Take a leaver back under the same id."""
        organization = await self.ask_organization(ctx)
        found = await self.account(ctx, request.user_id)
        waiting = found.status == models.UserStatus.deactivated
        if waiting and found.kind == models.AccountKind.employee:
            self.require_seat(organization)
        return await self.user.transition(ctx, "reactivate-user", found.id)

    async def request_deletion(self, ctx: Context, request: port.RequestDeletion) -> models.User:
        """Start the grace period."""
        told = await self.ask_role(ctx, request.user_id)
        found = await self.account(ctx, request.user_id)
        await self.user.grants.require(ctx, to_record(found))
        self.require_no_hold(ctx, found)
        if found.status in WORKING:
            self.require_not_last_owner(told)
        fields = {"deletionScheduledAt": ctx.now + GRACE, "suspensionReason": None}
        if found.status == models.UserStatus.deletion_pending:
            return found
        return await self.user.transition(ctx, "request-deletion", found.id, fields)

    def require_no_hold(self, ctx: Context, user: models.User) -> None:
        """Refuse to erase what a court or an auditor needs.

        Raises:
            Problem: `legal-hold`.
        """
        if user.legal_hold_until is not None and user.legal_hold_until > ctx.now:
            raise problems.LEGAL_HOLD("nothing of this account may be erased now")

    async def merge_users(self, ctx: Context, request: port.MergeUsers) -> models.User:
        """Join a duplicate into the account that stays, and leave a pointer."""
        survivor_id, absorbed_id = request.user_id, request.body.duplicate_user_id
        if survivor_id == absorbed_id:
            raise problems.CANNOT_MERGE_WITH_ITSELF("both ids name the same account")
        told = [await self.ask_role(ctx, each) for each in (survivor_id, absorbed_id)]
        survivor = await self.account(ctx, survivor_id)
        absorbed = await self._duplicate(ctx, absorbed_id)
        self._require_rank(ctx, *told)
        if survivor.merged_into_user_id is not None or survivor.status not in WORKING:
            raise CONDITION_NOT_MET("the account that stays must be at work")
        if absorbed.merged_into_user_id is not None:
            raise CONDITION_NOT_MET("the duplicate was merged before")
        fields = {"mergedIntoUserId": survivor.id, "suspensionReason": None, "managerId": None}
        pointer = await self._point(ctx, absorbed, fields)
        await self._hand_on(ctx, absorbed, survivor)
        ids_ = {"userId": survivor.id, "survivorId": survivor.id, "absorbedId": pointer.id}
        record = {"id": survivor.id, **ids_}
        await self.user.announce(ctx, "user-merged", record)
        return await self.account(ctx, survivor.id)

    async def _point(
        self, ctx: Context, absorbed: models.User, fields: dict[str, Any]
    ) -> models.User:
        """The duplicate at rest; a pending deletion of it is not called off."""
        movable = (*WORKING, models.UserStatus.deactivated)
        if absorbed.status not in movable:
            raise problems.ILLEGAL_TRANSITION(f"the duplicate is {absorbed.status}")
        rest = {"status": models.UserStatus.deactivated}
        return await self.user.rewrite(ctx, absorbed, {**fields, **rest})

    async def _duplicate(self, ctx: Context, user_id: UUID) -> models.User:
        found = await self.user.find(ctx, id=user_id)
        if found is not None:
            return found
        table = tables.users
        elsewhere = sa.select(table.c.id).where(table.c.id == user_id).limit(1)
        if await (await ctx.unit.connection()).scalar(elsewhere) is not None:
            raise problems.DIFFERENT_ORGANIZATION("the two accounts have different homes")
        raise NOT_FOUND("no such duplicate")

    def _require_rank(self, ctx: Context, *told: object) -> None:
        for each in told:
            if isinstance(each, CallError):
                raise UNAVAILABLE("org-service does not say who is an owner") from each
            role = getattr(each, "role", None)
            if role == models.MemberRole.org_owner and "org-owner" not in ctx.principal.roles:
                raise problems.ROLE_ABOVE_OWN("one of the two is an owner")

    async def _hand_on(self, ctx: Context, absorbed: models.User, survivor: models.User) -> None:
        """Reports and verified addresses of the duplicate are the survivor's."""
        async for each in self.user.each(ctx, managerId=absorbed.id):
            above = survivor.id if each.id != survivor.id else absorbed.manager_id
            if above == each.id:
                above = None
            await self.user.rewrite(ctx, each, {"managerId": above})
        room = 10 - await self.email_alias.count(ctx, userId=survivor.id)
        async for row in self.email_alias.each(ctx, userId=absorbed.id):
            if room > 0 and row.verified_at is not None:
                purpose = models.AddressPurpose.secondary
                fields = {"userId": survivor.id, "purpose": purpose}
                await self.email_alias.rewrite(ctx, row, fields)
                room -= 1

    async def record_activity(self, ctx: Context, request: port.RecordActivity) -> None:
        """Move the last sign of life forward, once an hour at most."""
        found = await self.user.find(ctx, id=request.body.user_id)
        if found is None or found.status == models.UserStatus.deleted:
            return
        at = min(ctx.cause.time, ctx.now) if ctx.cause is not None else ctx.now
        step = timedelta(seconds=self.settings.activity_interval)
        if found.last_active_at is None or at >= found.last_active_at + step:
            await self.user.rewrite(ctx, found, {"lastActiveAt": at})

    async def on_login_succeeded(
        self, ctx: Context, event: Received[models.LoginSucceeded]
    ) -> None:
        """Note the sign of life."""
        await self.record_activity(ctx, port.RecordActivity(body=event.data))


def _as_responder(ctx: Context) -> Context:
    """The same operation with the role of CloudSync's responders.

    The model lets audit-service ask for a suspension, and its life cycle knows no workload there.
    """
    roles = ctx.principal.roles | {"security-engineer"}
    return replace(ctx, principal=replace(ctx.principal, roles=roles))
