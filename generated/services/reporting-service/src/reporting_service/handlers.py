"""What reporting-service does beyond its model. This file is yours."""

from __future__ import annotations

from .revenue import Revenue
from .watching import Watching
from .worker import Worker


class Handlers(Worker, Watching, Revenue):
    """Boards, exploring and listening, wishes and schedules, runs and their files, revenue, and
    farewells.
    """
