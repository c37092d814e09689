"""Figures of a model: elements, operations, links; and which service has which kinds of output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Unit
from cloudsync_gen.model.ids import LAYERS, layer_of, name_of, type_of
from cloudsync_gen.model.layers.api import Operation, RootField, Rpc, Webhook
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.links import REGISTRY
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.table import columns
from cloudsync_gen.targets._target import Target


class Operations(Struct, frozen=True, kw_only=True):
    """How much can be called."""

    rest: int
    rpc: int
    graphql: int
    webhook: int


class Links(Struct, frozen=True, kw_only=True):
    """`types`: link types in use; `registered`: those that there are."""

    total: int
    types: int
    registered: int


class Stats(Struct, frozen=True, kw_only=True):
    """`elements`: layer -> type -> number."""

    elements: Mapping[str, Mapping[str, int]]
    total: int
    services: int
    operations: Operations
    links: Links


class Cell(Struct, frozen=True, kw_only=True):
    """What a target makes of a service: so many files (folders of a foreign generator count once),
    or the reason why none.
    """

    files: int
    reason: str = ""


class Artefacts(Struct, frozen=True, kw_only=True):
    """Service -> target -> cell; `system` is what belongs to no single service."""

    targets: tuple[str, ...]
    services: Mapping[str, Mapping[str, Cell]]


def stats(model: Model) -> Stats:
    """The figures of a model."""
    types = Counter(type_of(each) for each in model.elements)
    elements = {
        layer: {name_of(kind): n for kind, n in sorted(types.items()) if layer_of(kind) == layer}
        for layer in LAYERS
    }
    links = [link for found in model.out.values() for link in found]
    return Stats(
        elements=elements,
        total=len(model.elements),
        services=len(model.all(Service)),
        operations=Operations(
            rest=len(model.all(Operation)),
            rpc=len(model.all(Rpc)),
            graphql=len(model.all(RootField)),
            webhook=len(model.all(Webhook)),
        ),
        links=Links(
            total=len(links), types=len({link.type for link in links}), registered=len(REGISTRY)
        ),
    )


def lines_of(figures: Stats) -> Iterator[str]:
    """The text form."""
    rows = []
    for layer, types in figures.elements.items():
        parts = ", ".join(f"{kind} {n}" for kind, n in types.items())
        rows.append((layer, str(sum(types.values())), parts))
    yield from columns(rows)
    made = figures.operations
    yield ""
    yield f"elements {figures.total}, services {figures.services}"
    yield (
        f"REST operations {made.rest}, RPCs {made.rpc}, GraphQL root fields {made.graphql}, "
        f"webhooks {made.webhook}"
    )
    links = figures.links
    yield f"links {links.total}, of {links.types} types out of {links.registered}"


def artefacts(
    model: Model, units: Iterable[Unit], targets: Iterable[Target], counted: Mapping[str, int]
) -> Artefacts:
    """The matrix. `counted`: `target/unit` -> number of files."""
    made = {(unit.name, unit.target) for unit in units}
    known = [*targets]
    names = [SYSTEM, *(name_of(service.id) for service in model.all(Service))]
    whole = {
        t.name for t in known if not any(target == t.name for n, target in made if n != SYSTEM)
    }
    rows = {}
    for name in names:
        service = model.get(Service, f"application.service.{name}")
        rows[name] = {
            target.name: (
                Cell(files=counted[f"{target.name}/{name}"])
                if (name, target.name) in made
                else Cell(files=0, reason=_reason(target, service, target.name in whole))
            )
            for target in known
        }
    return Artefacts(targets=tuple(target.name for target in known), services=rows)


def _reason(target: Target, service: Service | None, whole: bool) -> str:
    if service is None:
        return "all of it belongs to services"
    if whole:
        return "made once, for the whole system"
    return f"needs {target.needs}" if target.needs else f"nothing for style {service.style}"


def matrix(view: Artefacts) -> Iterator[str]:
    """The matrix as text: numbers of files, and the reasons of empty cells below."""
    reasons: dict[str, list[str]] = {}
    rows = [("", *view.targets)]
    for service, cells in view.services.items():
        row = [service]
        for target, cell in cells.items():
            if cell.reason:
                reasons.setdefault(f"{target}: {cell.reason}", []).append(service)
            row.append(str(cell.files) if not cell.reason else "·")
        rows.append(tuple(row))
    yield from columns(rows)
    for reason, services in sorted(reasons.items()):
        yield f"· {reason} ({', '.join(services)})"
