"""The library that all services share, copied byte for byte (design §10.12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Planned, Resource, ResourceFolder, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._target import Target

FILES = ("README.md", "pyproject.toml")
PACKAGE = "src/cloudsync_chassis"


class ChassisView(Struct, frozen=True):
    """What is copied: the package and the files beside it."""

    files: tuple[str, ...]
    package: str


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit, where there is a service to use it."""
    del contracts
    if model.all(Service):
        yield Unit(target=TARGET.name, name=SYSTEM, view=ChassisView(FILES, PACKAGE))


def files(view: ChassisView) -> Iterable[Planned]:
    """The same files below `generated/chassis/`."""
    for name in view.files:
        yield Planned(path=f"generated/chassis/{name}", form=Resource(f"chassis/{name}"))
    folder = f"chassis/{view.package}"
    yield Planned(path=f"generated/{folder}", form=ResourceFolder(folder))


TARGET = Target(
    name="chassis",
    title="the library that all services share",
    view=ChassisView,
    units=units,
    files=files,
)
