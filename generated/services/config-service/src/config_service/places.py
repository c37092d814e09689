"""Where values hold: services, regions, and which of several values wins."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from .generated import models

GLOBAL = "global"

_SHARES = 10_000

SERVICES = frozenset(
    f"{name}-service"
    for name in [
        "audit",
        "auth",
        "calendar",
        "chat",
        "config",
        "document",
        "email",
        "events",
        "feature-flag",
        "file",
        "invoice",
        "metrics",
        "ml",
        "org",
        "payment",
        "profile",
        "push",
        "reporting",
        "search",
        "secret",
        "sms",
        "subscription",
        "task",
        "usage",
        "user",
        "version",
        "video",
        "webhook",
    ]
) | {"api-gateway", "service-discovery"}
"""The services of the platform's model, which alone may ask for values."""

_WIDTHS = {
    models.ConfigScope.organization: 0,
    models.ConfigScope.service: 1,
    models.ConfigScope.platform: 2,
}

Place = tuple[str, models.Environment, str, models.ConfigScope, str | None]


def place_of(entry: models.ConfigEntry) -> Place:
    """Where an entry holds: of its revisions there one is live."""
    return entry.key, entry.environment, entry.region, entry.scope, entry.service_name


def filters_of(entry: models.ConfigEntry) -> dict[str, Any]:
    """Filters that all revisions of an entry's key and place pass, and perhaps other services'."""
    return {
        "key": entry.key,
        "environment": entry.environment,
        "region": entry.region,
        "scope": entry.scope,
    }


def is_given_to(entry: models.ConfigEntry, pod: str | None) -> bool:
    """Whether a pod has a value by now that is being rolled out.

    The same pods come first at each stage, and those of one release have all its entries; other
    rollouts begin with other pods.
    """
    if pod is None:
        return False
    seed = f"{entry.release_id or entry.id}/{pod}"
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % _SHARES
    return share * 100 < entry.rollout_percent * _SHARES


def holding(
    entries: Iterable[models.ConfigEntry], service: str, pod: str | None
) -> list[models.ConfigEntry]:
    """Of each key the value that holds for a service: of the narrowest scope, then of the region
    before all regions, then of the service before all services; by key.

    Entries must be of the place's environment and regions, live or being rolled out.
    """
    found: dict[str, models.ConfigEntry] = {}
    for each in entries:
        if each.service_name not in (None, service):
            continue
        if each.status is models.ConfigStatus.rolling_out and not is_given_to(each, pod):
            continue
        known = found.get(each.key)
        if known is None or _rank(each) < _rank(known):
            found[each.key] = each
    return [found[key] for key in sorted(found)]


def _rank(entry: models.ConfigEntry) -> tuple[int, bool, bool, int]:
    """Less is narrower; of two revisions of one place the one being rolled out is the greater."""
    return (
        _WIDTHS[entry.scope],
        entry.region == GLOBAL,
        entry.service_name is None,
        -entry.revision,
    )
