"""A new REST service over PostgreSQL with one aggregate, through all layers that it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.edit import (
    parts_api,
    parts_apm,
    parts_application,
    parts_data,
    parts_platform,
)
from cloudsync_gen.edit.draft import Addition, Draft, NewFile, Refused
from cloudsync_gen.edit.ground import Ground, Missing, ground
from cloudsync_gen.edit.names import Names, names
from cloudsync_gen.edit.site import Site
from cloudsync_gen.model.ids import LAYERS, ElementId, name_of
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import Actor, Domain
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered


class Request(Struct, frozen=True, kw_only=True):
    """What was asked for; names with or without `layer.type.` before them."""

    name: str
    domain: str
    aggregate: str | None = None
    owner: str | None = None
    port: int | None = None
    role: str | None = None


def new_service(model: Model, folders: Mapping[str, str], request: Request) -> Draft:
    """The draft. `folders`: layer -> its folder. Raises `Refused`."""
    domain: Domain = _named(model, Domain, "business.domain", request.domain)
    owner = _named(model, Actor, "business.actor", request.owner).id if request.owner else None
    role = _named(model, Role, "security.role", request.role).id if request.role else None
    called = names(model, request.name, name_of(domain.id), request.aggregate)
    _port_is_free(model, request.port)
    absent = [layer for layer in LAYERS if layer not in folders]
    if absent:
        raise Refused(f"model/manifest.yaml has no folder for layer {absent[0]}")
    try:
        offered = ground(model, domain, owner=owner, port=request.port, role=role)
    except Missing as error:
        raise Refused(f"the model has no place for a service: it lacks {error}") from error
    site = Site(called=called, offered=offered, folders=folders)
    files = tuple(_files(site, model.project.slug))
    _nothing_in_the_way(model, files)
    _path_is_free(model, f"/v1/{called.many}")
    return Draft(files=files, additions=(_grant(model, called, offered),), says=_says(offered))


def _named(model: Model, kind: type[Any], prefix: str, given: str) -> Any:
    wanted = given if given.startswith(f"{prefix}.") else f"{prefix}.{given}"
    found = model.get(kind, wanted)
    if found is None:
        known = [name_of(each.id) for each in model.all(kind)]
        near = f"; {offered(given, known)}" if known else ""
        raise Refused(f"no {prefix.partition('.')[2]} `{given}`{near}")
    return found


def _port_is_free(model: Model, port: int | None) -> None:
    if port is not None and not 1024 <= port <= 65535:
        raise Refused(f"port {port} is not between 1024 and 65535")
    for service in model.all(Service):
        if service.port == port:
            raise Refused(f"port {port} belongs to `{service.id}`", conflict=True)


def _nothing_in_the_way(model: Model, files: tuple[NewFile, ...]) -> None:
    for file in files:
        written = [each for each in file.elements.values() if isinstance(each, dict)]
        for known in (file.elements.get("x-id"), *(each.get("id") for each in written)):
            if known in model.elements:
                place = model.refs[ElementId(str(known))].file
                raise Refused(f"`{known}` is declared already, in {place}", conflict=True)


def _path_is_free(model: Model, path: str) -> None:
    for operation in model.all(Operation):
        if f"{operation.path}/".startswith(f"{path}/"):
            raise Refused(f"{path} belongs to `{operation.id}`", conflict=True)


def _grant(model: Model, called: Names, offered: Ground) -> Addition:
    """The permissions of the new resource, for one role."""
    place = model.refs[ElementId(offered.role)]
    items = tuple(f"{called.one}:{action}" for action in parts_platform.ACTIONS)
    return Addition(path=place.file, pointer=(*place.pointer, "permissions"), items=items)


def _says(offered: Ground) -> tuple[str, ...]:
    said = [
        f"owner {offered.owner}, port {offered.port}",
        f"{offered.role} may do everything with it; grant others what they need",
    ]
    if offered.broker is None:
        said.append("no Kafka broker in the model: the service announces nothing")
    return tuple(said)


def _files(site: Site, project: str) -> Iterator[NewFile]:
    short, domain = site.called.short, site.called.domain
    layout: list[tuple[str, str, str, Mapping[str, Any]]] = [
        ("security", "", short, parts_platform.resource(site)),
        ("application", domain, site.called.service, parts_application.service(site)),
        ("application", domain, f"{short}-aggregate", parts_application.aggregate(site)),
        ("application", domain, f"{short}-commands", parts_application.performed(site)),
        ("datastore", "postgresql", short, parts_platform.stores(site)),
        ("navigation", "", f"{short}-routes", parts_platform.route(site)),
        ("apm", "slo", f"{short}-indicators", parts_apm.objectives(site)),
        ("apm", "slo", short, parts_apm.promises(site)),
        ("apm", "traces", short, parts_apm.trace(site)),
        ("apm", "logs", short, parts_apm.log(site)),
        ("apm", "alerts", short, parts_apm.alerts(site)),
        ("apm", "dashboards", short, parts_apm.dashboard(site)),
    ]
    if site.offered.broker is not None:
        layout += [
            ("application", domain, f"{short}-events", parts_application.events(site)),
            ("technology", "", f"{short}-topics", parts_platform.topics(site, project)),
        ]
    for layer, folder, name, elements in layout:
        path = site.path(layer, folder, f"{name}.yaml")
        yield NewFile(path=path, layer=layer, elements=elements)
    data = {"": parts_data.entity, "enumerations": parts_data.enumerations}
    data |= {"messages": parts_data.messages}
    data |= {"events": parts_data.payloads} if site.offered.broker is not None else {}
    for part, made in data.items():
        yield NewFile(path=site.data(part), layer="data_model", elements=made(site))
    yield NewFile(path=parts_api.file(site), layer="", elements=parts_api.document(site))
