"""Services as the platform is asked to run them."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.deployment import (
    engine_too_old,
    nodes_out_of_order,
    pools_above_connections,
    port_of_another_service,
    quantity_unit,
    replicas_out_of_order,
    request_above_limit,
    request_above_node,
    single_replica,
)

RULES: tuple[Rule, ...] = (
    replicas_out_of_order.RULE,
    request_above_limit.RULE,
    port_of_another_service.RULE,
    quantity_unit.RULE,
    nodes_out_of_order.RULE,
    pools_above_connections.RULE,
    single_replica.RULE,
    request_above_node.RULE,
    engine_too_old.RULE,
)
