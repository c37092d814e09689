"""Endpoint sets: which copies a caller is given, in which order, with which weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .generated import models

EU = frozenset({"eu-west-1"})
"""Regions inside the Union: what is served there is served nowhere else."""

STATUS = models.InstanceStatus
CALLED = (STATUS.healthy, STATUS.degraded)
LIVING = (STATUS.registering, STATUS.healthy, STATUS.degraded, STATUS.draining)

_MOST = 500
_HEAVIEST = 1000
_DEGRADED = 10
"""Degraded copies have a tenth of their weight."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A share of a region's traffic, in per cent, that another one serves now."""

    service: str
    source: str
    target: str
    percent: int


@dataclass(frozen=True)
class View:
    """What the registry knows at a moment."""

    instances: tuple[models.ServiceInstance, ...] = ()
    shifts: tuple[Shift, ...] = ()
    generations: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)

    def generation(self, service: str) -> int:
        """Of the service's endpoint set; 1 before its first change."""
        found = self.generations.get(service)
        return found[0] if found else 1

    def endpoints(
        self, service: str, region: str | None, zone: str | None, now: datetime
    ) -> models.EndpointSet:
        """The set for a caller in a region, its own zone first; other regions only where its own
        has no copy, or where traffic is shifted. Without a region, all.
        """
        known = self._alive(service, now)
        if region is None:
            found = [_endpoint(each, _weight(each)) for each in _ordered(known, zone)]
        else:
            found = self._near(service, known, region, zone)
        return models.EndpointSet(
            service_name=service,
            generation=self.generation(service),
            endpoints=found[:_MOST],
        )

    def _alive(self, service: str, now: datetime) -> list[models.ServiceInstance]:
        """Copies that are called; if all leases have run out, what was known seconds ago."""
        known = [
            each
            for each in self.instances
            if each.service_name == service and each.status in CALLED and each.weight > 0
        ]
        fresh = [each for each in known if each.lease_expires_at > now]
        return fresh or known

    def _near(
        self,
        service: str,
        known: Iterable[models.ServiceInstance],
        region: str,
        zone: str | None,
    ) -> list[models.Endpoint]:
        by_region: dict[str, list[models.ServiceInstance]] = {}
        for each in known:
            by_region.setdefault(each.region, []).append(each)
        home = by_region.get(region, [])
        if not home:
            others = (each for name in sorted(by_region) for each in by_region[name])
            allowed = [each for each in others if may_serve(region, each.region)]
            return [_endpoint(each, _weight(each)) for each in _ordered(allowed, zone)]
        total = sum(_weight(each) for each in home)
        left, found = 100, list[models.Endpoint]()
        for shift in self.shifts:
            away = by_region.get(shift.target, [])
            concerned = shift.service in (service, "*") and shift.source == region
            if not concerned or not away or not may_serve(region, shift.target):
                continue
            share = min(left, shift.percent)
            left -= share
            found += _scaled(_ordered(away, None), total * share / 100)
        return [*_scaled(_ordered(home, zone), total * left / 100), *found]


def may_serve(caller: str, region: str) -> bool:
    """Whether a region may serve callers of another: nothing leaves the Union."""
    return caller not in EU or region in EU


def share_of(found: models.EndpointSet, region: str) -> float:
    """Per cent of a set's weight that lies in a region."""
    total = sum(each.weight for each in found.endpoints)
    there = sum(each.weight for each in found.endpoints if each.zone.startswith(region))
    return 100 * there / total if total else 0.0


def _scaled(copies: list[models.ServiceInstance], total: float) -> list[models.Endpoint]:
    """Copies with their weights scaled to a sum; none if that is nothing."""
    present = sum(_weight(each) for each in copies)
    if total <= 0 or not present:
        return []
    return [_endpoint(each, _weight(each) * total / present) for each in copies]


def _ordered(
    copies: Iterable[models.ServiceInstance], zone: str | None
) -> list[models.ServiceInstance]:
    """The caller's own zone first, then in an order that does not change by itself."""
    return sorted(copies, key=lambda each: (each.zone != zone, each.zone, str(each.id)))


def _weight(instance: models.ServiceInstance) -> int:
    if instance.status is STATUS.degraded:
        return max(1, instance.weight // _DEGRADED)
    return instance.weight


def _endpoint(instance: models.ServiceInstance, weight: float) -> models.Endpoint:
    return models.Endpoint(
        service_instance_id=instance.id,
        address=instance.address,
        port=instance.port,
        zone=instance.zone,
        weight=min(_HEAVIEST, max(1, round(weight))),
    )
