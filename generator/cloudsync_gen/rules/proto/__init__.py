"""Proto sources: every RPC carries a command or query, every entity exists."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.proto import (
    enum_value_style,
    field_name_misspelt,
    package_of_another_domain,
    package_without_version,
    proto_name_style,
    response_of_no_output,
    rpc_message_name,
    rpc_name_differs,
    rpc_of_another_service,
    rpc_without_command,
    unknown_entity_option,
)

RULES: tuple[Rule, ...] = (
    rpc_without_command.RULE,
    rpc_of_another_service.RULE,
    unknown_entity_option.RULE,
    rpc_name_differs.RULE,
    rpc_message_name.RULE,
    package_without_version.RULE,
    enum_value_style.RULE,
    proto_name_style.RULE,
    package_of_another_domain.RULE,
    response_of_no_output.RULE,
    field_name_misspelt.RULE,
)
