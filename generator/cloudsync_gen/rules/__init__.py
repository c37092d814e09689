"""All rules, one line each, ordered by code. Retired codes keep their meaning in `RETIRED`."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.links import dangling_link, link_target_type

RULES: tuple[Rule, ...] = (
    dangling_link.RULE,
    link_target_type.RULE,
)

RETIRED: Mapping[str, str] = {}
"""Code that is no longer given -> the code that took its place, or an empty string."""
