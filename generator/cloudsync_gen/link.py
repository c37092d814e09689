"""Declared elements -> the linked model, in named passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from cloudsync_gen.diagnostics import Diagnostic, Related, Severity, Staged
from cloudsync_gen.model.declared import Declared, DeclaredElement
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import ElementId, layer_of
from cloudsync_gen.model.links import BY_NAME, Link
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from cloudsync_gen.model.system import Model


def link(declared: Declared) -> Staged[Model]:
    """Index the ids, read the links, order everything. Only a second element with one id is a
    finding.
    """
    unique, duplicates = _index(declared.elements)
    schemas = _schemas(unique.values())
    links = tuple(_links(unique.values(), schemas))
    by_type: defaultdict[type[Element], list[Element]] = defaultdict(list)
    for each in unique.values():
        by_type[type(each.value)].append(each.value)
    model = Model(
        project=declared.project,
        elements={key: each.value for key, each in unique.items()},
        refs={key: each.ref for key, each in unique.items()},
        by_type={kind: tuple(values) for kind, values in by_type.items()},
        out=_grouped((each.source, each) for each in links),
        into=_grouped((ElementId(each.target), each) for each in links),
        schemas=schemas,
        broken=declared.broken,
        lost=declared.lost,
        sources=declared.sources,
        folders=declared.folders,
    )
    return Staged(model, tuple(duplicates))


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


def _links(elements: Iterable[DeclaredElement], schemas: Schemas) -> Iterator[Link]:
    for each in elements:
        for link in each.links:
            target = _target(link, each.ref.file, schemas)
            if target:
                yield link if target is link.target else structs.replace(link, target=target)


def _target(link: Link, file: str, schemas: Schemas) -> str:
    """The id that is meant; of a `$ref` only what it finds: rules of schemas judge the rest."""
    form = BY_NAME[link.type].form
    if form == "ref":
        found = schema_target(file, link.target)
        named = (found.file, found.key) if isinstance(found, SchemaTarget) else ("", "")
        target = schemas.get(named, "")
        return "" if target == link.source else target
    if form == "permission":
        resource = link.target.partition(":")[0]
        return f"security.resource.{resource}"
    return link.target


def _grouped(pairs: Iterable[tuple[ElementId, Link]]) -> Mapping[ElementId, tuple[Link, ...]]:
    groups: defaultdict[ElementId, list[Link]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}


def _schemas(elements: Iterable[DeclaredElement]) -> Schemas:
    return {
        (each.ref.file, str(each.ref.pointer[0])): each.id
        for each in elements
        if layer_of(each.id) == "data_model"
    }
