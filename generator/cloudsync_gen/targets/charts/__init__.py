"""Helm: a library chart with all templates, and one small chart per service with its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Data, Form, Planned, Resource, Unit, Verbatim
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.charts.surroundings import regions_of
from cloudsync_gen.targets.charts.values import schema, values

LIBRARY = "service-library"
LIBRARY_VERSION = "1.3.0"
_LIBRARY_FILES = (
    "Chart.yaml",
    "README.md",
    "templates/_all.tpl",
    "templates/_availability.tpl",
    "templates/_environment.tpl",
    "templates/_monitoring.tpl",
    "templates/_names.tpl",
    "templates/_network.tpl",
    "templates/_workload.tpl",
)
_INCLUDE = '{{ include "service-library.all" . }}\n'


class ChartView(Struct, frozen=True, kw_only=True):
    """A service's chart; of the library (`name` empty) there is nothing to say."""

    name: str = ""
    about: str = ""
    version: str = ""
    values: dict[str, Any] = {}
    regions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """The library, and each service."""
    del contracts
    yield Unit(target=TARGET.name, name=SYSTEM, view=ChartView())
    for service in model.all(Service):
        view = partial(_view, model, service)
        yield Unit(target=TARGET.name, name=name_of(service.id), view=view)


def _view(model: Model, service: Service) -> ChartView:
    return ChartView(
        name=kebab(name_of(service.id)),
        about=summary(service.description, 200),
        version=model.project.version,
        values=values(model, service),
        regions=regions_of(model, service),
        sources=(service.id,),
    )


def files(view: ChartView) -> Iterable[Planned]:
    """Files below `generated/charts/`."""
    if not view.name:
        return [
            Planned(
                path=f"generated/charts/library/{name}", form=Resource(f"charts/library/{name}")
            )
            for name in _LIBRARY_FILES
        ]
    folder = f"generated/charts/{view.name}"
    chart = {
        "apiVersion": "v2",
        "name": view.name,
        "description": view.about,
        "type": "application",
        "version": view.version,
        "appVersion": view.version,
        "kubeVersion": ">=1.28.0-0",
        "dependencies": [
            {"name": LIBRARY, "version": LIBRARY_VERSION, "repository": "file://../library"}
        ],
    }
    forms: dict[str, Form] = {
        "Chart.yaml": Data("yaml", chart),
        "values.yaml": Data("yaml", view.values),
        "values.schema.json": Data("json", schema(view.regions)),
        "templates/all.yaml": Verbatim(_INCLUDE),
    }
    return [
        Planned(path=f"{folder}/{name}", form=form, sources=view.sources)
        for name, form in forms.items()
    ]


TARGET = Target(
    name="charts",
    title="Helm library chart and one chart per service",
    makes="chart",
    view=ChartView,
    units=units,
    files=files,
)
