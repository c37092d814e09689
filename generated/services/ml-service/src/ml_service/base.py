"""What all topics of ml-service share."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudsync_chassis import files, traced
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .world import Bucket, SignedFiles

PLATFORM = UUID("00000000-0000-7000-8000-000000000000")
"""The tenant of what is nobody's own: models and views that hold for all."""

_TENANTS = 200


class Base(Defaults):
    """The generated defaults with settings, the bucket and what is kept besides."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        place = runtime.settings.state_path(runtime.spec.name)
        secret = files.secret_bytes(files.private_folder(place) / "signing.key")
        self.bucket: Bucket = traced.calls(
            SignedFiles(place / "bucket", secret), "object-storage", "put", "read", "keys"
        )
        self.trails = runtime.aggregate(memory.TRACES)
        self.samples = runtime.aggregate(memory.SAMPLES)
        self.bands = runtime.aggregate(memory.BANDS)
        self.forgotten = runtime.aggregate(memory.FORGOTTEN)
        self.switches = runtime.aggregate(memory.SWITCHES)

    def pseudonym(self, ctx: Context, kind: str, key: object) -> str:
        """Under which name a subject is known here, 32 hexadecimal digits of a keyed digest."""
        secret = self.runtime.cipher.lasting_key(f"subjects of {ctx.tenant}")
        return hmac.new(secret, f"{kind}:{key}".encode(), "sha256").hexdigest()[:32]

    async def tenants(
        self, ctx: Context, aggregate: Aggregate[Any], **filters: Any
    ) -> AsyncIterator[UUID]:
        """Tenants with an entity that passes."""
        query = ListQuery(PageRequest(limit=_TENANTS), filters)
        found = await aggregate.repository.tenants(ctx, query, None)
        while found:
            for each in found:
                yield each
            found = await aggregate.repository.tenants(ctx, query, found[-1])


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))
