"""Zero trust: who may do what, what is protected and where."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.security import (
    action_nobody_needs,
    class_lost,
    command_without_permission,
    level_twice,
    log_unmasked,
    long_lived_token,
    permission_granted_to_nobody,
    permissive_mesh,
    policy_condition,
    restricted_in_event,
    role_inheritance_cycle,
    role_without_permission,
    secret_literal,
    sought_by_ciphertext,
    stored_in_clear,
    transition_role_lacks_permission,
    unclassified_entity,
    unclassified_property,
)

RULES: tuple[Rule, ...] = (
    command_without_permission.RULE,
    permission_granted_to_nobody.RULE,
    unclassified_property.RULE,
    unclassified_entity.RULE,
    stored_in_clear.RULE,
    secret_literal.RULE,
    restricted_in_event.RULE,
    role_inheritance_cycle.RULE,
    transition_role_lacks_permission.RULE,
    policy_condition.RULE,
    permissive_mesh.RULE,
    long_lived_token.RULE,
    sought_by_ciphertext.RULE,
    level_twice.RULE,
    action_nobody_needs.RULE,
    log_unmasked.RULE,
    role_without_permission.RULE,
    class_lost.RULE,
)
