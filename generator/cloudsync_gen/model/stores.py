"""What a store lies on, whatever its engine."""

from __future__ import annotations

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
