"""Everything a running service holds together, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from cloudsync_chassis import clock, files, logs
from cloudsync_chassis.aggregate.engine import Aggregate, Registry
from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.audit.repository import AuditedRepository
from cloudsync_chassis.audit.trail import AuditTrail, drop_older
from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.client.policy import Budget, Edge
from cloudsync_chassis.client.queue import CallQueue
from cloudsync_chassis.events.bus import Bus, InProcessBus
from cloudsync_chassis.events.consumer import Consumer, Subscription
from cloudsync_chassis.events.feed import Feed
from cloudsync_chassis.events.outbox import Outbox, Relay
from cloudsync_chassis.events.projection import Projection, Projector
from cloudsync_chassis.events.queues import WorkQueues
from cloudsync_chassis.events.sealing import Seals
from cloudsync_chassis.events.split_bus import SplitBus
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.events.store import EventStore, Journal
from cloudsync_chassis.executor import Executor
from cloudsync_chassis.health import Health
from cloudsync_chassis.jobs.runner import Work
from cloudsync_chassis.masking import Masking
from cloudsync_chassis.metrics import watched
from cloudsync_chassis.metrics.service import ServiceMetrics
from cloudsync_chassis.paging import Pages
from cloudsync_chassis.persisted import Documents, RememberedDocuments, manifest
from cloudsync_chassis.providers.flags import Flags
from cloudsync_chassis.providers.parts import Providers
from cloudsync_chassis.providers.secrets import Secrets
from cloudsync_chassis.rate.limiter import limiter_of
from cloudsync_chassis.sagas.runner import Sagas
from cloudsync_chassis.security.guard import Policies
from cloudsync_chassis.security.identity import Identity
from cloudsync_chassis.security.policies import Surroundings
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store import system
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.cursor import CursorSigner
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.document import DocumentRepository, DocumentStore
from cloudsync_chassis.store.keys import OwnKeys, StoredKeys
from cloudsync_chassis.store.renewal import KeyKeeper, Renewal
from cloudsync_chassis.store.repository import Repository
from cloudsync_chassis.store.sealed import Renewable, Sealed, SealedDocuments
from cloudsync_chassis.store.table import TableRepository, TableStore
from cloudsync_chassis.telemetry import Telemetry, Tracing, headers_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cloudsync_chassis.client.registrar import Registrar
    from cloudsync_chassis.graphql.fields import Fields
    from cloudsync_chassis.graphql.toll import Toll

E = TypeVar("E", bound=BaseModel)
C = TypeVar("C", bound=Client)

log = logs.logger("runtime")

_STEP_PAUSE = 0.05
_FORGET_PAUSE = 3600.0


class Runtime:
    """The parts of one service. Nothing is opened before `start`; `stop` undoes it in reverse."""

    def __init__(self, spec: ServiceSpec, settings: Settings) -> None:
        self.spec, self.settings = spec, settings
        self.clients: dict[str, Client] = {}
        self.providers = Providers(spec, settings, self.clients)
        self.database = _database(spec, settings)
        self.bus = _bus(spec, settings)
        self.metrics = ServiceMetrics(spec, settings, self.database, self.clients)
        self.database.refused = self.metrics.standard.shed("pool")
        self.relay = Relay(self.database, watched.publications(self.bus, self.metrics.standard))
        self.outbox = Outbox(self.relay.wake)
        self.events = EventStore()
        self.events.appended = self.metrics.standard.appended
        self.sagas = Sagas(spec.name, spec.sagas, self.database, self.outbox)
        watched.sagas(self.sagas, self.metrics.standard)
        surroundings = Surroundings(settings.region, settings.policy_context)
        self.policies = Policies(spec.policies, surroundings, settings.strict_policies)
        self.cipher = _cipher(spec, settings)
        self.cipher.timed = self.metrics.standard.ciphered
        key_of, patience = self.cipher.lasting_key, settings.patience
        self.executor = Executor(
            spec.name, self.database, spec.grants, key_of, self.policies, patience
        )
        self.executor.handled = self.metrics.standard.handled
        self.executor.decided = self.metrics.standard.decided
        self.executor.replayed = self.metrics.standard.replayed
        self.identity = Identity(spec.name, settings)
        self.identity.rejected = self.metrics.standard.rejected
        self.limiter = limiter_of(spec.name, settings)
        self.limiter.refused = self.metrics.standard.rate_limited
        self.cursors = CursorSigner(_secret(settings, settings.cursor_key_file, "cursor.key"))
        self.pages = Pages(settings, self.cursors)
        self.masking = Masking(spec.masked)
        audit_key = _secret(settings, settings.audit_key_file, "audit.key")
        self.audit = AuditTrail(audit_key, self.masking)
        self.health = Health(self.database.ping)
        self.documents: Documents = _documents(settings)
        self.toll: Toll | None = None
        """What documents are charged before they are carried out; unset, nothing but a request."""
        self.fields: Fields | None = None
        """What answers the service's GraphQL schema, if it serves one."""
        self.telemetry: Telemetry | None = None
        self.aggregates = Registry(spec.inherits)
        self.work = Work(spec.name, self.database, self.executor, self.aggregates)
        self.work.ended = self.metrics.standard.job_ended
        self.work.measured = self.metrics.registry.round
        self.work.elsewhere = self.metrics.registry.forget
        self.sealed: list[Renewable] = []
        self.seals = _seals(settings, self.cipher)
        self.calls = CallQueue(spec.name, self.outbox, self.clients, self.seals)
        brokered = settings.bus == "rabbitmq" or settings.queue_url is not None
        self.feed = Feed(self.bus, self.seals.open)
        self.queues = WorkQueues(spec.name, self.outbox, spec.queues, brokered, self.seals)
        self.otherwise: ASGIApp | None = None
        """Answers paths that the service's own contract does not have, see `answer_otherwise`."""
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self.registrar = self._registrar()
        self._subscriptions: list[Subscription] = []
        self._projectors: list[Projector] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def flags(self) -> Flags:
        """What steers the service from outside."""
        return self.providers.flags

    @property
    def secrets(self) -> Secrets:
        """What references to secrets stand for."""
        return self.providers.secrets

    def aggregate(self, spec: AggregateSpec[E]) -> Aggregate[E]:
        """The default behaviour of an aggregate over its store."""
        repository: Repository[E]
        if isinstance(spec.store, DocumentStore):
            repository = DocumentRepository(spec.model, spec.store, self.cipher)
        else:
            repository = TableRepository(spec.model, spec.store, self.cipher)
        if spec.store.encrypted:
            self.sealed.append(sealed_of(spec.store))
        repository = AuditedRepository(repository, spec.name, self.audit)
        return Aggregate(
            spec,
            repository,
            self.outbox,
            self.spec.event_source,
            self.aggregates,
            self._journal(spec),
            self.cipher.lasting_key,
        )

    def _journal(self, spec: AggregateSpec[E]) -> Journal | None:
        """What keeps the aggregate's events, where the model has an event log for it."""
        every = self.spec.streams.get(spec.name)
        if every is None:
            return None
        return Journal(self.events, spec.name, every, tuple(spec.store.encrypted))

    def project(self, projection: Projection) -> Projector:
        """Keep a read model of the event store once the service runs."""
        projector = Projector(self.database, projection)
        projector.lagged = self.metrics.standard.lagged
        self._projectors.append(projector)
        return projector

    def client(self, kind: type[C], service: str) -> C:
        """A client for a callee of the model, with the edge's budgets and our own identity."""
        client = self._client(kind, self.spec.edges[service])
        self.clients[service] = client
        return client

    def _client(self, kind: type[C], edge: Edge) -> C:
        service = edge.service
        return kind(
            self.settings.peers.get(service, edge.url),
            token=lambda: self.identity.workload_token(service),
            budgets={
                name: replace(each, timeout=each.timeout * self.settings.patience)
                for name, each in edge.budgets.items()
            },
            breaker=edge.breaker,
            concurrent=edge.concurrent,
            observer=self.metrics.standard.observer(service),
        )

    def _registrar(self) -> Registrar | None:
        """What makes this copy known, where the settings say what it is known by."""
        spec, told = self.spec.registration, self.settings.registration
        if spec is None or told is None:
            return None
        from cloudsync_chassis.client.named_client import client_of
        from cloudsync_chassis.client.registrar import Registrar

        budget = Budget(timeout=spec.timeout, retries=spec.retries)
        budgets = {each.operation: budget for each in spec.steps}
        edge = Edge(service=spec.service, url=spec.url, budgets=budgets)
        client = self._client(client_of(spec.steps), edge)
        self.clients.setdefault(spec.service, client)
        facts: dict[str, str | int] = {
            "service": self.spec.name,
            "version": self.spec.version,
            "port": self.settings.port,
            "protocol": spec.protocol,
        }
        if self.settings.region is not None:
            facts["region"] = self.settings.region
        return Registrar(spec, client, {**facts, **told})

    def answer_otherwise(self, app: ASGIApp, close: Callable[[], Awaitable[None]]) -> None:
        """Have an application of the service's own answer whatever no route of its contract takes,
        within the same envelope (bounds, headers, log, metrics by `scope["route"].path`), with
        problems for what it raises. `close` is awaited at the end, after the last request.
        """
        self.otherwise = app
        self.at_end(close)

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have `close` awaited at the end, after the last request."""
        self._closing.append(close)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What it consumes."""
        return tuple(self._subscriptions)

    def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Handle these events once the service runs."""
        self._subscriptions.extend(self.sagas.guard(each) for each in subscriptions)

    def consumer(self, subscriptions: tuple[Subscription, ...], together: int = 1) -> Consumer:
        """A consumer of the service's group."""
        return Consumer(
            watched.dead_letters(self.bus, self.metrics.standard),
            self.spec.name,
            subscriptions,
            self.executor.consume,
            dead_letters=self.spec.dead_letters,
            together=together,
            repeated=self.metrics.standard.repeated,
            opened=self.seals.open,
        )

    async def start(self) -> None:
        """Log, trace, open, migrate, prepare, relay, consume, work."""
        logs.configure(self.settings.log_level, self.spec.name, self.masking)
        self.telemetry = Telemetry(_tracing(self.spec, self.settings))
        self.identity.prepare()
        await self.prepare_database()
        await self.bus.start()
        await self.work.begin()
        self._spawn(self.relay.run())
        self._spawn(self.key_keeper().run())
        self._spawn(self.identity.keep())
        self._spawn(self._forget())
        for consumer in self._consumers():
            self._spawn(consumer.run())
        for projector in self._projectors:
            self._spawn(projector.run())
        if self.spec.sagas:
            self.sagas.bury = self.consumer(()).bury
            self._spawn(self.sagas.run(self.executor.consume))
        for each in self.work.loops() if self.settings.jobs else ():
            self._spawn(each)
        if self.feed.followed:
            self._spawn(self.feed.run())
        if self.registrar is not None:
            self._spawn(self.registrar.run())
        for each in self.providers.connected(self._client):
            self._spawn(each)
        self.health.started = True

    async def _forget(self) -> None:
        """Drop rows of the audit trail whose time is over."""
        kept = timedelta(days=self.settings.audit_retention_days)
        while True:
            try:
                while await drop_older(self.database, clock.now() - kept):
                    await asyncio.sleep(_STEP_PAUSE)
            except Exception as error:
                log.warning("audit_not_trimmed", error=error)
            await asyncio.sleep(_FORGET_PAUSE)

    def key_keeper(self) -> KeyKeeper:
        """Rotates and retires the keys of encrypted fields, and renews these."""
        renewal = Renewal(self.database, self.cipher, self.sealed)
        renewal.passed_over = self.metrics.standard.unreadable
        return KeyKeeper(self.cipher, renewal, self.settings.field_key_rotation)

    async def prepare_database(self) -> None:
        """Create what the embedded database lacks; PostgreSQL is migrated before we start."""
        if self.database.is_sqlite:
            await self.database.create_all(self.spec.tables, system.metadata)

    async def migrate(self) -> None:
        """Bring the database to the newest revision, and our own tables into being; one replica
        after the other.
        """
        async with self.database.alone(f"migrate {self.spec.name}"):
            await self.database.create_schemas()
            if self.spec.migrations is not None and not self.database.is_sqlite:
                # who serves does without Alembic
                from cloudsync_chassis.store import migrate

                await migrate.upgrade(self.database, self.spec.migrations)
            await self.prepare_database()
            await self.database.create_all(system.metadata)
            if not self.database.is_sqlite:
                from cloudsync_chassis.store.expand import expand

                await expand(self.database, system.metadata)

    async def stop(self) -> None:
        """End consumers, publish what is committed, then close everything."""
        self.health.stopping = True
        await self._leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.work.stop()
        # together: whatever of it is away, the grace is not exceeded
        await asyncio.gather(self._flush(), self._tell())
        for client in self.clients.values():
            await client.aclose()
        for close in (self.providers.aclose, *self._closing):
            await close()
        await self.bus.stop()
        await self.limiter.aclose()
        await self.database.dispose()

    async def _leave(self) -> None:
        """Be called by nobody any more, if the registry takes it in time."""
        if self.registrar is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.settings.flush_seconds):
                    await self.registrar.leave()

    async def _tell(self) -> None:
        """Export the last spans."""
        if self.telemetry is not None:
            await self.telemetry.stop(self.settings.flush_seconds)

    async def _flush(self) -> None:
        """Publish now what would else wait for the next start, if the bus takes it in time."""
        if not self.health.started:
            return
        try:
            async with asyncio.timeout(self.settings.flush_seconds):
                while await self.relay.publish_once():
                    pass
        except Exception as error:
            # the events stay in the outbox; another replica or the next start publishes them
            log.warning("outbox_not_flushed", error=str(error) or type(error).__name__)

    def _consumers(self) -> Iterator[Consumer]:
        """One for the events, one for each queue, one for each topic of queued calls."""
        prefetch = {each.name: each.prefetch for each in self.spec.queues if each.prefetch}
        by_consumer: dict[str, list[Subscription]] = {}
        for each in self._subscriptions:
            by_consumer.setdefault(each.topic if each.topic in prefetch else "", []).append(each)
        for each in self.sagas.subscriptions():
            yield self.consumer((each,))
        for queue, group in by_consumer.items():
            yield self.consumer(tuple(group), prefetch.get(queue, 1))
        for each in self.calls.subscriptions():
            yield self.consumer((each,))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


def _database(spec: ServiceSpec, settings: Settings) -> Database:
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    else:
        path = files.private_folder(settings.state_path(spec.name)) / "store.sqlite"
        url = f"sqlite+aiosqlite:///{path}"
    return Database(
        url,
        schema=settings.database_schema,
        schemas=spec.schemas,
        pool=settings.database_pool,
        wait=settings.database_wait,
    )


def _tracing(spec: ServiceSpec, settings: Settings) -> Tracing:
    resource = {
        "service.name": spec.name,
        "service.version": spec.version,
        "deployment.environment.name": settings.environment,
        "cloud.region": settings.region,
    }
    headers, masking = settings.telemetry_headers, Masking(spec.masked)
    return Tracing(
        exporter=settings.telemetry,
        resource={name: value for name, value in resource.items() if value},
        sampling=settings.telemetry_sampling,
        attributes=frozenset(
            each for each in spec.traced if not masking.hides(each.rpartition(".")[2])
        ),
        endpoint=settings.telemetry_endpoint,
        headers=headers_of(headers.get_secret_value()) if headers else {},
        timeout=settings.telemetry_timeout,
    )


def _bus(spec: ServiceSpec, settings: Settings) -> Bus:
    """The bus, with the faults that the settings ask for."""
    sound = _sound_bus(spec, settings)
    if settings.bus_faults is None:
        return sound
    from cloudsync_chassis.events.faulty_bus import FaultyBus

    return FaultyBus(sound, settings.bus_faults, spec.name)


def _sound_bus(spec: ServiceSpec, settings: Settings) -> Bus:
    """The bus that the settings name, and RabbitMQ for the queues where they name one."""
    events = _event_bus(spec, settings)
    if settings.queue_url is None or not spec.queues:
        return events
    from cloudsync_chassis.events.rabbit_bus import RabbitBus

    queues = RabbitBus(settings.queue_url.get_secret_value(), spec.queues)
    return SplitBus(events, queues, [each.name for each in spec.queues])


def _event_bus(spec: ServiceSpec, settings: Settings) -> Bus:
    """A broker's library is imported only where it is the bus."""
    if settings.bus == "memory":
        return InProcessBus()
    url = settings.bus_url.get_secret_value() if settings.bus_url else ""
    if settings.bus == "kafka":
        from cloudsync_chassis.events.kafka_bus import KafkaBus

        return KafkaBus(url)
    if settings.bus == "rabbitmq":
        from cloudsync_chassis.events.rabbit_bus import RabbitBus

        return RabbitBus(url, spec.queues, spec.dead_letters.values())
    return SqliteBus(settings.state_path("bus.sqlite"))


def _cipher(spec: ServiceSpec, settings: Settings) -> FieldCipher:
    index_key = _secret(settings, settings.index_key_file, f"{spec.name}.index.key")
    if settings.field_key_file is not None:
        return FieldCipher.of(StoredKeys(settings.field_key_file), index_key)
    own = OwnKeys(settings.state_path(spec.name, "field-keys"))
    own.ensure()
    return FieldCipher.of(own, index_key)


def _documents(settings: Settings) -> Documents:
    """The GraphQL documents that the settings name, and those that callers register."""
    named = settings.graphql_documents
    return RememberedDocuments(manifest(named) if named else None)


def _seals(settings: Settings, cipher: FieldCipher) -> Seals:
    """The service's own seal follows from its index key, and outlives all field keys."""
    secret, place = cipher.lasting_key("queued"), settings.queue_key_file
    own = FieldCipher(secret)
    if place is None and settings.environment == "production":
        return Seals(own)
    shared = place or settings.state_path("keys", "queue.key")
    if place is None:
        files.secret_bytes(shared)
    return Seals(own, FieldCipher.of(StoredKeys(shared), secret))


def sealed_of(store: TableStore | DocumentStore) -> Renewable:
    """Where a store keeps its encrypted fields."""
    if isinstance(store, DocumentStore):
        return SealedDocuments(store.collection, tuple(sorted(store.encrypted)), store.unique)
    return Sealed.of(store)


def _secret(settings: Settings, given: Path | None, name: str) -> bytes:
    return given.read_bytes() if given else files.secret_bytes(settings.state_path("keys", name))
