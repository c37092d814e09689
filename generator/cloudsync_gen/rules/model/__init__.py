"""Standard validation: names and forms that every layer shares."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.model import (
    entry_twice,
    key_differs_from_id,
    names_alike,
    parts_alike,
)

RULES: tuple[Rule, ...] = (
    key_differs_from_id.RULE,
    entry_twice.RULE,
    names_alike.RULE,
    parts_alike.RULE,
)
