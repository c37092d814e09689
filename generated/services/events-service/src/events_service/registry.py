"""The registry of event types and their wordings."""

from __future__ import annotations

import hashlib
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import breaks_rule

from . import wordings
from .base import PLATFORM
from .generated import models, port, problems
from .sealing import Sealing

_STAGES = models.SchemaStage
_MOST_PATHS = 20


class Registry(Sealing):
    """Proposals, and what is found in the registry."""

    async def register_schema(
        self, ctx: Context, request: port.RegisterSchema
    ) -> models.EventSchema:
        """Propose a wording, which readers of the version before must be able to read.

        Raises:
            Problem: `incompatible-schema` lists the paths; `rule-broken`: no schema, another
                digest, or a path that it does not have; `already-exists`: the version is another.
        """
        body = request.body
        if hashlib.sha256(body.json_schema.encode()).hexdigest() != body.schema_digest:
            raise breaks_rule("not the SHA-256 of the schema", pointer="/schemaDigest")
        try:
            schema = wordings.parsed(body.json_schema)
        except wordings.UnfitError as error:
            raise breaks_rule(str(error), pointer="/jsonSchema") from error
        for place, each in enumerate(body.pii_paths or ()):
            if not wordings.has(schema, each.root):
                raise breaks_rule("the schema has no such member", pointer=f"/piiPaths/{place}")
        before = await self._before(ctx, body.event_type, body.schema_version)
        if before is not None:
            _check(before, schema)
        return await self.event_schema.create(ctx, "register-schema", body)

    async def _before(
        self, ctx: Context, event_type: str, version: int
    ) -> models.EventSchema | None:
        """The wording of the greatest version below."""
        known = [
            each
            async for each in self.event_schema.each(ctx, eventType=event_type)
            if each.schema_version < version
        ]
        return max(known, key=lambda each: each.schema_version, default=None)

    async def wording(
        self, ctx: Context, event_type: str, version: int
    ) -> models.EventSchema | None:
        """The wording by which events are taken now: the tenant's, else the platform's; None where
        there is none, or it is not approved or its end has come.
        """
        for inside in (ctx, ctx.within(PLATFORM)):
            found = await self.event_schema.find(
                inside, eventType=event_type, schemaVersion=version
            )
            if found is not None and found.schema_stage is not _STAGES.proposed:
                ended = found.sunset_at is not None and found.sunset_at <= ctx.now
                return None if ended else found
        return None

    async def is_registered(self, ctx: Context, event_type: str) -> bool:
        """Whether a type has any wording, the tenant's or the platform's."""
        tenants = (ctx, ctx.within(PLATFORM))
        counts = [await self.event_schema.count(e, eventType=event_type) for e in tenants]
        return any(counts)

    async def dimensions(self, ctx: Context, event_types: list[str]) -> frozenset[str]:
        """By what events of any of these types may be grouped, as all their wordings say."""
        found: set[str] = set()
        for inside in (ctx, ctx.within(PLATFORM)):
            async for each in self.event_schema.each(inside, eventType=tuple(event_types)):
                found |= wordings.dimensions(wordings.parsed(each.json_schema))
        return frozenset(found)


def _check(before: models.EventSchema, schema: Any) -> None:
    """Hold a wording against the one before, by what that one promised."""
    kinds = models.SchemaCompatibility
    former = wordings.parsed(before.json_schema)
    faults: list[str] = []
    if before.compatibility is not kinds.none:
        faults += wordings.differences(former, schema)
    if before.compatibility is kinds.full:
        faults += wordings.differences(schema, former)
    if faults:
        paths = ", ".join(dict.fromkeys(faults[:_MOST_PATHS]))
        raise problems.INCOMPATIBLE_SCHEMA(f"differs at {paths}")
