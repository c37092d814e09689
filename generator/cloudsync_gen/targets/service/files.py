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
    Resource,
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
that call others, `flags` for those that flags steer, `jobs` for those that the clock calls,
`metrics` for those with series, `policies` for those that rules beyond roles concern, `problems`
for those with refusals of their own, `sagas` for those that take part in one, `traces` for those
whose handlers know what spans say.
"""

CHASSIS = "0.1"


def files(view: ServiceView) -> Iterable[Planned]:
    """Files below `generated/services/<service>/`."""
    folder = f"generated/services/{view.name}"
    package = f"{folder}/src/{view.package}"
    optional = (
        *(("rest", view.rest), ("clients", bool(view.callees))),
        *(("metrics", bool(view.metrics)), ("policies", view.policies.any)),
        *(("traces", bool(view.tracing.told)), ("flags", bool(view.asked.flags))),
        *(
            ("jobs", bool(view.jobs)),
            ("problems", bool(view.problems)),
            ("sagas", bool(view.flows.sagas)),
        ),
        ("webhooks", view.webhooks is not None),
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
        f"{folder}/hatch_build.py": Resource("service/hatch_build.py"),
        f"{folder}/pyproject.toml": Data("toml", _project(view)),
        f"{folder}/tests/test_contract.py": Template("service/test_contract.py.j2", view),
    }
    if view.roles:
        forms[f"{package}/generated/roles.json"] = Data("json", view.roles)
    if view.route_table:
        forms[f"{package}/generated/routes.json"] = Data("json", view.route_table)
    if view.cases or view.aggregates:
        forms[f"{folder}/tests/contract.json"] = trials_of(view)
    yield from (Planned(path=path, form=form, sources=view.sources) for path, form in forms.items())
    yield Planned(
        path=folder,
        form=Layout("scaffold", {"service": view.name, "package": view.package}),
        ownership=Ownership.SCAFFOLD,
        sources=view.sources[:1],
    )


def _hatch(view: ServiceView, dependencies: list[str]) -> dict[str, Any]:
    """How wheel and sdist are made; `hatch_build.py` reads the hooks' settings."""
    build: dict[str, Any] = {
        "targets": {
            "sdist": {"include": ["/src", "/tests", "/requirements.txt", "/*.md"]},
            "wheel": {"packages": [f"src/{view.package}"]},
        }
    }
    if view.contracts:
        published = [f"contracts/{each}" for each in view.contracts]
        build["hooks"] = {"custom": {"published": published, "package": view.package}}
    return {"build": build, "metadata": {"hooks": {"custom": {"generated": dependencies}}}}


def _project(view: ServiceView) -> dict[str, Any]:
    """`pyproject.toml`."""
    extras = "kafka,postgresql,rabbitmq,redis,server,telemetry"
    extras = extras.replace("postgresql", "policies,postgresql") if view.policies.cedar else extras
    extras = f"graphql,{extras}" if view.graphql else extras
    extras = f"grpc,{extras}" if view.messages else extras
    ours = [each.distribution for each in view.callees]
    sources = [f"../../clients/python/{each}/src" for each in ours]
    if view.messages:
        ours = sorted((*ours, view.messages))
        sources = [*sources, "../../clients/grpc/src"]
    dependencies = [f"cloudsync-chassis[{extras}]>={CHASSIS},<1", *ours]
    project = {
        "name": view.distribution,
        "version": view.version,
        "description": view.about,
        "requires-python": ">=3.11",
        "dynamic": ["dependencies"],
        "optional-dependencies": {"test": ["jsonschema>=4.23,<5", "pytest>=8"]},
    }
    if view.license:
        project["license"] = view.license
    return {
        "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
        "project": project,
        "tool": {
            "hatch": _hatch(view, dependencies),
            "pytest": {
                "ini_options": {
                    "testpaths": ["tests"],
                    "pythonpath": ["src", *sources],
                    "addopts": ["--import-mode=importlib"],
                }
            },
        },
    }
