"""The fields that organisations add to profiles."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import to_record
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.system import documents

from .base import Base
from .generated import models, port, problems
from .memory import Retired
from .values import fault

_FIELDS = 40
"""Fields that an organisation can add."""

_AT_ONCE = 200
"""Profiles that one round takes values from."""

_DROP = "drop-retired-values"


class Fields(Base):
    """Handlers of custom fields."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        retired = Due(aggregate=self.retired.spec.name)
        runtime.work.every(3600.0, _DROP, self._drop_values, retired)

    async def define_profile_field(
        self, ctx: Context, request: port.DefineProfileField
    ) -> models.ProfileFieldDefinition:
        """Add a field or change one, as far as values that profiles hold still fit."""
        key, body = request.key, request.body
        known = await self.profile_field_definition.find(ctx, key=key)
        if known is None:
            if await self.profile_field_definition.count(ctx) >= _FIELDS:
                raise problems.FIELD_LIMIT_REACHED(f"there are {_FIELDS} fields already")
        elif known.data_type != body.data_type:
            if await self._is_held(ctx, key):
                raise problems.FIELD_IN_USE("profiles hold values of the present kind")
        else:
            kept = {each.root for each in body.choices or ()}
            gone = [each.root for each in known.choices or () if each.root not in kept]
            if gone and await self._is_held(ctx, key, gone):
                raise problems.FIELD_IN_USE("profiles hold a choice that would disappear")
        command = "define-profile-field"
        return await self.profile_field_definition.put(ctx, command, body, key=key)

    async def _is_held(self, ctx: Context, key: str, values: list[str] | None = None) -> bool:
        """Whether a profile of the tenant has a value (one of these) in a custom field."""
        value = documents.c.body[("customValues", key)].as_string()
        statement = sa.select(documents.c.id).where(
            documents.c.collection == "profile",
            documents.c.organization_id == ctx.tenant,
            value.in_(values) if values is not None else value.is_not(None),
        )
        found = await (await ctx.unit.connection()).scalar(statement.limit(1))
        return found is not None

    async def _holders(self, ctx: Context, retired: Retired) -> Sequence[UUID]:
        """The next profiles of the tenant that have a value in a retired field."""
        statement = sa.select(documents.c.id).where(
            documents.c.collection == "profile",
            documents.c.organization_id == ctx.tenant,
            documents.c.body[("customValues", retired.key)].as_string().is_not(None),
        )
        if retired.after is not None:
            statement = statement.where(documents.c.id > retired.after)
        statement = statement.order_by(documents.c.id).limit(_AT_ONCE)
        return (await (await ctx.unit.connection()).execute(statement)).scalars().all()

    async def retire_profile_field(self, ctx: Context, request: port.RetireProfileField) -> None:
        """As the model says; what profiles hold in it is dropped behind the answer."""
        await super().retire_profile_field(ctx, request)
        if await self.retired.find(ctx, key=request.key) is None:
            await self.retired.insert(ctx, {"key": request.key})
        self.runtime.work.wake(ctx, _DROP)

    async def _drop_values(self, ctx: Context) -> None:
        """Drop values of the tenant's retired fields, of some profiles now and the rest soon.

        Where the field was defined anew, those stay that fit it.
        """
        known = await self.definitions(ctx)
        async for each in self.retired.each(ctx):
            holders = await self._holders(ctx, each)
            for key in holders:
                await self._drop_value(ctx, key, each.key, known.get(each.key))
            if len(holders) < _AT_ONCE:
                await self.retired.remove(ctx, each)
            else:
                await self.retired.rewrite(ctx, each, {"after": holders[-1]})
                self.runtime.work.wake(ctx, _DROP)

    async def _drop_value(
        self,
        ctx: Context,
        profile_id: UUID,
        name: str,
        definition: models.ProfileFieldDefinition | None,
    ) -> None:
        profile = await self.profile.find(ctx, id=profile_id)
        left = to_record(profile)["customValues"] if profile is not None else {}
        if profile is not None and fault(definition, left[name]) is not None:
            del left[name]
            await self.profile.rewrite(ctx, profile, {"customValues": left})

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """Drop the fields."""
        await self.drop_profile_fields(ctx, port.DropProfileFields(body=event.data))

    async def drop_profile_fields(self, ctx: Context, request: port.DropProfileFields) -> None:
        """Delete all definitions of a purged tenant."""
        inside = ctx.within(request.body.organization_id)
        async for each in self.profile_field_definition.each(inside):
            await self.profile_field_definition.remove(inside, each)
