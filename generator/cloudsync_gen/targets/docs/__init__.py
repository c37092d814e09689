"""Pages about the whole system: the service catalogue and the call graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial

from msgspec import Struct

from cloudsync_gen.model.artefacts import SYSTEM, Planned, Template, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.exchanges import consumed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Query, Service
from cloudsync_gen.model.layers.business import Actor, Domain
from cloudsync_gen.model.providers import asked_of_providers
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets._text import summary


class CallView(Struct, frozen=True, kw_only=True):
    """A call edge; `callee` is the service, `operation` what is called there."""

    caller: str
    callee: str
    operation: str
    timeout: str
    retries: int
    fallback: str


class ServiceView(Struct, frozen=True, kw_only=True):
    """A line of the catalogue and a section of it."""

    name: str
    title: str
    about: str
    domain: str
    owner: str
    tier: int
    style: str
    aggregates: tuple[str, ...]
    commands: int
    queries: int
    events: int
    publishes: tuple[str, ...]
    consumes: tuple[str, ...]
    stores: tuple[str, ...]
    calls: tuple[CallView, ...]
    called_by: tuple[str, ...]


class DomainView(Struct, frozen=True, kw_only=True):
    """A bounded context with its services."""

    name: str
    title: str
    about: str
    services: tuple[ServiceView, ...]


class DocsView(Struct, frozen=True, kw_only=True):
    """The whole system."""

    project: str
    about: str
    domains: tuple[DomainView, ...]
    calls: tuple[CallView, ...]
    sources: tuple[str, ...]


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit: the system."""
    del contracts
    yield Unit(target=TARGET.name, name=SYSTEM, view=partial(_view, model))


def _view(model: Model) -> DocsView:
    calls = tuple(sorted(_calls(model), key=lambda c: (c.caller, c.callee, c.operation)))
    outgoing: defaultdict[str, list[CallView]] = defaultdict(list)
    incoming: defaultdict[str, set[str]] = defaultdict(set)
    for call in calls:
        outgoing[call.caller].append(call)
        incoming[call.callee].add(call.caller)
    domains = tuple(
        DomainView(
            name=name_of(domain.id),
            title=domain.name,
            about=summary(domain.description, 300),
            services=tuple(
                _service(model, service, outgoing, incoming)
                for each in model.origins(domain.id, "service-domain")
                if (service := model.get(Service, each))
            ),
        )
        for domain in model.all(Domain)
    )
    return DocsView(
        project=model.project.name,
        about=model.project.description,
        domains=tuple(domain for domain in domains if domain.services),
        calls=calls,
        sources=tuple(service.id for service in model.all(Service)),
    )


def _calls(model: Model) -> Iterator[CallView]:
    for service in model.all(Service):
        for call in service.calls:
            callee = _callee(model, call.operation)
            if callee:
                yield CallView(
                    caller=name_of(service.id),
                    callee=callee,
                    operation=name_of(call.operation),
                    timeout=call.timeout,
                    retries=call.retries,
                    fallback=call.fallback.kind,
                )
        for asked in asked_of_providers(model, service):
            callee = _callee(model, asked.call.operation)
            if callee:
                yield CallView(
                    caller=name_of(service.id),
                    callee=callee,
                    operation=name_of(asked.call.operation),
                    timeout=asked.call.timeout,
                    retries=asked.call.retries,
                    fallback="default" if asked.during else "cached",
                )


def _callee(model: Model, operation: str) -> str:
    found = model.get(Operation, operation) or model.get(Rpc, operation)
    command = found.command if found else None
    performed = model.get(Command, command or "") or model.get(Query, command or "")
    return name_of(performed.service) if performed else ""


def _service(
    model: Model,
    service: Service,
    outgoing: Mapping[str, Collection[CallView]],
    incoming: Mapping[str, Collection[str]],
) -> ServiceView:
    name = name_of(service.id)
    aggregates = model.origins(service.id, "aggregate-service")
    performed = model.origins(service.id, "performed-by-service")
    events = model.origins(service.id, "event-producer")
    owner = model.get(Actor, service.owner)
    return ServiceView(
        name=name,
        title=service.name,
        about=service.description,
        domain=name_of(service.domain),
        owner=owner.name if owner else name_of(service.owner),
        tier=service.tier,
        style=service.style,
        aggregates=tuple(each.name for e in aggregates if (each := model.get(Aggregate, e))),
        commands=sum(model.get(Command, each) is not None for each in performed),
        queries=sum(model.get(Query, each) is not None for each in performed),
        events=len(events),
        publishes=tuple(_event_name(model, each) for each in events),
        consumes=tuple(sorted(_event_name(model, each) for each in consumed_by(model, service))),
        stores=tuple(name_of(use.store) for use in service.stores),
        calls=tuple(outgoing.get(name, ())),
        called_by=tuple(sorted(incoming.get(name, ()))),
    )


def _event_name(model: Model, event: str) -> str:
    found = model.get(Event, event)
    return found.name if found else name_of(event)


def files(view: DocsView) -> Iterable[Planned]:
    """Markdown pages below `generated/docs/`."""
    for path, template in (
        ("generated/docs/SERVICES.md", "docs/services.md.j2"),
        ("generated/docs/CALLS.md", "docs/calls.md.j2"),
    ):
        yield Planned(path=path, form=Template(template, view), sources=view.sources)


TARGET = Target(
    name="docs",
    title="service catalogue and call graph",
    view=DocsView,
    units=units,
    files=files,
)
