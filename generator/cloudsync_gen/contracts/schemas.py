"""The schemas of the data model as components: named, self-contained, shared by all contracts.

Each element is one component and each of its `$defs` another; a `$ref` between them becomes
`#/components/schemas/<Name>`. Elements are rewritten once, whatever number of contracts holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.contracts.findings import contract_finding
from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import ElementId, name_of
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.reading import Reading, into
from cloudsync_gen.model.schema_refs import RefusedReference, SchemaTarget, schema_target
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import likeliest, pascal
from cloudsync_gen.source import Ref

BASE = "#/components/schemas/"
CLASSIFICATION = "x-classification"
"""The one extension of a schema that is published: how sensitive a property is."""

RESERVED = ("Problem", "CloudEvent")
"""Names of components that compile adds by itself."""

_MAPS = ("properties", "patternProperties", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    *("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_REFUSED = (
    *("$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary"),
    *("$recursiveRef", "$recursiveAnchor", "definitions", "id"),
)
"""Keywords that would change what a reference means once schemas are put together."""


class Component(Struct, frozen=True, kw_only=True):
    """A schema ready to stand below `components/schemas`.

    `place` is where it is written. `uses` are the components that it refers to itself.
    """

    name: str
    element: ElementId
    place: Ref
    schema: Mapping[str, Any]
    uses: frozenset[str]


class Schemas(Struct, frozen=True, kw_only=True):
    """All components by name and where each is written, and the names of each schema and each
    element of the model.
    """

    components: Mapping[str, Component]
    places: Mapping[str, Ref]
    names: Mapping[SchemaTarget, str]
    elements: Mapping[str, str]

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """These components and all that they need, sorted."""
        seen: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in seen and name in self.components:
                seen.add(name)
                pending.extend(self.components[name].uses)
        return tuple(sorted(seen))

    def section(self, names: Iterable[str]) -> dict[str, Any]:
        """`components/schemas` of a document that refers to `names`."""
        return {name: self.components[name].schema for name in self.closure(names)}

    def name_at(self, file: str, reference: object) -> str | None:
        """Name of the component that a `$ref` written in `file` leads to."""
        target = schema_target(file, reference)
        return self.names.get(target) if isinstance(target, SchemaTarget) else None


def faults_of_schemas(model: Model) -> list[Diagnostic]:
    """What keeps a schema of the model from being self-contained."""
    found: list[Diagnostic] = []
    names, written = _named(model, found)
    for name in sorted(written):
        rewriter = Rewriter(names)
        _, ref, schema = written[name]
        rewriter.schema(schema, ref)
        found.extend(rewriter.found)
    return found


def schemas_of(model: Model) -> Schemas:
    """All schemas of the model, each made when it is needed. Who asks for one has read that one:
    what there is besides decides about names, of which places tell.
    """
    with into(Reading()):
        names, written = _named(model, [])
    return Schemas(
        components=_Components(model, names, written),
        places={name: ref for name, (_, ref, _) in written.items()},
        names=_Names(model, names),
        elements=_elements(written),
    )


class _Names(Mapping[SchemaTarget, str]):
    """Notes which schema somebody names."""

    def __init__(self, model: Model, names: Mapping[SchemaTarget, str]) -> None:
        self._model = model
        self._names = names

    def __getitem__(self, target: SchemaTarget) -> str:
        element = self._model.schemas.get((target.file, target.key))
        if target.definition and element is not None:
            _read(self._model, element)
        return self._names[target]

    def __iter__(self) -> Iterator[SchemaTarget]:
        for each in self._names:
            element = self._model.schemas.get((each.file, each.key))
            if each.definition and element is not None:
                _read(self._model, element)
            yield each

    def __len__(self) -> int:
        return len(self._names)


class _Components(Mapping[str, Component]):
    """Each is made once."""

    def __init__(
        self, model: Model, names: Mapping[SchemaTarget, str], written: Mapping[str, Written]
    ) -> None:
        self._model = model
        self._names = names
        self._written = written
        self._made: dict[str, Component] = {}

    def __getitem__(self, name: str) -> Component:
        _read(self._model, self._written[name][0])
        found = self._made.get(name)
        if found is None:
            with into(Reading()):
                found = _component(self._model, self._names, self._written, name)
            self._made[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._written

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._written))

    def __len__(self) -> int:
        return len(self._written)


def _read(model: Model, element: ElementId) -> None:
    """Notes all that a component is made of, but for what it refers to."""
    found = model.get(DataElement, element)
    model.ref(element)
    for field in ("schema", "description") if found is not None else ():
        getattr(found, field)


def _elements(written: Mapping[str, Written]) -> dict[str, str]:
    """Element -> the component that is its own schema, not a definition within."""
    return {e: name for name, (e, ref, _) in written.items() if ref.pointer[-1] == "schema"}


Written = tuple[ElementId, Ref, Any]


def _named(
    model: Model, found: list[Diagnostic]
) -> tuple[dict[SchemaTarget, str], dict[str, Written]]:
    """Name of each schema, and what is written of each component; what is wrong goes to `found`."""
    names: dict[SchemaTarget, str] = {}
    written: dict[str, Written] = {}
    for element, target, ref, schema in _written(model):
        name = pascal(name_of(element)) + pascal(target.definition)
        names[target] = name  # also of one that is taken: what refers to it is not to blame
        if name in written or name in RESERVED:
            found.append(_taken(name, element, ref, written.get(name)))
            continue
        written[name] = (element, ref, schema)
    return names, written


def _component(
    model: Model,
    names: Mapping[SchemaTarget, str],
    written: Mapping[str, Written],
    name: str,
) -> Component:
    element, ref, schema = written[name]
    rewriter = Rewriter(names)
    rewritten = rewriter.schema(schema, ref)
    if isinstance(rewritten, dict):
        rewritten = _described(rewritten, model, element, ref)
    return Component(
        name=name, element=element, place=ref, schema=rewritten, uses=frozenset(rewriter.uses)
    )


def _written(model: Model) -> Iterator[tuple[ElementId, SchemaTarget, Ref, Any]]:
    for (file, key), element in sorted(model.schemas.items()):
        value = model.elements[element]
        if not isinstance(value, DataElement):
            continue
        place = model.refs[element].at("schema")
        yield element, SchemaTarget(file, key), place, value.schema
        definitions = value.schema.get("$defs")
        for name, schema in (definitions if isinstance(definitions, dict) else {}).items():
            yield element, SchemaTarget(file, key, name), place.at("$defs", name), schema


def _described(
    schema: dict[str, Any], model: Model, element: ElementId, ref: Ref
) -> dict[str, Any]:
    """An element's own schema carries the element's description unless it has one."""
    if "description" in schema or ref.pointer[-1] != "schema":
        return schema
    return {"description": model.elements[element].description, **schema}


def _taken(name: str, element: ElementId, ref: Ref, other: Written | None) -> Diagnostic:
    what = f"two schemas would be `{name}` in the contracts" if other else f"`{name}` is taken"
    hint = "rename one; a component is named after the last part of its element's id"
    related = (Related(other[1], f"`{other[0]}` is the other"),) if other else ()
    return contract_finding("component-name", ref, what, hint, element, related)


class Rewriter:
    """Rewrites schemas written in the model; collects what they use and what is wrong."""

    def __init__(self, names: Mapping[SchemaTarget, str]) -> None:
        self._names = names
        self.uses: set[str] = set()
        self.found: list[Diagnostic] = []

    def schema(self, schema: Any, place: Ref) -> Any:
        """A schema with its references turned to components; extensions but one left out."""
        if not isinstance(schema, dict):
            return schema
        result: dict[str, Any] = {}
        for key, value in schema.items():
            if key == "$ref":
                result[key] = self.reference(value, place)
            elif key in _MAPS and isinstance(value, Mapping):
                result[key] = {
                    name: self.schema(each, place.at(key, name)) for name, each in value.items()
                }
            elif key in _LISTS and isinstance(value, list):
                result[key] = [self.schema(e, place.at(key, i)) for i, e in enumerate(value)]
            elif key in _SINGLE:
                result[key] = self.schema(value, place.at(key))
            elif key in _REFUSED:
                self._refuse(key, place)
            elif key not in ("$defs", "$comment") and _published(key):
                result[key] = value
        return result

    def reference(self, reference: Any, place: Ref) -> str:
        """The `$ref` of a contract for one of the model."""
        target = schema_target(place.file, reference)
        if isinstance(target, RefusedReference):
            what = f"`$ref: {reference}` is not followed: {target.reason.partition(';')[0]}"
            hint = target.reason.rpartition("; ")[2]
            kind = "unsafe-reference" if target.unsafe else "schema-reference"
            self.found.append(contract_finding(kind, place.at("$ref"), what, hint))
            return BASE
        name = self._names.get(target)
        if name is None:
            self.found.append(self._dangling(str(reference), target, place))
            return BASE
        self.uses.add(name)
        return BASE + name

    def _dangling(self, reference: str, target: SchemaTarget, place: Ref) -> Diagnostic:
        keys = [f"{each.file}#/{each.key}/schema" for each in self._names if not each.definition]
        wanted = f"{target.file}#/{target.key}/schema"
        what = f"`$ref: {reference}` leads to no schema of the data model"
        near = likeliest(wanted, keys)
        hint = f"did you mean `{near}`?" if near else "declare the schema"
        return contract_finding("schema-reference", place.at("$ref"), what, hint)

    def _refuse(self, key: str, place: Ref) -> None:
        what = f"`{key}` would change what a reference means"
        hint = "leave it out; name shared schemas by elements or `$defs`"
        self.found.append(contract_finding("schema-keyword", place.name(key), what, hint))


def _published(key: str) -> bool:
    return not key.startswith("x-") or key == CLASSIFICATION
