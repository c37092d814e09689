"""Links: every reference leads to something of the right kind."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.links import (
    dangling_link,
    link_target_type,
    unknown_permission_action,
)

RULES: tuple[Rule, ...] = (
    dangling_link.RULE,
    link_target_type.RULE,
    unknown_permission_action.RULE,
)
