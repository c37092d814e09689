"""Two elements have names that are one in some language.

What it does: compares the names of elements that must be told apart, without hyphens, underscores
and capitals: those of one type; schemas of the data model, whatever their type; commands and
queries of a service; the Python packages of services and clients; the tables and indexes of a
schema, and what else is called by a name of its own in a store, a broker or a registry of metrics.

Why: classes, methods, packages, messages and charts are named after elements in the style of each
language. `x1-y` and `x1y` are both `x1_y` in Python and `X1Y` in Java, `sem-ver` and `semver` are
one file on a disk that ignores case; and people link to the wrong one of the two.

Example: `data_model.value.semver` beside `data_model.value.sem-ver`.

Use instead: `data_model.value.model-version`, which says what is different about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import layer_of, name_of, type_of
from cloudsync_gen.model.layers.api import GraphqlApi, GrpcApi, RestApi
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.layers.application import Command, Query, Service
from cloudsync_gen.model.layers.datastore import (
    Bucket,
    Collection,
    ColumnarTable,
    SearchIndex,
    Table,
    WideTable,
)
from cloudsync_gen.model.layers.technology import Namespace, Queue, Topic
from cloudsync_gen.model.packages import grpc_package, package_of, registry_package, rest_package
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._alike import Named, alike
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_DERIVED = frozenset(f"api.{each}" for each in ("operation", "rpc", "field", "join", "webhook"))
"""Named after a document and a part of it: `parts-alike` compares these."""


def check(model: Model) -> Iterator[Diagnostic]:
    kinds = (_ids, _performed, _packages, _documents, _in_stores, _elsewhere)
    yield from alike(RULE, chain.from_iterable(names(model) for names in kinds))


def _ids(model: Model) -> Iterator[Named]:
    """Equal names of two schemas are left to the contracts, which have a name for each."""
    seen: set[str] = set()
    for element in model.elements:
        kind, name = type_of(element), name_of(element)
        space = "data_model" if layer_of(element) == "data_model" else kind
        if kind in _DERIVED or (space == "data_model" and name in seen):
            continue
        seen |= {name} if space == "data_model" else set()
        yield Named(space, name, model.ref(element, "id"), element, element)


def _performed(model: Model) -> Iterator[Named]:
    performed: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for each in performed:
        yield Named(
            ("performed", each.service),
            name_of(each.id),
            model.ref(each.id, "id"),
            each.id,
            each.id,
        )


def _packages(model: Model) -> Iterator[Named]:
    for service in model.all(Service):
        place = model.ref(service.id, "id")
        yield Named("package", package_of(name_of(service.id)), place, service.id)
    registries = [each.id for each in model.all(Service) if each.registry is not None]
    for each in registries[:1]:
        name = registry_package(model.project.slug)
        yield Named("package", name, model.ref(each, "registry"), each)
    for rest in model.all(RestApi):
        yield Named("package", rest_package(rest.document), model.ref(rest.id), rest.id)
    for grpc in model.all(GrpcApi):
        yield Named("package", grpc_package(grpc.document), model.ref(grpc.id), grpc.id)


def _documents(model: Model) -> Iterator[Named]:
    for api in model.all(GraphqlApi):
        yield Named("graphql", api.document, model.ref(api.id), api.id)
    for source in model.sources.webhooks:
        yield Named("webhooks", source.document, Ref(source.file), "")


def _in_stores(model: Model) -> Iterator[Named]:
    """Tables and indexes of a schema of PostgreSQL are relations, and have one name space."""
    for table in model.all(Table):
        space = ("relation", table.database, table.schema)
        yield Named(space, table.table, model.ref(table.id, "table"), table.id)
        for at, index in enumerate(table.indexes):
            yield Named(space, index.name, model.ref(table.id, "indexes", at, "name"), table.id)
    for wide in model.all(WideTable):
        yield Named(("wide", wide.keyspace), wide.table, model.ref(wide.id, "table"), wide.id)
    for columnar in model.all(ColumnarTable):
        space = ("columnar", columnar.store, columnar.database)
        yield Named(space, columnar.table, model.ref(columnar.id, "table"), columnar.id)
    for held in model.all(Collection):
        yield Named(
            ("collection", held.database),
            held.collection,
            model.ref(held.id, "collection"),
            held.id,
        )
    for found in model.all(SearchIndex):
        yield Named(("index", found.store), found.index, model.ref(found.id, "index"), found.id)
    for bucket in model.all(Bucket):
        yield Named("bucket", bucket.bucket, model.ref(bucket.id, "bucket"), bucket.id)


def _elsewhere(model: Model) -> Iterator[Named]:
    for topic in model.all(Topic):
        yield Named(("topic", topic.broker), topic.topic, model.ref(topic.id, "topic"), topic.id)
    for queue in model.all(Queue):
        yield Named(("queue", queue.broker), queue.queue, model.ref(queue.id, "queue"), queue.id)
    for metric in model.all(Metric):
        yield Named("metric", metric.metric, model.ref(metric.id, "metric"), metric.id)
    for each in model.all(Namespace):
        place = model.ref(each.id, "kubernetesName")
        yield Named("namespace", each.kubernetes_name, place, each.id)


RULE = Rule(code="MDL012", name="names-alike", family="standard validation", check=check)
