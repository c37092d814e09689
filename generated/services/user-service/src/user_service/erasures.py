"""Erasures: claims, tombstones, answers of the stores, and the end of whole organisations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import not_valid
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, PageRequest
from pydantic_core import to_jsonable_python

from .accounts import WORKING, Accounts
from .base import digest
from .generated import models, port
from .memory import Purge

_DUE = timedelta(days=28)
"""The internal deadline; the law gives 30 days."""

_HOUR = 3600.0
_OPEN = models.ErasureState.open
_STATUS = models.UserStatus
_LIVING = (*WORKING, _STATUS.deactivated, _STATUS.deletion_pending)


class Erasures(Accounts):
    """Handlers of erasure."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        unfinished = Due(aggregate=self.purges.spec.name, where={"told": False})
        runtime.work.every(_HOUR, "go-on-with-purges", self._go_on, unfinished)

    async def request_erasure(
        self, ctx: Context, request: port.RequestErasure
    ) -> models.ErasureRequest:
        """Record a claim to be forgotten; one that is open already stands for it."""
        told = await self.ask_role(ctx, request.user_id)
        user = await self.account(ctx, request.user_id)
        await self.user.grants.require(ctx, to_record(user))
        self.require_no_hold(ctx, user)
        if user.status in WORKING:
            self.require_not_last_owner(told)
        known = await self._open_request(ctx, user.id)
        if known is not None:
            return known
        requester = UUID(ctx.principal.subject) if ctx.principal.kind == "user" else user.id
        fields = {
            "legalBasis": request.body.legal_basis,
            "requestedBy": requester,
            "dueBy": ctx.now + _DUE,
        }
        return await self.erasure_request.create(ctx, "request-erasure", fields, userId=user.id)

    async def _open_request(self, ctx: Context, user_id: UUID) -> models.ErasureRequest | None:
        return await self.erasure_request.find(ctx, userId=user_id, evidenceUrl=None)

    async def erase_user(self, ctx: Context, request: port.EraseUser) -> None:
        """Erase an account whose grace period is over; under a hold it waits for its end."""
        user = await self.account(ctx, request.user_id)
        due = user.deletion_scheduled_at is not None and user.deletion_scheduled_at <= ctx.now
        if user.status == _STATUS.deletion_pending and due and not _is_held(ctx, user):
            await self._erase(ctx, user, models.LegalBasis.user_choice)

    async def _erase(self, ctx: Context, user: models.User, basis: models.LegalBasis) -> None:
        """Leave a tombstone with the digest of the address, and tell every other store."""
        request = await self._open_request(ctx, user.id)
        if request is None:
            fields: dict[str, Any] = {"userId": user.id, "requestedBy": user.id}
            fields |= {"legalBasis": basis, "dueBy": ctx.now + _DUE}
            request = await self.erasure_request.insert(ctx, fields)
        rows = [each async for each in self.email_alias.each(ctx, userId=user.id)]
        for row in rows:
            await self.email_alias.remove(ctx, row)
        async for change in self.email_changes.each(ctx, userId=user.id):
            await self.email_changes.remove(ctx, change)
        async for export in self.exports.each(ctx, userId=user.id):
            await self.exports.remove(ctx, export)
        fields = {**_tombstone(user), "status": _STATUS.deleted}
        erased = await self.user.rewrite(ctx, user, fields)
        record = to_record(erased)
        record |= {"erasureRequestId": request.id, "successorUserId": user.merged_into_user_id}
        await self.user.announce(ctx, "user-deleted", record)
        keys, user_id = self.world.history_keys, user.id
        ctx.unit.after_commit(lambda: keys.destroy(user_id))
        store = models.PersonalDataStore.users
        await self.record_answer(ctx, request.id, store, 1 + len(rows))

    async def record_erasure(self, ctx: Context, request: port.RecordErasure) -> None:
        """Note the store's answer that the event at hand brings."""
        del request
        data = ctx.cause.data if ctx.cause is not None else {}
        if "erasureRequestId" not in data:
            raise not_valid("no event says which erasure is meant", parameter="erasureRequestId")
        store = models.PersonalDataStore(str(data["store"]))
        request_id = UUID(str(data["erasureRequestId"]))
        await self.record_answer(ctx, request_id, store, int(data["erasedItems"]))
        await self._go_on(ctx)

    async def record_answer(
        self, ctx: Context, request_id: UUID, store: models.PersonalDataStore, items: int
    ) -> None:
        """Tick a store off, once; the last one has the evidence signed and filed.

        A store that answers twice has its items added up, for the second time only found more.
        """
        found = await self.erasure_request.find(ctx, id=request_id)
        if found is None:
            return
        lines = []
        for line in found.stores:
            told = to_record(line)
            if line.store == store:
                told["state"] = models.ErasureState.done
                told["answeredAt"] = line.answered_at or ctx.now
                told["erasedItems"] = (line.erased_items or 0) + items
            lines.append(told)
        changed = await self.erasure_request.rewrite(ctx, found, {"stores": lines})
        if changed.evidence_url is None and all(each.state != _OPEN for each in changed.stores):
            report = to_jsonable_python(to_record(changed))
            url = self.world.evidence.file(changed.id, report)
            await self.erasure_request.rewrite(ctx, changed, {"evidenceUrl": url})

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """Erase its people."""
        request = port.EraseUsersOfOrganization(body=event.data)
        await self.erase_users_of_organization(ctx, request)

    async def erase_users_of_organization(
        self, ctx: Context, request: port.EraseUsersOfOrganization
    ) -> None:
        """Erase all accounts of a purged tenant, a batch now and one with each answer of a store.

        Accounts under a legal hold wait for its end; the clock comes back to them.
        """
        inside = ctx.within(request.body.organization_id)
        if await self.purges.find(inside) is None:
            await self.purges.insert(inside, {"erased": 0})
        await self._go_on(inside)

    async def _go_on(self, ctx: Context) -> None:
        """Erase the next batch of a purge; at its end tell that nobody is left."""
        purge = await self.purges.find(ctx)
        if purge is None or purge.told:
            return
        page = PageRequest(limit=self.settings.erasure_batch, sort="createdAt")
        left = await self.user.repository.select(ctx, ListQuery(page, {"status": _LIVING}))
        free = [each for each in left.items if not _is_held(ctx, each)]
        for user in free:
            await self._erase(ctx, user, models.LegalBasis.contract_end)
        purge = await self.purges.rewrite(ctx, purge, {"erased": purge.erased + len(free)})
        over = len(free) == len(left.items) and left.following is None
        if over and await self.erasure_request.count(ctx, evidenceUrl=None) == 0:
            await self._tell_end(ctx, purge)

    async def _tell_end(self, ctx: Context, purge: Purge) -> None:
        told = {"organizationId": ctx.tenant, "erasedUsers": purge.erased}
        await self.user.announce(ctx, "organization-users-erased", told)
        await self.purges.rewrite(ctx, purge, {"told": True})

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        """Bar its people."""
        request = port.SuspendUsersOfOrganization(body=event.data)
        await self.suspend_users_of_organization(ctx, request)

    async def suspend_users_of_organization(
        self, ctx: Context, request: port.SuspendUsersOfOrganization
    ) -> None:
        """Bar the accounts of a deleted tenant; those barred before keep their reason."""
        inside = ctx.within(request.body.organization_id)
        if not await self.is_news(inside, request.body.organization_id):
            return
        reason = models.SuspensionReason.organization_deleted
        fields = {"suspensionReason": reason, "reason": reason, "effectiveAt": ctx.now}
        async for each in self.user.each(inside, status=_STATUS.active):
            await self.user.transition(inside, "suspend-users-of-organization", each.id, fields)

    async def on_organization_restored(
        self, ctx: Context, event: Received[models.OrganizationRestored]
    ) -> None:
        """Lift what the deletion had barred."""
        request = port.ReinstateUsersOfOrganization(body=event.data)
        await self.reinstate_users_of_organization(ctx, request)

    async def reinstate_users_of_organization(
        self, ctx: Context, request: port.ReinstateUsersOfOrganization
    ) -> None:
        """Lift exactly the bars that the deletion of the tenant had set."""
        inside = ctx.within(request.body.organization_id)
        if not await self.is_news(inside, request.body.organization_id):
            return
        reason = models.SuspensionReason.organization_deleted
        barred = self.user.each(inside, status=_STATUS.suspended, suspensionReason=reason)
        async for each in barred:
            await self.user.transition(
                inside, "reinstate-users-of-organization", each.id, {"suspensionReason": None}
            )


def _is_held(ctx: Context, user: models.User) -> bool:
    return user.legal_hold_until is not None and user.legal_hold_until > ctx.now


def _tombstone(user: models.User) -> dict[str, Any]:
    """What overwrites the personal fields."""
    key = user.id.hex
    scim = user.provisioning_source == models.ProvisioningSource.scim
    return {
        "primaryEmail": f"{digest(user.primary_email)}@erased.invalid",
        "displayName": "Erased account",
        "username": f"e-{key[-28:]}",
        "externalId": f"erased-{key}" if scim else None,
        "locale": "en-US",
        "timeZone": "Etc/UTC",
        "emailVerifiedAt": None,
        "managerId": None,
        "recoveryPhone": None,
        "suspensionReason": None,
        "lastActiveAt": None,
        "deletionScheduledAt": None,
        "legalHoldUntil": None,
    }
