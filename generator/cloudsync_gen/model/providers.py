"""Which providers of the model a service asks by what it declares, beside its call edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.provided import ProviderCall
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer


class Asked(NamedTuple):
    """A call to a provider, and where in the service what it is made for is declared.

    `during`: commands and queries that wait for it; nobody waits for a call that is made for none.
    """

    call: ProviderCall
    pointer: Pointer
    during: frozenset[str] = frozenset()


def flag_provider(model: Model) -> Service | None:
    """The service that decides flags, if one does."""
    return next(iter(model.having(Service, "flag_provider")), None)


def configuration_provider(model: Model) -> Service | None:
    """The service that knows the values of settings, if one does."""
    return next(iter(model.having(Service, "configuration_provider")), None)


def secret_provider(model: Model) -> Service | None:
    """The service that hands out secrets, if one does."""
    return next(iter(model.having(Service, "secret_provider")), None)


def asked_of_providers(model: Model, service: Service) -> Iterator[Asked]:
    """The calls by which a service has its flags decided and its settings told, and proves that it
    has what it borrowed, for which it has a call edge. Nothing is asked of itself.
    """
    flags = flag_provider(model) if service.flags else None
    if flags is not None and flags.flag_provider is not None and flags.id != service.id:
        during = frozenset(each for use in service.flags for each in use.during)
        yield Asked(flags.flag_provider.evaluate, ("flags", 0), during)
        if flags.flag_provider.watch is not None:
            yield Asked(flags.flag_provider.watch, ("flags", 0))
    yield from _proven(model, service)
    adjusted = [index for index, each in enumerate(service.settings) if each.configuration]
    source = configuration_provider(model) if adjusted else None
    if source is None or source.id == service.id:
        return
    provider = source.configuration_provider
    for call in (provider.watch, provider.get) if provider else ():
        yield Asked(call, ("settings", adjusted[0], "configuration"))


def _proven(model: Model, service: Service) -> Iterator[Asked]:
    """By which a service that borrows secrets tells that it has the next version of one."""
    provider = secret_provider(model)
    told = provider.secret_provider if provider is not None else None
    if provider is None or told is None or told.prove is None or provider.id == service.id:
        return
    for index, call in enumerate(service.calls):
        if call.operation == told.get:
            yield Asked(told.prove, ("calls", index))


def kinds_asked(model: Model, service: Service) -> tuple[tuple[str, Service], ...]:
    """(what the chassis' setting `providers` calls it, the provider), for all that a service asks,
    those included for which it has call edges.
    """
    secrets = secret_provider(model)
    told = secrets.secret_provider if secrets is not None else None
    edges = {call.operation for call in service.calls}
    wanted = (
        ("configuration", configuration_provider(model), _adjusts(service)),
        ("flags", flag_provider(model), bool(service.flags)),
        ("secrets", secrets, told is not None and told.get in edges),
    )
    return tuple(
        (kind, provider)
        for kind, provider, asks in wanted
        if asks and provider is not None and provider.id != service.id
    )


def _adjusts(service: Service) -> bool:
    return any(each.configuration for each in service.settings)


def reliant(model: Model, provider: Service) -> Iterator[Service]:
    """The services that ask this one without a call edge; the same one perhaps twice."""
    found: list[Service] = []
    if provider.registry:
        found += model.all(Service)
    if provider.flag_provider:
        found += model.having(Service, "flags")
    if provider.configuration_provider:
        found += filter(_adjusts, model.having(Service, "settings"))
    yield from (each for each in found if each.id != provider.id)


def asked_beside_calls(model: Model, service: Service) -> Iterator[str]:
    """Operations that a service calls without a call edge: of providers, and of the registry."""
    yield from (each.call.operation for each in asked_of_providers(model, service))
    for each in model.having(Service, "registry"):
        if each.registry is not None and each.id != service.id:
            yield from (told.operation for told in each.registry.calls)
