"""Figures of a model: elements, operations, links; and which service has which kinds of output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM
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
    """What there is of one kind for a service: so many files (a folder of a foreign generator
    counts once), or the reason why none.
    """

    files: int
    reason: str = ""


class Artefacts(Struct, frozen=True, kw_only=True):
    """Service -> kind of output -> cell; `system`: files of targets that belong to no single
    service.
    """

    kinds: tuple[str, ...]
    services: Mapping[str, Mapping[str, Cell]]
    system: Mapping[str, int]


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


KINDS = ("skeleton", "client", "schemas", "migrations", "chart")
"""Kinds of output of a service, in the order in which they are shown."""


def artefacts(model: Model, targets: Iterable[Target], counted: Mapping[str, int]) -> Artefacts:
    """The matrix. `counted`: `target/unit` -> number of files."""
    makers = {kind: [each for each in targets if each.makes == kind] for kind in KINDS}
    rows = {
        name_of(service.id): {
            kind: _cell(service, made, counted) for kind, made in makers.items() if made
        }
        for service in model.all(Service)
    }
    ends = ((key.rpartition("/"), number) for key, number in counted.items())
    return Artefacts(
        kinds=tuple(kind for kind, made in makers.items() if made),
        services=rows,
        system={target: number for (target, _, unit), number in ends if unit == SYSTEM},
    )


def _cell(service: Service, makers: Iterable[Target], counted: Mapping[str, int]) -> Cell:
    name = name_of(service.id)
    files = sum(counted.get(f"{target.name}/{name}", 0) for target in makers)
    if files:
        return Cell(files=files)
    needs = " or ".join(target.needs for target in makers if target.needs)
    return Cell(files=0, reason=f"needs {needs}" if needs else f"nothing for {service.style}")


def matrix(view: Artefacts) -> Iterator[str]:
    """The matrix as text: numbers of files, and the reasons of empty cells below."""
    reasons: dict[str, list[str]] = {}
    rows = [("", *view.kinds)]
    for service, cells in view.services.items():
        row = [service]
        for kind, cell in cells.items():
            if cell.reason:
                reasons.setdefault(f"{kind}: {cell.reason}", []).append(service)
            row.append(str(cell.files) if not cell.reason else "·")
        rows.append(tuple(row))
    yield from columns(rows)
    for reason, services in sorted(reasons.items()):
        yield f"· {reason} ({', '.join(services)})"
    yield f"once for the system: {', '.join(f'{t} {n}' for t, n in sorted(view.system.items()))}"
