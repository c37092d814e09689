"""The registry of a model, at which the copies of all other services are known."""

from __future__ import annotations

from msgspec import Struct

from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.packages import registry_package
from cloudsync_gen.model.provided import RegistryCall
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.targets._named_calls import NamedCallView, named_call


class StepView(Struct, frozen=True, kw_only=True):
    """A call by which a copy registers, renews or leaves."""

    kind: str
    call: NamedCallView


class RegistryView(Struct, frozen=True, kw_only=True):
    """The facts of the registry, which all services share in `package`; times in seconds."""

    package: str
    service: str
    url: str
    every: float
    timeout: float
    retries: int
    key: str
    steps: tuple[StepView, ...]


def registry_of(model: Model) -> Service | None:
    """The service that is the registry, if one is."""
    return next(iter(model.having(Service, "registry")), None)


def registry_view(model: Model, contracts: Contracts) -> RegistryView | None:
    """None where the model has no registry."""
    service = registry_of(model)
    if service is None or service.registry is None:
        return None
    registry = service.registry
    steps = (_step(model, contracts, each) for each in registry.calls)
    return RegistryView(
        package=registry_package(model.project.slug),
        service=name_of(service.id),
        url=f"http://127.0.0.1:{service.port}",
        every=milliseconds(registry.every) / 1000,
        timeout=milliseconds(registry.timeout) / 1000,
        retries=registry.retries,
        key=registry.key,
        steps=tuple(each for each in steps if each is not None),
    )


def _step(model: Model, contracts: Contracts, told: RegistryCall) -> StepView | None:
    """None where no contract carries the RPC."""
    call = named_call(model, contracts, told.operation, told.sends)
    return None if call is None else StepView(kind=told.step, call=call)
