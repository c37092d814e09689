"""Documents that are told apart by an object among their fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.document import DocumentRepository, DocumentStore
from cloudsync_chassis.store.repository import UniqueViolationError
from cloudsync_chassis.testing import Running


class Shelf(BaseModel):
    """Where books of a kind stand."""

    id: UUID
    organizationId: UUID  # noqa: N815 - names of the data model
    createdAt: datetime  # noqa: N815
    updatedAt: datetime  # noqa: N815
    version: int
    floor: int
    kinds: dict[str, str]


async def test_an_entity_is_found_by_an_object_of_its_unique_values(
    document_shop: Running,
) -> None:
    runtime, tenant = document_shop.runtime, uuid7()
    store = DocumentStore(collection="shelves", unique=(("organizationId", "floor", "kinds"),))
    shelves = DocumentRepository(Shelf, store, runtime.cipher)
    kinds = {"language": "de", "age": "old"}

    def shelf(floor: int, kinds: dict[str, str]) -> Shelf:
        now = clock.now()
        envelope = {"id": uuid7(), "createdAt": now, "updatedAt": now, "version": 1}
        return Shelf(organizationId=tenant, floor=floor, kinds=kinds, **envelope)

    async def play(ctx: Context) -> list[Any]:
        await shelves.insert(ctx, shelf(1, kinds))
        await shelves.insert(ctx, shelf(2, kinds))
        turned = dict(reversed(kinds.items()))
        with pytest.raises(UniqueViolationError):
            await shelves.insert(ctx, shelf(1, turned))
        wanted = [
            {"floor": 1, "kinds": turned},
            {"floor": 2, "kinds": kinds},
            {"floor": 3, "kinds": kinds},
            {"floor": 1, "kinds": {}},
            {"kinds": kinds},
        ]
        found = [await shelves.find(ctx, each) for each in wanted]
        return [each.floor if each is not None else None for each in found]

    probe = Operation(id="probe", access="workload", writes=True)
    incoming = Incoming(principal=workload("shop", tenant), trace=Trace.new())
    assert await runtime.executor.run(probe, incoming, play) == [1, 2, None, None, None]
