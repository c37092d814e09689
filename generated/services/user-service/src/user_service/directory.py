"""Synchronisation with customers' directories (SCIM, RFC 7644, in the terms of this service)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import CONDITION_NOT_MET, FieldError
from cloudsync_chassis.runtime import Runtime
from org_client import models as org

from .accounts import WORKING, Accounts
from .base import normal
from .generated import models, port, problems, tables

log = logger("directory")

_WORK = Operation(id="directory-operation", access="workload", writes=True, timeout=30.0)
_GO_ON = Operation(id="work-off-directories", access="workload", writes=True, timeout=300.0)

_AT_ONCE = 50
"""Operations of a run before another run has its turn; so many are kept together."""

_DAY = 86_400.0
_KEPT = timedelta(days=395)
"""How long administrators may look back at runs."""

_KINDS = models.DirectoryOperationKind


class Directory(Accounts):
    """Handlers of directory runs."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        running = Due(aggregate="directory-sync", where={"finishedAt": None})
        old = Due(aggregate="directory-sync", since="startedAt", after=_KEPT.total_seconds())
        go_on = Job(operation=_GO_ON, every=30.0, per="entity", due=running, call=self._work_off)
        runtime.work.add((go_on,))
        runtime.work.every(_DAY, "drop-old-directory-runs", self._drop_old, old)

    async def on_domain_verified(
        self, ctx: Context, event: Received[models.DomainVerified]
    ) -> None:
        """Enter the domain."""
        await self.note_verified_domain(ctx, port.NoteVerifiedDomain(body=event.data))

    async def note_verified_domain(self, ctx: Context, request: port.NoteVerifiedDomain) -> None:
        """Enter a domain; the one who proved it last has it."""
        body, table = request.body, tables.verified_domains
        connection = await ctx.unit.connection()
        domain = body.domain.lower()
        known = await connection.scalar(
            sa.select(table.c.verified_at).where(table.c.domain == domain)
        )
        row = {"organization_id": body.organization_id, "verified_at": body.verified_at}
        if known is None:
            await connection.execute(sa.insert(table).values(domain=domain, **row))
        elif known < body.verified_at:
            change = sa.update(table).where(table.c.domain == domain).values(row)
            await connection.execute(change)

    async def run_directory_sync(
        self, ctx: Context, request: port.RunDirectorySync
    ) -> models.DirectorySync:
        """Accept a batch, which is worked off behind the answer."""
        body = request.body
        await self._require_mapping(ctx, body.operations)
        if await self.directory_sync.count(ctx, source=body.source, finishedAt=None):
            raise problems.SYNC_RUNNING("the last batch is still being worked off")
        fields = {
            "source": body.source,
            "cursor": body.cursor or "",
            "dryRun": bool(body.dry_run),
            "startedAt": ctx.now,
        }
        made = await self.directory_sync.insert(ctx, fields)
        for place in range(0, len(body.operations), _AT_ONCE):
            part = [to_record(each) for each in body.operations[place : place + _AT_ONCE]]
            fields = {"syncId": made.id, "place": place, "operations": part}
            await self.batches.insert(ctx, fields)
        self.runtime.work.wake(ctx, _GO_ON.id)
        return made

    async def _require_mapping(
        self, ctx: Context, operations: Sequence[models.DirectoryOperation]
    ) -> None:
        """Refuse a batch that lacks something or reaches for other people's domains.

        Raises:
            Problem: `mapping-invalid`.
        """
        table = tables.verified_domains
        statement = sa.select(table.c.domain).where(table.c.organization_id == ctx.tenant)
        rows = (await (await ctx.unit.connection()).execute(statement)).scalars()
        domains = {str(each).lower() for each in rows}
        errors = []
        for place, each in enumerate(operations):
            for name in _needed(each):
                errors.append(FieldError("is needed", f"/operations/{place}/{name}"))
            email = each.primary_email
            if email is not None and normal(email).rpartition("@")[2] not in domains:
                where = f"/operations/{place}/primaryEmail"
                errors.append(FieldError("lies outside the verified domains", where))
        if errors:
            raise problems.MAPPING_INVALID(errors=errors[:100])

    async def _work_off(self, ctx: Context, sync_id: UUID) -> None:
        """Carry the next operations of a run out, each in a transaction of its own."""
        for _ in range(_AT_ONCE):
            if not await self._next(ctx, sync_id):
                return
        self.runtime.work.wake(ctx, _GO_ON.id)

    async def _next(self, ctx: Context, sync_id: UUID) -> bool:
        """Carry out one operation, which is counted with it; false once none is left."""

        async def act(inside: Context) -> bool:
            sync = await self.directory_sync.find(inside, id=sync_id, finishedAt=None)
            operation = await self._operation(inside, sync) if sync is not None else None
            if sync is None or operation is None:
                await self._end(inside, sync)
                return False
            outcome = await self._apply(inside, operation)
            if sync.dry_run:
                await inside.unit.rollback()
            await self._count(inside, sync, outcome)
            return True

        async def fail(inside: Context) -> None:
            sync = await self.directory_sync.find(inside, id=sync_id, finishedAt=None)
            if sync is not None and await self._operation(inside, sync) is not None:
                await self._count(inside, sync, "failed")

        run = self.runtime.executor.run
        incoming = Incoming(principal=ctx.principal, trace=ctx.trace)
        try:
            return await run(_WORK, incoming, act)
        except Exception as error:
            log.warning("directory_operation_failed", sync_id=str(sync_id), error=error)
            await run(_WORK, incoming, fail)
            return True

    async def _operation(
        self, ctx: Context, sync: models.DirectorySync
    ) -> models.DirectoryOperation | None:
        """The first one of the run that is not counted."""
        place, within = divmod(sync.scanned, _AT_ONCE)
        batch = await self.batches.find(ctx, syncId=sync.id, place=place * _AT_ONCE)
        if batch is None:
            return None
        return batch.operations[within] if within < len(batch.operations) else None

    async def _count(self, ctx: Context, sync: models.DirectorySync, outcome: str) -> None:
        fields = {"scanned": sync.scanned + 1}
        if outcome:
            fields[outcome] = to_record(sync)[outcome] + 1
        await self.directory_sync.rewrite(ctx, sync, fields)

    async def _end(self, ctx: Context, sync: models.DirectorySync | None) -> None:
        if sync is not None:
            async for batch in self.batches.each(ctx, syncId=sync.id):
                await self.batches.remove(ctx, batch)
            await self.directory_sync.rewrite(ctx, sync, {"finishedAt": ctx.now})

    async def _drop_old(self, ctx: Context) -> None:
        async for each in self.directory_sync.each(ctx, {"startedAt": ctx.now - _KEPT}):
            await self.directory_sync.remove(ctx, each)

    async def _apply(self, ctx: Context, operation: models.DirectoryOperation) -> str:
        found = await self._known(ctx, operation.external_id)
        if operation.kind == _KINDS.deactivate:
            return await self._deactivate(ctx, found)
        if operation.kind == _KINDS.reactivate:
            return await self._reactivate(ctx, found)
        fields = await self._mapped(ctx, operation)
        if found is None:
            if operation.kind != _KINDS.create:
                raise CONDITION_NOT_MET("the directory speaks of nobody who is known")
            return await self._create(ctx, fields)
        return await self._replace(ctx, found, fields)

    async def _known(self, ctx: Context, external_id: str) -> models.User | None:
        """Who the directory means, following the pointers of merged accounts."""
        found = await self.user.find(ctx, externalId=external_id)
        for _ in range(self.settings.reporting_depth):
            if found is None or found.merged_into_user_id is None:
                return found
            found = await self.user.find(ctx, id=found.merged_into_user_id)
        return found

    async def _mapped(
        self, ctx: Context, operation: models.DirectoryOperation
    ) -> dict[str, object]:
        fields = given(operation)
        fields.pop("kind")
        if "primaryEmail" in fields:
            fields["primaryEmail"] = normal(fields["primaryEmail"])
        manager_key = fields.pop("managerExternalId", None)
        if manager_key is not None:
            manager = await self._known(ctx, manager_key)
            if manager is None:
                raise CONDITION_NOT_MET("the manager is not known")
            fields["managerId"] = manager.id
        return fields

    async def _create(self, ctx: Context, fields: dict[str, object]) -> str:
        self.require_seat(await self.ask_organization(ctx))
        await self.require_free(ctx, str(fields["primaryEmail"]), str(fields["username"]))
        own = {
            "kind": models.AccountKind.employee,
            "provisioningSource": models.ProvisioningSource.scim,
        }
        await self.open_account(ctx, {**fields, **own})
        return "created"

    async def _replace(self, ctx: Context, found: models.User, fields: dict[str, object]) -> str:
        record = to_record(found)
        new = {name: each for name, each in fields.items() if record.get(name) != each}
        if found.merged_into_user_id is None and found.external_id != fields["externalId"]:
            new.pop("externalId", None)  # the key of an account that was merged into this one
        email, username = new.get("primaryEmail"), new.get("username")
        if email is not None:
            await self.require_free(ctx, str(email), None)
            new["emailVerifiedAt"] = found.email_verified_at and ctx.now
        if username is not None and await self.user.find(ctx, username=username) is not None:
            raise problems.USERNAME_TAKEN("somebody here has that handle")
        if isinstance(new.get("managerId"), UUID):
            await self.require_chain(ctx, found.id, UUID(str(new["managerId"])))
        if not new:
            return ""
        changed = await self.user.update(ctx, "update-user", found.id, new)
        if email is not None:
            await self._move_address(ctx, changed)
        return "updated"

    async def _move_address(self, ctx: Context, user: models.User) -> None:
        """The directory's word moves the primary address; the old one is let go."""
        primary = models.AddressPurpose.primary
        row = await self.email_alias.find(ctx, userId=user.id, purpose=primary)
        if row is not None:
            await self.email_alias.remove(ctx, row)
        await self.keep_primary(ctx, user)

    async def _deactivate(self, ctx: Context, found: models.User | None) -> str:
        """Owners are out of a directory's reach, and who leads people must hand them over."""
        if found is None or found.status == models.UserStatus.deactivated:
            return ""
        told = await self.ask_role(ctx, found.id)
        if isinstance(told, CallError):
            raise told
        if told is not None and told.role == org.MemberRole.org_owner:
            raise problems.LAST_OWNER("owners are out of a directory's reach")
        if found.status in WORKING:
            await self.require_no_reports(ctx, found.id)
        if found.status == models.UserStatus.invited:
            raise CONDITION_NOT_MET("an invitation is withdrawn, not deactivated")
        fields = {"suspensionReason": None}
        await self.user.transition(ctx, "deactivate-user", found.id, fields)
        return "updated"

    async def _reactivate(self, ctx: Context, found: models.User | None) -> str:
        if found is None:
            raise CONDITION_NOT_MET("the directory speaks of nobody who is known")
        if found.status != models.UserStatus.deactivated:
            return ""
        self.require_seat(await self.ask_organization(ctx))
        await self.user.transition(ctx, "reactivate-user", found.id)
        return "updated"


def _needed(operation: models.DirectoryOperation) -> list[str]:
    """What an operation lacks that its kind needs."""
    wanted = {
        _KINDS.create: ("primaryEmail", "displayName", "username"),
        _KINDS.replace_: (),
        _KINDS.deactivate: (),
        _KINDS.reactivate: (),
    }[operation.kind]
    told = to_record(operation)
    lacking = [name for name in wanted if name not in told]
    if operation.kind == _KINDS.replace_ and set(told) <= {"kind", "externalId"}:
        lacking.append("displayName")
    return lacking
