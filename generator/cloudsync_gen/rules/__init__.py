"""All rules, ordered by code. Retired codes keep their meaning in `RETIRED`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from cloudsync_gen.rules import (
    ddd,
    deployment,
    events,
    graphql,
    links,
    model,
    observability,
    openapi,
    proto,
    regions,
    sagas,
    schema,
    security,
    shapes,
    slo,
    stores,
    ux,
    webhooks,
)
from cloudsync_gen.rules._rule import Rule

_FAMILIES = (
    ddd.RULES,
    deployment.RULES,
    events.RULES,
    graphql.RULES,
    links.RULES,
    model.RULES,
    observability.RULES,
    openapi.RULES,
    proto.RULES,
    regions.RULES,
    sagas.RULES,
    schema.RULES,
    security.RULES,
    shapes.RULES,
    slo.RULES,
    stores.RULES,
    ux.RULES,
    webhooks.RULES,
)

RULES: tuple[Rule, ...] = tuple(sorted(chain(*_FAMILIES), key=lambda each: each.code))

CODES: Mapping[str, str] = {key: rule.code for rule in RULES for key in (rule.code, rule.name)}
"""Code or name of every rule -> its code."""

RETIRED: Mapping[str, str] = {}
"""Code that is no longer given -> the code that took its place, or an empty string."""
