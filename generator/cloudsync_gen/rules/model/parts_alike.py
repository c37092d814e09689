"""Two parts of an element or a contract have names that are one in some language.

What it does: compares, without hyphens, underscores and capitals, the properties of a schema, the
members of an enumeration and the definitions of an element; the columns and fields of a store; a
service's settings; a resource's actions; the labels of a metric; and in contracts the operations,
webhooks and RPCs of a document, types, their fields, members and arguments.

Why: attributes, columns, methods and constants are named after them in the style of each language:
`x1y` and `x1Y` are both `x1_y` in Python, SQL ignores capitals, and one of the two is lost.

Example: the properties `ownerId` and `ownerID`.

Use instead: one property, or names that say what is different: `ownerId` and `payerId`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import JoinedField, RootField, Rpc
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.datastore import ColumnarTable, SearchIndex, Table, WideTable
from cloudsync_gen.model.layers.security import Resource
from cloudsync_gen.model.sources import GraphqlSource, GrpcSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._alike import Named, alike, unless_equal
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import table
from cloudsync_gen.rules.openapi._structure import objects
from cloudsync_gen.rules.schema._walk import elements, subschemas
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for names in (_in_schemas, _in_stores, _in_lists, _in_types):
        yield from alike(RULE, names(model))
    for names in (_in_openapi, _in_apis):  # equal words make equal ids
        yield from alike(RULE, unless_equal(names(model)))


def _in_schemas(model: Model) -> Iterator[Named]:
    for element in elements(model):
        place = model.ref(element.id, "schema")
        for pointer, schema in subschemas(element.schema):
            ref = place.at(*pointer)
            for keyword in ("properties", "$defs"):
                space = (element.id, pointer, keyword)
                yield from _keys(space, schema.get(keyword), ref.at(keyword), element.id)
            members = schema.get("enum")
            for each, at in _first(members if isinstance(members, list) else []):
                space = (element.id, pointer, "enum")
                yield Named(space, each, ref.at("enum", at), element.id)


def _first(names: Sequence[object]) -> Iterator[tuple[str, int]]:
    """Each text and where it stands first; one that stands there twice is `entry-twice`."""
    seen: set[str] = set()
    for at, each in enumerate(names):
        if isinstance(each, str) and each not in seen:
            seen.add(each)
            yield each, at


def _in_stores(model: Model) -> Iterator[Named]:
    stores: tuple[Table | WideTable | ColumnarTable, ...] = (
        *model.all(Table),
        *model.all(WideTable),
        *model.all(ColumnarTable),
    )
    for store in stores:
        yield from _keys(store.id, store.columns, model.ref(store.id, "columns"), store.id)
    for index in model.all(SearchIndex):
        yield from _keys(index.id, index.fields, model.ref(index.id, "fields"), index.id)


def _keys(space: Hashable, held: object, ref: Ref, element: str) -> Iterator[Named]:
    for name in held if isinstance(held, Mapping) else ():
        yield Named(space, str(name), ref.name(name), element)


def _in_lists(model: Model) -> Iterator[Named]:
    for service in model.all(Service):
        for at, setting in enumerate(service.settings):
            place = model.ref(service.id, "settings", at, "key")
            yield Named(service.id, setting.key, place, service.id)
    for resource in model.all(Resource):
        for at, each in enumerate(resource.actions):
            place = model.ref(resource.id, "actions", at, "action")
            yield Named(resource.id, each.action, place, resource.id)
    for metric in model.all(Metric):
        for label, at in _first(metric.labels):
            yield Named(metric.id, label, model.ref(metric.id, "labels", at), metric.id)


def _in_openapi(model: Model) -> Iterator[Named]:
    for rest in model.sources.rest:
        for kind, pointer, data in objects(rest.data):
            name = data.get("operationId")
            if kind == "operation" and isinstance(name, str):
                yield Named(rest.file, name, Ref(rest.file, (*pointer, "operationId")), rest.id)
    for source in model.sources.webhooks:
        held = table(source.data.get("webhooks"))
        yield from _keys(source.file, held, Ref(source.file, ("webhooks",)), "")


def _in_types(model: Model) -> Iterator[Named]:
    sources: Iterable[GraphqlSource | GrpcSource] = (*model.sources.graphql, *model.sources.grpc)
    for source in sources:
        for kind in source.types:
            place = Ref(source.file, (_branch(source, kind.kind), kind.name))
            yield Named(source.file, kind.name, place, source.id)
            within = (source.file, kind.name)
            for member in kind.members:
                yield Named((within, "values"), member, place.at("values", member), source.id)
            for field in kind.fields:
                yield Named(within, field.name, place.at("fields", field.name), source.id)
                for each in field.arguments:
                    at = place.at("fields", field.name, "arguments", each)
                    yield Named((within, field.name), each, at, source.id)


def _branch(source: GraphqlSource | GrpcSource, kind: str) -> str:
    if isinstance(source, GraphqlSource):
        return "types"
    return "enums" if kind == "enum" else "messages"


def _in_apis(model: Model) -> Iterator[Named]:
    for rpc in model.all(Rpc):
        yield Named(rpc.document, rpc.rpc_name, model.ref(rpc.id), rpc.id)
    for field in model.all(RootField):
        space = (field.document, field.operation_type)
        yield Named(space, field.field_name, model.ref(field.id), field.id)
    for join in model.all(JoinedField):
        yield Named((join.document, join.type_name), join.field_name, model.ref(join.id), join.id)


RULE = Rule(
    code="MDL013", name="parts-alike", family="standard validation", check=check, alone=True
)
