"""A running audit-service, its people, and what tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from audit_service.generated import models, operations, port
from audit_service.generated.app import build
from audit_service.generated.models import AuditRecord
from audit_service.generated.service import SERVICE
from audit_service.generated.settings import ServiceSettings
from audit_service.handlers import Handlers
from cloudsync_chassis import clock
from cloudsync_chassis.events.envelope import Actor, Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.system import documents
from cloudsync_chassis.testing import Caller, Running, isolated, running

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LOOK = Operation(id="look", access="workload", writes=True)


@dataclass
class Office:
    """The service, and one customer with an officer and an administrator."""

    service: Running
    handlers: Handlers
    state: Path
    customer: UUID
    officer: Caller
    admin: Caller

    def engineer(self, organization: UUID = PLATFORM) -> Caller:
        return self.service.caller("security-engineer", organization=organization)

    async def ask(self, operation: Operation, request: Any, by: Caller) -> Any:
        """What the method for an operation answers."""
        method = getattr(self.handlers, operation.id.replace("-", "_"))
        return await self.service.ask(operation, method, request, by, source_ip="192.0.2.77")

    async def refused(self, operation: Operation, request: Any, by: Caller) -> str:
        with pytest.raises(Problem) as refusal:
            await self.ask(operation, request, by)
        return refusal.value.kind.slug

    async def within(self, action: Callable[[Any], Awaitable[Any]]) -> Any:
        """An action of the service itself in the customer's tenant."""
        me = Incoming(principal=workload(SERVICE.name, self.customer), trace=Trace.new())
        return await self.service.runtime.executor.run(LOOK, me, action)

    async def tell(
        self,
        name: str = "user.user-updated",
        data: Mapping[str, Any] | None = None,
        actor: Actor | None = None,
        **more: Any,
    ) -> Event:
        """An event of a service, and return once it is written down."""
        runtime = self.service.runtime
        event_type = f"cloudsync.{name}.v1"
        topic = next(each.topic for each in runtime.subscriptions if each.type == event_type)
        event = Event(
            id=more.pop("id", None) or uuid7(),
            type=event_type,
            source="/cloudsync/user-service",
            topic=topic,
            subject=str(uuid7()),
            time=more.pop("time", clock.now()),
            organization_id=more.pop("organization", self.customer),
            traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
            data=data or {},
            actor=actor,
        )
        await runtime.bus.publish([event])
        await self.service.settle()
        return event

    async def deed(self, by: UUID, **more: Any) -> Event:
        """Something that a person did."""
        return await self.tell(actor=Actor("app_user", str(by), ("member",)), **more)

    async def records(self, **filters: Any) -> list[AuditRecord]:
        """What the store holds of the customer's trail, in the order of the chain."""

        async def read(ctx: Any) -> list[AuditRecord]:
            found = [e async for e in self.handlers.audit_record.each(ctx, **filters)]
            return sorted(found, key=lambda e: (e.recorded_at.date(), e.sequence))

        found: list[AuditRecord] = await self.within(read)
        return found

    async def record(self, event: Event) -> AuditRecord:
        (found,) = await self.records(id=event.id)
        return found

    async def events(self, name: str) -> list[Event]:
        told = await self.service.published()
        return [each for each in told if each.type.split(".")[-2] == name]

    async def sealed(self) -> None:
        """Let the hours until now be over and sealed."""
        self.service.later(HOUR + timedelta(minutes=2))
        await self.service.tick()

    async def check(self, first: date, last: date | None = None) -> models.ChainCheck:
        """The verdict on the customer's chain."""
        wish = models.ChainCheckRequest(from_day=first, to_day=last or first)
        found = await self.ask(operations.VERIFY_CHAIN, port.VerifyChain(body=wish), self.officer)
        assert isinstance(found, models.ChainCheck)
        return found

    async def trail(self, by: Caller | None = None, **wish: Any) -> models.AuditRecordPage:
        now = clock.now()
        asked = {"occurred_from": now - DAY, "occurred_to": now + DAY, **wish}
        body = models.AuditFilter(**asked)
        found = await self.ask(
            operations.GET_AUDIT_TRAIL, port.GetAuditTrail(body=body), by or self.admin
        )
        assert isinstance(found, models.AuditRecordPage)
        return found

    def set(self, **settings: Any) -> None:
        """Go on with other settings."""
        self.handlers.settings = self.handlers.settings.model_copy(update=settings)

    async def measured(self, series: str, **labels: str) -> float:
        """What `/metrics` says of a series."""
        text = (await self.service.http.get("/metrics")).text
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        lines = [each for each in text.splitlines() if each.startswith(f"{series}{{")]
        return sum(
            float(each.rpartition(" ")[2]) for each in lines if all(w in each for w in wanted)
        )

    async def tamper(self, key: UUID, **fields: Any) -> None:
        """Change a record behind the service's back; without fields, take it away."""
        ours = sa.and_(documents.c.collection == "audit-record", documents.c.id == key)
        async with self.service.runtime.database.transaction(write=True) as connection:
            if not fields:
                await connection.execute(sa.delete(documents).where(ours))
                return
            body = (await connection.execute(sa.select(documents.c.body).where(ours))).scalar_one()
            changed = sa.update(documents).where(ours).values(body={**body, **fields})
            await connection.execute(changed)


@asynccontextmanager
async def office(state: Path) -> AsyncIterator[Office]:
    settings = ServiceSettings.model_validate(isolated(state))
    runtime = Runtime(SERVICE, settings)
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        # in the first minute of an hour of the middle of a day, so that tests know where they are
        now = clock.now()
        noon = now.replace(hour=12, minute=1, second=0, microsecond=0) + DAY
        service.later(noon - now)
        customer = uuid7()
        officer = service.caller("compliance-officer", organization=customer)
        admin = service.caller("org-admin", organization=customer)
        yield Office(service, handlers, state, customer, officer, admin)


def at_office(state: Path, test: Callable[[Office], Awaitable[None]]) -> None:
    """Run a test at a new office."""

    async def run() -> None:
        async with office(state) as found:
            await test(found)

    asyncio.run(run())


def today() -> date:
    return clock.now().date()


def moment(by: timedelta = timedelta()) -> datetime:
    return clock.now() + by
