"""The metrics of one running service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.metrics.scrape import Saturation
from cloudsync_chassis.metrics.series import Registry, Series
from cloudsync_chassis.metrics.spec import MetricSpec
from cloudsync_chassis.metrics.standard import Standard
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.database import Database

MOST_OWN = 200
"""Different sets of labels of one of the service's own series: they come from its handlers."""


class ServiceMetrics:
    """What all services measure (`standard`), and what handlers do (`own`)."""

    def __init__(
        self,
        spec: ServiceSpec,
        settings: Settings,
        database: Database,
        clients: Mapping[str, Client],
    ) -> None:
        shared = {
            "service": spec.name,
            "region": settings.region or "",
            "environment": settings.environment,
        }
        self.registry = Registry(shared)
        self.standard = Standard(self.registry, spec.latency_buckets)
        self._saturation = Saturation(self.registry, database, clients)
        self._own: dict[str, Series] = {}

    def own(self, specs: Sequence[MetricSpec]) -> Mapping[str, Series]:
        """The service's own series by name, however often they are asked for."""
        for each in specs:
            if each.name not in self._own:
                self._own[each.name] = self.registry.series(each, MOST_OWN)
        return self._own

    async def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        await self._saturation.refresh()
        return self.registry.text()
