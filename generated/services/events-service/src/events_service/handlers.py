"""What events-service does beyond its model. This file is yours."""

from __future__ import annotations

from .erasing import Erasing


class Handlers(Erasing):
    """Collecting, the archive, questions, replays and forgetting; each builds on the one before."""
