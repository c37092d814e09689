"""Declared elements -> the linked model, in named passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from cloudsync_gen.diagnostics import Diagnostic, Related, Severity, Staged
from cloudsync_gen.model.declared import Declared, DeclaredElement
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.elements import ByType, Elements, Packed
from cloudsync_gen.model.ids import ElementId, layer_of
from cloudsync_gen.model.links import BY_NAME, REGISTRY, Link
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from cloudsync_gen.model.system import Model


def link(declared: Declared) -> Staged[Model]:
    """Index the ids, read the links, order everything. Only a second element with one id is a
    finding.
    """
    unique, duplicates = _index(declared.elements)
    schemas = _schemas(unique.values())
    elements, by_type = _elements(unique.values())
    out, into = _links(unique.values(), schemas)
    model = Model(
        project=declared.project,
        elements=elements,
        refs={key: each.ref for key, each in unique.items()},
        by_type=by_type,
        out=out,
        into=into,
        schemas=schemas,
        broken=declared.broken,
        lost=declared.lost,
        sources=declared.sources,
        folders=declared.folders,
    )
    return Staged(model, tuple(duplicates))


def _elements(
    declared: Iterable[DeclaredElement],
) -> tuple[Mapping[ElementId, Element], Mapping[type[Element], tuple[Element, ...]]]:
    """By id and by struct; those that are packed stay so until somebody asks for them."""
    held = {each.id: each.value for each in declared}
    ids: defaultdict[type[Element], list[ElementId]] = defaultdict(list)
    for key, value in held.items():
        ids[value.kind if isinstance(value, Packed) else type(value)].append(key)
    elements = Elements(held)
    return elements, ByType(elements, dict(ids))


def _index(
    elements: Iterable[DeclaredElement],
) -> tuple[Mapping[ElementId, DeclaredElement], list[Diagnostic]]:
    first: dict[ElementId, DeclaredElement] = {}
    found: list[Diagnostic] = []
    for each in elements:
        earlier = first.setdefault(each.id, each)
        if earlier is not each:
            found.append(_duplicate(each, earlier))
    return dict(sorted(first.items())), found


def _duplicate(second: DeclaredElement, first: DeclaredElement) -> Diagnostic:
    return Diagnostic(
        code="MDL006",
        name="duplicate-id",
        severity=Severity.ERROR,
        ref=second.ref.at("id"),
        message=f"`{second.id}` is declared twice",
        hint="rename one of the two, and the links that mean it",
        element=second.id,
        related=(Related(first.ref.at("id"), "first declared here"),),
    )


Schemas = Mapping[tuple[str, str], ElementId]
Links = Mapping[ElementId, tuple[Link, ...]]

_BY_ID = frozenset(row.name for row in REGISTRY if row.form == "id")
"""Types of links whose targets are ids as they are written."""


def _links(elements: Iterable[DeclaredElement], schemas: Schemas) -> tuple[Links, Links]:
    """By the element that a link comes from, and by the one that it leads to."""
    out: dict[ElementId, tuple[Link, ...]] = {}
    into: defaultdict[ElementId, list[Link]] = defaultdict(list)
    for each in elements:
        links = each.links
        if not all(link.target and link.type in _BY_ID for link in links):
            links = tuple(_resolved(links, each.ref.file, schemas))
        if links:
            out[each.id] = links
        for link in links:
            into[ElementId(link.target)].append(link)
    return out, {key: tuple(value) for key, value in into.items()}


def _resolved(links: Iterable[Link], file: str, schemas: Schemas) -> Iterator[Link]:
    for link in links:
        target = link.target if link.type in _BY_ID else _target(link, file, schemas)
        if target:
            yield link if target is link.target else structs.replace(link, target=target)


def _target(link: Link, file: str, schemas: Schemas) -> str:
    """The id that is meant where another thing is written; of a `$ref` only what it finds: rules of
    schemas judge the rest.
    """
    if BY_NAME[link.type].form == "ref":
        found = schema_target(file, link.target)
        named = (found.file, found.key) if isinstance(found, SchemaTarget) else ("", "")
        target = schemas.get(named, "")
        return "" if target == link.source else target
    resource = link.target.partition(":")[0]
    return f"security.resource.{resource}"


def _schemas(elements: Iterable[DeclaredElement]) -> Schemas:
    return {
        (each.ref.file, str(each.ref.pointer[0])): each.id
        for each in elements
        if layer_of(each.id) == "data_model"
    }
