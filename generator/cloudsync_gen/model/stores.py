"""What a store lies on, whatever its engine."""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.datastore import (
    Bucket,
    Collection,
    ColumnarTable,
    Database,
    KeyPattern,
    Keyspace,
    SearchIndex,
    Table,
    WideTable,
)
from cloudsync_gen.model.layers.technology import ManagedStore, ObjectStorage
from cloudsync_gen.model.system import Model

_WRITTEN_BY_ONE = (Bucket, Collection, ColumnarTable, KeyPattern, Keyspace, SearchIndex)
"""Stores that name their service themselves."""
_ON_A_STORE = (ColumnarTable, Database, Keyspace, SearchIndex, KeyPattern)


def server_of(model: Model, store: str) -> ManagedStore | ObjectStorage | None:
    """What holds a store, followed from a table or bucket up to its servers."""
    found = model.elements.get(ElementId(store))
    if isinstance(found, (Table, Collection)):
        found = model.get(Database, found.database)
    elif isinstance(found, WideTable):
        found = model.get(Keyspace, found.keyspace)
    if isinstance(found, Bucket):
        return model.get(ObjectStorage, found.storage)
    return model.get(ManagedStore, found.store) if isinstance(found, _ON_A_STORE) else None


def writers(model: Model, store: str) -> frozenset[str]:
    """Ids of the services that may write it; empty where that cannot be told."""
    found = model.elements.get(ElementId(store))
    names: set[str] = set()
    if isinstance(found, WideTable):
        found = model.get(Keyspace, found.keyspace)
    if isinstance(found, Table):
        database = model.get(Database, found.database)
        schemas = database.schemas if database else ()
        names = {each.service for each in schemas if each.name == found.schema}
    elif isinstance(found, Database):
        names = {each.service for each in found.schemas}
    elif isinstance(found, _WRITTEN_BY_ONE):
        names = {found.service}
    known = all(model.get(Service, each) for each in names)
    return frozenset(names) if known else frozenset()


def holder_of(model: Model, store: str) -> str:
    """Id of the database or keyspace that a table or collection lies in; else its own."""
    found = model.elements.get(ElementId(store))
    if isinstance(found, (Table, Collection)):
        return found.database
    return found.keyspace if isinstance(found, WideTable) else store


def written_by(model: Model, service: str) -> Iterator[str]:
    """Ids of the stores that name a service as their writer, a database by one of its schemas."""
    for kind in _WRITTEN_BY_ONE:
        for found in model.where(kind, "service", service):
            yield found.id
    yield from model.origins(service, "database-schema-service")
