"""From accepted to stored: people out of the payload, the country in, and what consent leaves."""

from __future__ import annotations

import json
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from . import checks
from .base import REASONS, STATES, itself
from .collecting import Collecting
from .generated import models, port
from .generated.aggregates import COLLECTED_EVENT

_PAUSE = 1.0
_AT_ONCE = 100
_ANALYTICS = models.ConsentPurpose.analytics


class Enriching(Collecting):
    """What happens to an event once it is in."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=COLLECTED_EVENT.name, where={"status": STATES.accepted.value})
        runtime.work.every(_PAUSE, "enrich-events", self.enrich_due, due)

    async def enrich_due(self, ctx: Context) -> None:
        """Enrich and store up to 100 of the tenant's accepted events; more in the next round."""
        done = 0
        async for each in self.collected_event.each(ctx, status=STATES.accepted):
            if done == _AT_ONCE:
                self.runtime.work.wake(ctx, "enrich-events")
                return
            await self._enrich(ctx, each)
            done += 1

    async def _enrich(self, ctx: Context, event: models.CollectedEvent) -> None:
        schema = await self.wording(ctx, event.event_type, event.schema_version)
        if schema is None:
            await self.set_apart(ctx, event, REASONS.unknown_schema)
            return
        payload = await self.unsealed(ctx, event)
        if payload is not None and schema.pii_paths:
            payload = await self._without_people(ctx, schema, payload)
            payload = await self.resealed(ctx, event, payload)
        elif payload is not None:
            payload = event.payload
        await self.settle(ctx, event, payload or event.payload)

    async def settle(self, ctx: Context, event: models.CollectedEvent, payload: str) -> None:
        """Enrich an accepted event and store it, with this payload under its key."""
        body = models.Enrichment(
            payload=payload,
            payload_key_id=event.payload_key_id,
            actor_key=event.actor_key,
            session_key=event.session_key,
            client_context=self._context(event),
        )
        mine = itself(ctx)
        await self.enrich_event(mine, port.EnrichEvent(collected_event_id=event.id, body=body))
        await self.store_event(mine, port.StoreEvent(collected_event_id=event.id))

    async def _without_people(self, ctx: Context, schema: models.EventSchema, payload: str) -> str:
        """The payload with pseudonyms where people may appear."""
        value: Any = json.loads(payload)
        names: dict[str, str] = {}
        for each in schema.pii_paths:
            for text in checks.texts_at(value, each.root):
                names.setdefault(text, await self.pseudonym(ctx, text))
        for each in schema.pii_paths:
            checks.replaced(value, each.root, names)
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def _context(self, event: models.CollectedEvent) -> models.ClientContext | None:
        """The country instead of the network; without consent to analytics only the release."""
        told = event.client_context
        if told is None:
            return None
        if _ANALYTICS not in event.consent_purposes:
            release = told.app_version
            return models.ClientContext(app_version=release) if release is not None else None
        country = told.country
        if told.ip_prefix is not None:
            country = self.countries.of(told.ip_prefix) or country
        found = {"appVersion": told.app_version, "locale": told.locale, "country": country}
        known = {name: each for name, each in found.items() if each is not None}
        return models.ClientContext.model_validate(known) if known else None
