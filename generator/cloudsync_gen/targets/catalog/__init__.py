"""The software catalogue, in the form that Backstage ingests (its descriptor format v1alpha1): a
file beside each service, and one that leads to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Data, Planned, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets.catalog.apis import Apis
from cloudsync_gen.targets.catalog.services import of_service
from cloudsync_gen.targets.catalog.system import of_system

FILE = "catalog-info.yaml"


class CatalogView(Struct, frozen=True, kw_only=True):
    """Entities of one file, in order; `service` is empty for the file of the whole system."""

    service: str = ""
    entities: tuple[dict[str, Any], ...] = ()
    sources: tuple[str, ...] = ()


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """The system, and each service."""
    apis = Apis(model, contracts)
    yield Unit(target=TARGET.name, name=SYSTEM, view=partial(_whole, model, apis))
    for service in model.all(Service):
        view = partial(_view, model, apis, service)
        yield Unit(target=TARGET.name, name=name_of(service.id), view=view)


def _whole(model: Model, apis: Apis) -> CatalogView:
    return CatalogView(
        entities=tuple(of_system(model, apis)),
        sources=tuple(each.id for each in model.all(Service)),
    )


def _view(model: Model, apis: Apis, service: Service) -> CatalogView:
    return CatalogView(
        service=name_of(service.id),
        entities=tuple(of_service(model, apis, service)),
        sources=(service.id,),
    )


def files(view: CatalogView) -> Iterable[Planned]:
    """`generated/catalog-info.yaml` and `generated/services/<service>/catalog-info.yaml`."""
    folder = f"generated/services/{view.service}" if view.service else "generated"
    form = Data("yaml-stream", list(view.entities))
    return [Planned(path=f"{folder}/{FILE}", form=form, sources=view.sources)]


TARGET = Target(
    name="catalog",
    title="software catalogue for Backstage",
    view=CatalogView,
    units=units,
    files=files,
)
