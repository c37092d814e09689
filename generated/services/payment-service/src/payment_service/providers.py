"""Which of the two providers begins a payment, and the risk that we take."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from cloudsync_chassis import files, traced
from cloudsync_chassis.logs import logger

from .generated import models
from .generated.settings import ServiceSettings
from .provider import Provider, Sandbox

_WINDOW = 30.0
"""Seconds within which failures of the main provider are counted."""

log = logger("providers")


class Providers:
    """The main provider, and the standby for payments that begin while the main one fails."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._limit = settings.standby_after_failures
        self._failures: deque[float] = deque(maxlen=self._limit)
        names = models.PaymentProvider
        self._known: Mapping[models.PaymentProvider, Provider] = {
            each: traced.calls(Sandbox(settings, each), "payment-provider") for each in names
        }

    def __getitem__(self, name: models.PaymentProvider) -> Provider:
        return self._known[name]

    def failed(self, name: models.PaymentProvider) -> None:
        """Count a failure of the main provider."""
        if name is models.PaymentProvider.main:
            self._failures.append(time.monotonic())

    def first(self) -> models.PaymentProvider:
        """Who begins the next payment."""
        recent = [each for each in self._failures if each > time.monotonic() - _WINDOW]
        if len(recent) >= self._limit:
            return models.PaymentProvider.standby
        return models.PaymentProvider.main


class RiskThresholds:
    """From which risk on a payment is refused: our own limit, or a lower one of a model.

    A version's threshold is read from `payment-risk/<version>.json` in the state folder,
    `{"refuseFrom": 70}`, where the training pipeline puts it.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    def refuse_from(self) -> int:
        """The present threshold, 0 to 100."""
        active = self._read("active.json")
        limit = active.get("refuseFrom") if active else None
        own = self._settings.risk_refuse_from
        return min(own, limit) if isinstance(limit, int) else own

    def adopt(self, version: str) -> bool:
        """Use a version's threshold; False, and the old one stays, if it cannot be read."""
        found = self._read(f"{version}.json")
        limit = found.get("refuseFrom") if found else None
        if not isinstance(limit, int) or not 1 <= limit <= 100:
            log.warning("risk_thresholds_unreadable", version=version)
            return False
        self._write({"version": version, "refuseFrom": limit})
        return True

    def drop(self, version: str, previous: str | None) -> None:
        """Return to the version before, or to our own limit, if this one is in use."""
        active = self._read("active.json")
        if not active or active.get("version") != version:
            return
        if previous is None or not self.adopt(previous):
            self._write({})

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self._settings.state_path("payment-risk", name)
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _write(self, active: dict[str, Any]) -> None:
        path = self._settings.state_path("payment-risk", "active.json")
        files.replace(path, json.dumps(active).encode())
