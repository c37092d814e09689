"""The view of a gRPC contract -> the adapter and the client package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cloudsync_gen.model.artefacts import (
    Data,
    Form,
    Planned,
    PydanticModels,
    Template,
    Verbatim,
)
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets.service_grpc.views import GrpcView


def files(view: GrpcView) -> Iterable[Planned]:
    """`rpc.py` beside the service's other adapters; a distribution for its callers."""
    service = f"generated/services/{view.service}/src/{view.package}/generated"
    folder = f"generated/clients/python/{kebab(view.client.package)}"
    package = f"{folder}/src/{view.client.package}"
    forms: dict[str, Form] = {
        f"{service}/rpc.py": Template("service_grpc/rpc.py.j2", view),
        f"{folder}/pyproject.toml": Data("toml", _project(view)),
        f"{package}/__init__.py": Template("service_grpc/init.py.j2", view),
        f"{package}/client.py": Template("service_grpc/client.py.j2", view),
        f"{package}/models.py": PydanticModels(view.client.schemas),
        f"{package}/py.typed": Verbatim(""),
    }
    return [Planned(path=path, form=form, sources=view.sources) for path, form in forms.items()]


def _project(view: GrpcView) -> dict[str, Any]:
    return {
        "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
        "project": {
            "name": kebab(view.client.package),
            "version": view.version,
            "description": f"gRPC client of {view.service}",
            "requires-python": ">=3.11",
            "dependencies": ["cloudsync-chassis[grpc]", view.stubs, "pydantic>=2.12,<3"],
        },
    }
