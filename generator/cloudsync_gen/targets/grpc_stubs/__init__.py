"""protoc's Python messages and stubs of all gRPC contracts: one package, imported absolutely.

grpcio-tools writes absolute imports of proto packages (grpc issue 29390), so the stubs lie where
such an import finds them: below one source root, in folders named after the proto packages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.artefacts import (
    SYSTEM,
    Data,
    Form,
    Planned,
    ProtoStubs,
    Template,
    Unit,
    Verbatim,
)
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets._providers import ProvidersView, providers_view
from cloudsync_gen.targets._registry import RegistryView, registry_view
from cloudsync_gen.targets._target import Target

FOLDER = "generated/clients/grpc"


class StubView(Struct, frozen=True, kw_only=True):
    """A proto file as protoc is given it: no comments, no link options."""

    import_path: str
    descriptors: bytes
    source: str


class StubsView(Struct, frozen=True, kw_only=True):
    """All proto files of the system."""

    name: str
    version: str
    roots: tuple[str, ...]
    registry: RegistryView | None
    providers: ProvidersView | None
    stubs: tuple[StubView, ...]


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit, where there is a gRPC contract."""
    if contracts.grpc:
        yield Unit(target=TARGET.name, name=SYSTEM, view=partial(_view, model, contracts))


def _view(model: Model, contracts: Contracts) -> StubsView:
    stubs = tuple(
        StubView(import_path=each.import_path, descriptors=each.descriptors, source=each.source)
        for each in contracts.grpc.values()
    )
    registry, providers = registry_view(model, contracts), providers_view(model, contracts)
    shared = {each.package for each in (registry, providers) if each is not None}
    roots = {stub.import_path.partition("/")[0] for stub in stubs}
    return StubsView(
        name=f"{kebab(model.project.slug)}-grpc",
        version=model.project.version,
        roots=tuple(sorted(roots | shared)),
        registry=registry,
        providers=providers,
        stubs=stubs,
    )


def files(view: StubsView) -> Iterable[Planned]:
    """The stubs below `src/`, and the project that packages them."""
    sources = tuple(stub.source for stub in view.stubs)
    project: Form = Data("toml", _project(view))
    yield Planned(path=f"{FOLDER}/pyproject.toml", form=project, sources=sources)
    for name, facts in (("registry", view.registry), ("providers", view.providers)):
        if facts is not None:
            shared = f"{FOLDER}/src/{facts.package}"
            tables: Form = Template(f"grpc_stubs/{name}.py.j2", view)
            yield Planned(path=f"{shared}/__init__.py", form=tables, sources=sources)
            yield Planned(path=f"{shared}/py.typed", form=Verbatim(""), sources=sources)
    for stub in view.stubs:
        form: Form = ProtoStubs(stub.descriptors, (stub.import_path,))
        yield Planned(path=f"{FOLDER}/src", form=form, sources=(stub.source,))


def _project(view: StubsView) -> dict[str, Any]:
    return {
        "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
        "project": {
            "name": view.name,
            "version": view.version,
            "description": "Messages and stubs of all gRPC contracts",
            "requires-python": ">=3.11",
            "dependencies": ["grpcio>=1.80,<2", "protobuf>=6.33.5,<8"],
        },
        "tool": {
            "hatch": {
                "build": {
                    "targets": {"wheel": {"packages": [f"src/{root}" for root in view.roots]}}
                }
            }
        },
    }


TARGET = Target(
    name="grpc_stubs",
    title="messages and stubs of gRPC contracts",
    view=StubsView,
    units=units,
    files=files,
    needs="a gRPC contract",
)
