"""What reporting-service does beyond its model. This file is yours."""

from __future__ import annotations

from .revenue import Revenue
from .worker import Worker


class Handlers(Worker, Revenue):
    """Boards and exploring, wishes and schedules, runs and their files, revenue, and farewells."""
