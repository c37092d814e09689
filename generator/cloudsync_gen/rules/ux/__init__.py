"""Screens and routes against the operations behind them."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.ux import (
    component_unknown_property,
    component_without_screen,
    operation_out_of_reach,
    route_admits_more_than_screen,
    route_keeps_out_permitted,
    route_keeps_out_screen_role,
    route_of_nothing,
    route_reaches_nothing,
    route_without_contract,
    screen_roles_lack_permission,
    screen_without_route,
)

RULES: tuple[Rule, ...] = (
    screen_roles_lack_permission.RULE,
    route_admits_more_than_screen.RULE,
    screen_without_route.RULE,
    route_of_nothing.RULE,
    component_without_screen.RULE,
    route_without_contract.RULE,
    route_reaches_nothing.RULE,
    operation_out_of_reach.RULE,
    route_keeps_out_permitted.RULE,
    route_keeps_out_screen_role.RULE,
    component_unknown_property.RULE,
)
