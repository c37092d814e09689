"""A service as a component of the catalogue, with the APIs that are its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets.catalog.apis import Apis, entity_of
from cloudsync_gen.targets.catalog.entities import entity, entity_name, holder, reference

_UP = "../../../"


def of_service(model: Model, apis: Apis, service: Service) -> Iterator[dict[str, Any]]:
    """The component first."""
    name, owner, system = map(name_of, (service.id, service.owner, service.domain))
    provided = [*apis.provided(service), *apis.shared(service)]
    spec = {
        "type": "service",
        "lifecycle": "production",
        "owner": reference("group", owner),
        "system": reference("system", system),
        "providesApis": sorted(entity_name(each.name) for each in provided),
        "consumesApis": sorted(entity_name(each.name) for each in apis.used(service)),
        "dependsOn": sorted(
            {reference("resource", apis.stores[holder(model, use.store)]) for use in service.stores}
        ),
    }
    tags = (service.style, f"tier-{service.tier}")
    yield entity("Component", name, service.name, service.description, spec, tags)
    for api in apis.provided(service):
        yield entity_of(api, owner, system, _UP)
