"""Multi-region deployment: placement, replication, residency."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.regions import (
    failover_leaves_residency,
    namespace_not_in_region,
    recovery_objective,
    region_without_successor,
    store_away_from_service,
    tier_1_in_one_region,
    traffic_not_whole,
)

RULES: tuple[Rule, ...] = (
    tier_1_in_one_region.RULE,
    store_away_from_service.RULE,
    failover_leaves_residency.RULE,
    namespace_not_in_region.RULE,
    traffic_not_whole.RULE,
    recovery_objective.RULE,
    region_without_successor.RULE,
)
