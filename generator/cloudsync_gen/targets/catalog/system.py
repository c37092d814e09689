"""What belongs to no single service: domains, teams, stores, the events of a domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudsync_gen.model.ids import ElementId, name_of, type_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import Actor, Domain
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets.catalog.apis import Apis, entity_of
from cloudsync_gen.targets.catalog.entities import entity, holder, reference, store_names


def of_system(model: Model, apis: Apis) -> Iterator[dict[str, Any]]:
    """The location of all files first, then what they refer to."""
    services = model.all(Service)
    if not services:
        return
    project = model.project
    targets = [f"./services/{name_of(each.id)}/catalog-info.yaml" for each in services]
    yield entity("Location", project.slug, project.name, "", {"targets": targets})
    owners = {domain.id: _owner(model, domain.id) for domain in model.all(Domain)}
    spec = {"owner": reference("group", name_of(services[0].owner))}
    yield entity("Domain", project.slug, project.name, project.description, spec)
    for domain in model.all(Domain):
        if owners[domain.id]:
            spec = {
                "owner": reference("group", owners[domain.id]),
                "domain": reference("domain", project.slug),
            }
            name = name_of(domain.id)
            yield entity("System", name, domain.name, domain.description, spec)
    yield from _groups(model, services)
    for api in apis.all:
        if api.domain and owners.get(api.domain):
            yield entity_of(api, owners[api.domain], name_of(api.domain), "../")
    yield from _stores(model, services)


def _owner(model: Model, domain: str) -> str:
    """The team that owns most services of a domain; of two with as many, the first by name."""
    names = [name_of(each.owner) for each in model.where(Service, "domain", domain)]
    return min(names, key=lambda each: (-names.count(each), each)) if names else ""


def _groups(model: Model, services: tuple[Service, ...]) -> Iterator[dict[str, Any]]:
    for owner in sorted({each.owner for each in services}):
        actor = model.get(Actor, owner)
        profile = {"displayName": actor.name if actor else name_of(owner)}
        if actor is not None and actor.contact is not None and actor.contact.email:
            profile["email"] = actor.contact.email
        about = actor.description if actor else ""
        # `children` must be there, though there are none
        group = entity("Group", name_of(owner), profile["displayName"], about, {})
        group["spec"] = {"type": "team", "profile": profile, "children": []}
        yield group


def _stores(model: Model, services: tuple[Service, ...]) -> Iterator[dict[str, Any]]:
    """Each store once, with the team and the domain of the first service that writes it."""
    writers: dict[str, Service] = {}
    for service in services:
        for use in service.stores:
            if use.access == "write":
                writers.setdefault(holder(model, use.store), service)
    for service in services:
        for use in service.stores:
            writers.setdefault(holder(model, use.store), service)
    for store, name in store_names(model, writers).items():
        element = model.elements.get(ElementId(store))
        service = writers[store]
        spec = {
            "type": name_of(type_of(store)),
            "owner": reference("group", name_of(service.owner)),
            "system": reference("system", name_of(service.domain)),
        }
        title = element.name if element else name
        about = element.description if element else ""
        yield entity("Resource", name, title, about, spec)
