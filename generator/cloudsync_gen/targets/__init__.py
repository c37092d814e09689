"""All targets, one line each, ordered by name."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_gen.targets import (
    catalog,
    charts,
    chassis,
    clients,
    contracts,
    docs,
    grpc_stubs,
    layer_schemas,
    service,
    service_graphql,
    service_grpc,
    stores,
)
from cloudsync_gen.targets._target import Target

TARGETS: tuple[Target, ...] = (
    catalog.TARGET,
    charts.TARGET,
    chassis.TARGET,
    clients.TARGET,
    contracts.TARGET,
    docs.TARGET,
    grpc_stubs.TARGET,
    layer_schemas.TARGET,
    service.TARGET,
    service_graphql.TARGET,
    service_grpc.TARGET,
    stores.TARGET,
)

BY_NAME: Mapping[str, Target] = {target.name: target for target in TARGETS}
