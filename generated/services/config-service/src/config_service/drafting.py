"""Schemas, drafts, reviews, comparisons."""

from __future__ import annotations

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import REFERENCE_UNKNOWN, FieldError, Problem, breaks_rule
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import places, values
from .base import Base
from .generated import models, port, problems
from .places import GLOBAL


class Drafting(Base):
    """From a draft to an agreement."""

    async def define_config_schema(
        self, ctx: Context, request: port.DefineConfigSchema
    ) -> models.ConfigSchema:
        """Say what values of a key may be, for all organisations.

        Raises:
            Problem: `rule-broken`: it is no JSON Schema; `invariant-broken`.
        """
        inside = ctx.within(PLATFORM)
        found = await self.config_schema.put(inside, "define-config-schema", request.body)
        try:
            values.check_schema(request.body.json_schema)
        except values.UnfitError as error:
            raise breaks_rule(str(error), pointer="/jsonSchema") from error
        return found

    async def draft_change(self, ctx: Context, request: port.DraftChange) -> models.ConfigEntry:
        """Write the next revision of a key.

        Raises:
            Problem: `schema-unknown`, `not-overridable`, `schema-violation`, `looks-like-secret`,
                `rule-broken`: the platform's value outside of the platform's organisation.
        """
        body = request.body
        own = body.scope is models.ConfigScope.organization
        schema = await self.config_schema.find(ctx, key=body.key)
        if schema is None:
            raise problems.SCHEMA_UNKNOWN(f"nobody has defined {body.key}")
        if own and not schema.overridable:
            raise problems.NOT_OVERRIDABLE(f"{body.key} is the same for everybody")
        if not own and ctx.tenant != PLATFORM:
            raise breaks_rule("the platform's organisation alone has these", pointer="/scope")
        if schema.deprecated_at is not None and schema.deprecated_at <= ctx.now:
            raise self._unfit(f"{body.key} takes no new values")
        if body.service_name is not None and body.service_name not in places.SERVICES:
            raise breaks_rule("no such service", pointer="/serviceName")
        text = self._value(schema, body.value_type, body.value)
        fields = {
            **body.model_dump(by_alias=True, exclude_none=True),
            "region": body.region or GLOBAL,
            "value": text,
            "schemaId": schema.id,
            "blastRadius": schema.blast_radius,
            "revision": await self._next_revision(ctx, body),
            "authorId": ctx.principal.subject,
            "checksum": values.checksum(text),
        }
        return await self.config_entry.create(ctx, "draft-change", fields)

    async def _next_revision(self, ctx: Context, body: models.DraftChangeRequest) -> int:
        wanted = {
            "key": body.key,
            "environment": body.environment,
            "region": body.region or GLOBAL,
            "scope": body.scope,
        }
        page = PageRequest(limit=1, sort="-revision")
        found = await self.config_entry.repository.select(ctx, ListQuery(page, wanted))
        return found.items[0].revision + 1 if found.items else 1

    def _value(self, schema: models.ConfigSchema, kind: models.ConfigValueType, text: str) -> str:
        """The canonical value, once nothing speaks against it."""
        try:
            found = values.canonical(kind, text)
            values.check(schema.json_schema, kind, found)
        except values.UnfitError as error:
            raise self._unfit(str(error)) from error
        if values.looks_like_secret(found, self.settings.secret_entropy_bits):
            self.metrics.config_refused_values_total(cause="secret")
            raise problems.LOOKS_LIKE_SECRET("credentials belong into secret-service")
        return found

    def _unfit(self, why: str) -> Problem:
        self.metrics.config_refused_values_total(cause="schema")
        return problems.SCHEMA_VIOLATION(why)

    async def propose_change(self, ctx: Context, request: port.ProposeChange) -> models.ConfigEntry:
        """Hand a draft to its reviewers, with the blast radius that its key has by now.

        Raises:
            Problem: `schema-violation`: the schema has changed; `illegal-transition`, `not-found`.
        """
        found = await self.entry(ctx, request.body.config_entry_id)
        fields: dict[str, object] = {}
        schema = await self.config_schema.find(ctx, key=found.key)
        if found.status is models.ConfigStatus.draft and schema is not None:
            self._value(schema, found.value_type, found.value)
            fields["blastRadius"] = schema.blast_radius
        return await self.config_entry.transition(ctx, "propose-change", found.id, fields)

    async def approve_change(self, ctx: Context, request: port.ApproveChange) -> models.ConfigEntry:
        """Agree; how long the change has waited is measured."""
        before = await self.config_entry.find(ctx, id=request.config_entry_id)
        found = await super().approve_change(ctx, request)
        if before is not None:
            waited = (ctx.now - before.updated_at).total_seconds()
            self.metrics.config_review_seconds(waited, blast_radius=found.blast_radius.value)
        return found

    async def plan_release(self, ctx: Context, request: port.PlanRelease) -> models.ConfigRelease:
        """Tie entries of the caller's organisation together.

        Raises:
            Problem: `reference-unknown`: there is no such entry.
        """
        for place, key in enumerate(request.body.entry_ids):
            if await self.config_entry.find(ctx, id=key) is None:
                fault = FieldError("no such entry", f"/entryIds/{place}")
                raise REFERENCE_UNKNOWN(errors=[fault])
        return await super().plan_release(ctx.within(PLATFORM), request)

    async def compare_revisions(
        self, ctx: Context, request: port.CompareRevisions
    ) -> models.RevisionComparison:
        """Where two revisions of one key and place differ.

        Raises:
            Problem: `not-found`, `different-keys`.
        """
        left = await self.entry(ctx, request.body.left_entry_id)
        right = await self.entry(ctx, request.body.right_entry_id)
        if places.place_of(left) != places.place_of(right):
            raise problems.DIFFERENT_KEYS("two revisions of one key and place are asked for")
        paths = [""] if left.value_type is not right.value_type else []
        if not paths:
            paths = values.differences(left.value_type, left.value, right.value)
        return models.RevisionComparison(
            changed_paths=[models.RevisionComparisonChangedPathsItem(each) for each in paths],
            left_value=left.value,
            right_value=right.value,
            same_checksum=left.checksum == right.checksum,
        )
