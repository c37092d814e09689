"""OpenAPI sources as written, operation by operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.layers.api import Operation, RestApi
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref

Tree = Mapping[str, Any]


def _fields(struct: type[Element]) -> frozenset[str]:
    names = (each.encode_name for each in structs.fields(struct))
    return frozenset(name for name in names if name.startswith("x-"))


ROOT_FIELDS = _fields(RestApi) | {"x-id"}
LINK_FIELDS = _fields(Operation)
"""Extensions that mean something, at the root of a document and in its operations."""


class Written(Struct, frozen=True):
    """An operation as an element, its place, its text as data and that of its path item."""

    operation: Operation
    ref: Ref
    data: Tree
    item: Tree

    @property
    def item_ref(self) -> Ref:
        """The place of the path item."""
        return Ref(self.ref.file, self.ref.pointer[:-1])


def written(model: Model) -> Iterator[Written]:
    """All operations of all OpenAPI sources, ordered by id."""
    paths = {source.document: table(source.data.get("paths")) for source in model.sources.rest}
    for operation in model.all(Operation):
        item = table(paths.get(operation.document, {}).get(operation.path))
        data = table(item.get(operation.method))
        yield Written(operation, model.ref(operation.id), data, item)


def table(value: Any) -> Tree:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def entries(value: Any) -> list[Any]:
    """A list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def parameters(each: Written) -> Iterator[tuple[Ref, Tree]]:
    """The parameters of an operation, its path item's first, each with its place."""
    for ref, holder in ((each.item_ref, each.item), (each.ref, each.data)):
        for index, parameter in enumerate(entries(holder.get("parameters"))):
            yield ref.at("parameters", index), table(parameter)


def json_schemas(ref: Ref, body: Any) -> Iterator[tuple[Ref, Any]]:
    """(place, schema) of each JSON media type of a request body or response.

    A media type whose reference stands under a misspelt key is left to `unresolved-ref`.
    """
    for media, content in table(table(body).get("content")).items():
        stray = any("$ref" in table(e) for key, e in table(content).items() if key != "schema")
        if media.partition(";")[0].endswith("json") and not stray:
            yield ref.at("content", media, "schema"), table(content).get("schema")


def element_at(model: Model, place: Ref, schema: Any) -> str | None:
    """Id of the data model element that a schema of a source is, by its `$ref`.

    Empty for a schema that is written out; `None` where the reference leads nowhere, which
    `unresolved-ref` reports.
    """
    if not isinstance(schema, Mapping) or "$ref" not in schema:
        return ""
    target = schema_target(place.file, schema["$ref"])
    if not isinstance(target, SchemaTarget):
        return None
    found = model.schemas.get((target.file, target.key))
    return found if found is None or not target.definition else ""


def successes(each: Written) -> list[str]:
    """Status codes of the answers that mean success, sorted."""
    return sorted(str(code) for code in table(each.data.get("responses")) if str(code)[:1] == "2")
