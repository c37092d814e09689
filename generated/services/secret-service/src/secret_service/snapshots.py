"""Snapshots, sealed once more, and what is measured by the clock."""

from __future__ import annotations

import json
from collections import Counter

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.model import to_record
from pydantic_core import to_jsonable_python

from . import sealing
from .base import Base, closed
from .generated import models


class Snapshots(Base):
    """What nobody asks for."""

    async def write_snapshot(self, ctx: Context) -> None:
        """Put all that the tenant has away, under a key of its own which the master key wraps.

        The file is JSON of `wrappedKey` and `sealed`, both base64.
        """
        told = {}
        for name, aggregate in (
            ("secrets", self.secret),
            ("versions", self.secret_version),
            ("dataKeys", self.data_key),
        ):
            told[name] = [to_jsonable_python(to_record(each)) async for each in aggregate.each(ctx)]
        key = sealing.new_key()
        content = sealing.seal(key, json.dumps(told).encode(), f"snapshot/{ctx.tenant}")
        file = {"wrappedKey": closed(await self.master.wrap(key)), "sealed": closed(content)}
        await self.backups.keep(ctx.tenant, ctx.now, json.dumps(file).encode())

    async def measure(self, ctx: Context) -> None:
        """How old the platform's secrets are, and how many loans are open."""
        inside = ctx.within(PLATFORM)
        ages: dict[tuple[str, str], float] = {}
        kinds = {}
        async for secret in self.secret.each(inside):
            kinds[secret.id] = secret.kind.value
            if secret.last_rotated_at is None or secret.status in (
                models.SecretStatus.revoked,
                models.SecretStatus.destroyed,
            ):
                continue
            key = secret.kind.value, secret.owner_service
            age = (ctx.now - secret.last_rotated_at).total_seconds()
            ages[key] = max(ages.get(key, 0.0), age)
        for (kind, owner), age in ages.items():
            self.metrics.secret_age_seconds(age, kind=kind, owner=owner)
        leases = Counter(
            [
                kinds.get(lease.secret_id, "unknown")
                async for lease in self.credential_lease.each(inside)
                if lease.revoked_at is None
            ]
        )
        for kind in models.SecretKind:
            self.metrics.secret_active_leases(leases[kind.value], kind=kind.value)
