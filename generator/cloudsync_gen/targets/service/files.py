"""A service's view -> its files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cloudsync_gen.model.artefacts import (
    Data,
    Form,
    Layout,
    Ownership,
    Planned,
    PydanticModels,
    Template,
    Verbatim,
)
from cloudsync_gen.targets.service.trials import trials_of
from cloudsync_gen.targets.service.views import ServiceView

MODULES = (
    *("aggregates", "app", "defaults", "events", "operations", "port", "service", "settings"),
    *("tables", "testing"),
)
"""Modules of every service; `rest` is there for those that answer over HTTP, `clients` for those
that call others, `metrics` for those with series, `policies` for those that rules beyond roles
concern, `problems` for those with refusals of their own, `sagas` for those that take part in one.
"""

CHASSIS = "0.1"


def files(view: ServiceView) -> Iterable[Planned]:
    """Files below `generated/services/<service>/`."""
    folder = f"generated/services/{view.name}"
    package = f"{folder}/src/{view.package}"
    optional = (
        *(("rest", view.rest), ("clients", bool(view.callees))),
        *(("metrics", bool(view.metrics)), ("policies", view.policies.any)),
        *(("problems", bool(view.problems)), ("sagas", bool(view.flows.sagas))),
    )
    modules = (*MODULES, *(name for name, wanted in optional if wanted))
    forms: dict[str, Form] = {
        f"{package}/generated/{name}.py": Template(f"service/{name}.py.j2", view)
        for name in modules
    }
    forms |= {
        f"{package}/generated/__init__.py": Template("service/init.py.j2", view),
        f"{package}/generated/models.py": PydanticModels(view.models),
        f"{package}/py.typed": Verbatim(""),
        f"{folder}/Dockerfile": Template("service/Dockerfile.j2", view),
        f"{folder}/README.md": Template("service/README.md.j2", view),
        f"{folder}/pyproject.toml": Data("toml", _project(view)),
        f"{folder}/tests/test_contract.py": Template("service/test_contract.py.j2", view),
    }
    if view.cases or view.aggregates:
        forms[f"{folder}/tests/contract.json"] = trials_of(view)
    yield from (Planned(path=path, form=form, sources=view.sources) for path, form in forms.items())
    yield Planned(
        path=folder,
        form=Layout("scaffold", {"service": view.name, "package": view.package}),
        ownership=Ownership.SCAFFOLD,
        sources=view.sources[:1],
    )


def _wheel(view: ServiceView) -> dict[str, Any]:
    """What the wheel holds: the package, and the published contract that it serves."""
    made: dict[str, Any] = {"packages": [f"src/{view.package}"]}
    if view.contract:
        beside = f"{view.package}/generated/contracts/{view.contract}"
        made["force-include"] = {f"../../../contracts/{view.contract}": beside}
    return made


def _project(view: ServiceView) -> dict[str, Any]:
    """`pyproject.toml`."""
    extras = "kafka,postgresql,rabbitmq,redis,server,telemetry"
    extras = extras.replace("postgresql", "policies,postgresql") if view.policies.cedar else extras
    extras = f"grpc,{extras}" if view.messages else extras
    ours = [each.distribution for each in view.callees]
    sources = [f"../../clients/python/{each}/src" for each in ours]
    if view.messages:
        ours = sorted((*ours, view.messages))
        sources = [*sources, "../../clients/grpc/src"]
    project = {
        "name": view.distribution,
        "version": view.version,
        "description": view.about,
        "requires-python": ">=3.11",
        "dependencies": [f"cloudsync-chassis[{extras}]>={CHASSIS},<1", *ours],
        "optional-dependencies": {"test": ["jsonschema>=4.23,<5", "pytest>=8"]},
    }
    if view.license:
        project["license"] = view.license
    return {
        "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
        "project": project,
        "tool": {
            "hatch": {"build": {"targets": {"wheel": _wheel(view)}}},
            "pytest": {
                "ini_options": {
                    "testpaths": ["tests"],
                    "pythonpath": ["src", *sources],
                    "addopts": ["--import-mode=importlib"],
                }
            },
        },
    }
