"""Services of the model -> units with their views."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from cloudsync_gen.model.artefacts import Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.event_names import event_source
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GrpcApi
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.packages import distribution_of, package_of, registry_package
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab, screaming
from cloudsync_gen.targets._models import document
from cloudsync_gen.targets._ports import metrics_port
from cloudsync_gen.targets._registry import registry_of
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.aggregate_views import AggregateView
from cloudsync_gen.targets.service.aggregates import aggregates_of
from cloudsync_gen.targets.service.asked import asked_of
from cloudsync_gen.targets.service.callees import callees_of
from cloudsync_gen.targets.service.cases import cases_of
from cloudsync_gen.targets.service.consumers import consumers_of
from cloudsync_gen.targets.service.entrances import route_table_of
from cloudsync_gen.targets.service.facts import ServiceFacts, SystemFacts
from cloudsync_gen.targets.service.flows import flows_of
from cloudsync_gen.targets.service.guide import guide_of, problems_of
from cloudsync_gen.targets.service.jobs import jobs_of
from cloudsync_gen.targets.service.listeners import listeners_of
from cloudsync_gen.targets.service.methods import methods_of
from cloudsync_gen.targets.service.metrics import latency_buckets_of, metrics_of
from cloudsync_gen.targets.service.policies import policies_of
from cloudsync_gen.targets.service.surroundings import (
    breaker_of,
    edges_of,
    grants_of,
    security_settings_of,
    settings_of,
)
from cloudsync_gen.targets.service.tables import schemas_of, tables_of
from cloudsync_gen.targets.service.traces import tracing_of
from cloudsync_gen.targets.service.view_calls import AskedView, CalleeView, RegistrationView
from cloudsync_gen.targets.service.views import MethodView, ServiceView
from cloudsync_gen.targets.service.webhooks import webhooks_of

NAME = "service"


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit per service."""
    system = SystemFacts(model, contracts)
    for service in model.all(Service):
        view = partial(_view, system, service)
        yield Unit(target=NAME, name=name_of(service.id), view=view)


def _view(system: SystemFacts, service: Service) -> ServiceView:
    facts = ServiceFacts(system, service)
    methods = methods_of(facts)
    consumers = consumers_of(facts, methods)
    problems = problems_of(facts)
    aggregates, emissions = aggregates_of(facts, problems)
    callees, registration, asked = callees_of(facts), _registration(facts), asked_of(facts)
    stubs = _stubs(facts)
    access = grants_of(methods, system.grants.full)
    related = grants_of(methods, system.grants.related)
    models = _models(facts)
    return ServiceView(
        **_identity(facts),
        **_gateway(facts),
        port=service.port,
        database_pool=service.resilience.pool_per_store,
        rate_limit_per_second=service.resilience.rate_limit.per_second,
        rate_limit_burst=service.resilience.rate_limit.burst,
        schemas=schemas_of(facts),
        migrations=bool(system.tables[service.id]),
        rest=any(method.route for method in methods),
        stubs=stubs,
        graphql="" if stubs else facts.published_schema,
        relays=any(facts.performed_itself(each) is None for each in facts.root_fields),
        methods=methods,
        consumers=consumers,
        listeners=listeners_of(facts),
        jobs=jobs_of(facts),
        flows=flows_of(facts, methods),
        aggregates=aggregates,
        emissions=emissions,
        tables=tables_of(facts),
        settings=settings_of(service),
        security=security_settings_of(facts.model),
        edges=edges_of(facts),
        callees=callees,
        registration=registration,
        asked=asked,
        client_stubs=_messages(facts) if _by_rpc(callees, registration, asked) else "",
        breaker=breaker_of(service.resilience.breaker),
        concurrent=service.resilience.max_concurrent_per_callee,
        metrics=metrics_of(facts),
        metrics_port=metrics_port(service.port) if stubs else 0,
        latency_buckets=latency_buckets_of(facts),
        tracing=tracing_of(facts),
        access=access,
        related=related,
        inherits=_inherits(facts, aggregates),
        policies=policies_of(facts),
        masked=tuple(sorted(system.hidden.of(service.id))),
        **_at_hand(facts),
        port_imports=_used(_port_types(methods)),
        models=models,
        contract=facts.document.path if facts.document else "",
        cases=cases_of(facts, methods),
        problems=problems,
        guide=guide_of(methods, (*access, *related)),
        sources=_sources(facts),
    )


def _at_hand(facts: ServiceFacts) -> dict[str, Any]:
    """What of the model the handlers of some services read while they run."""
    return {
        "roles": facts.system.grants.permitted() if facts.service.role_table else {},
        "route_table": route_table_of(facts),
        "webhooks": webhooks_of(facts),
    }


def _by_rpc(
    callees: tuple[CalleeView, ...], registration: RegistrationView | None, asked: AskedView
) -> bool:
    """Whether any call of the service is one by gRPC."""
    return registration is not None or bool(asked.names) or any(each.rpc for each in callees)


def _registration(facts: ServiceFacts) -> RegistrationView | None:
    """How the copies of the service become known; None for the registry itself."""
    found = registry_of(facts.model)
    if found is None or found.registry is None or found.id == facts.service.id:
        return None
    style = facts.service.style
    return RegistrationView(
        package=registry_package(facts.model.project.slug),
        protocol=found.registry.protocols.get(style, style),
    )


def _stubs(facts: ServiceFacts) -> str:
    """Distribution of the gRPC stubs, where the service speaks gRPC."""
    apis = facts.model.where(GrpcApi, "service", facts.service.id)
    speaks = facts.service.style == "grpc" and bool(apis)
    return _messages(facts) if speaks else ""


def _messages(facts: ServiceFacts) -> str:
    return f"{kebab(facts.model.project.slug)}-grpc"


def _identity(facts: ServiceFacts) -> dict[str, Any]:
    """What the service is called, and by whom it is kept."""
    service, project = facts.service, facts.model.project
    name = name_of(service.id)
    return {
        "name": name,
        "title": service.name,
        "about": summary(service.description),
        "domain": name_of(service.domain),
        "owner": name_of(service.owner),
        "package": package_of(name),
        "distribution": distribution_of(name),
        "version": project.version,
        "license": project.license or "",
        "env_prefix": f"{screaming(name)}_",
        "source": event_source(facts.model, service.id),
    }


def _inherits(
    facts: ServiceFacts, aggregates: tuple[AggregateView, ...]
) -> dict[str, tuple[str, ...]]:
    """Which roles have the rights of others, where a life cycle asks for roles."""
    asked = any(row.roles for each in aggregates for row in each.transitions)
    return dict(facts.system.grants.inherited()) if asked else {}


def _gateway(facts: ServiceFacts) -> dict[str, Any]:
    """What the gateway and all services behind it agree on; the chassis' values without one."""
    gateway = facts.system.gateway
    if gateway is None:
        return {
            "issuer": "https://issuer.invalid/",
            "problem_base": "https://problems.invalid/",
            "max_body_bytes": 1_048_576,
            "page_size": 50,
            "max_page_size": 200,
        }
    return {
        "issuer": gateway.issuer,
        "problem_base": gateway.problem_base,
        "max_body_bytes": gateway.max_body_bytes,
        "page_size": gateway.page_size,
        "max_page_size": gateway.max_page_size,
    }


def _models(facts: ServiceFacts) -> dict[str, Any]:
    """The JSON Schema of all classes: entities, messages, payloads published and consumed."""
    for event in facts.system.events[facts.service.id]:
        facts.class_of(event.payload)
    for each in facts.performed:
        if each.input:
            facts.class_of(each.input)
    names = {facts.system.contracts.schema_names.get(each, "") for each in facts.needed}
    return document({name: facts.schemas[name] for name in _closure(facts, names)})


def _closure(facts: ServiceFacts, names: set[str]) -> list[str]:
    """The schemas and all that they refer to, sorted."""
    found: set[str] = set()
    pending = [name for name in names if name in facts.schemas]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [each for each in _references(facts.schemas[name]) if each in facts.schemas]
    return sorted(found)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def _port_types(methods: tuple[MethodView, ...]) -> Iterator[str]:
    for method in methods:
        yield from (each.type for each in method.fields)
        yield method.result


def _used(types: Iterator[str]) -> tuple[str, ...]:
    """The words in annotations, sorted: what a template may have to import."""
    words: set[str] = set()
    for each in types:
        words |= set("".join(c if c.isalnum() else " " for c in each).split())
    return tuple(sorted(words))


def _sources(facts: ServiceFacts) -> tuple[str, ...]:
    consumed = (each.event for each in facts.service.consumes)
    return (
        facts.service.id,
        *facts.aggregates,
        *(each.id for each in facts.performed),
        *sorted({each for each in consumed if facts.model.get(Event, each)}),
    )
