"""What calendar-service does beyond its model. This file is yours."""

from __future__ import annotations

from .farewells import Farewells
from .looking import Looking
from .retention import Retention


class Handlers(Farewells, Looking, Retention):
    """Events and series, people and rooms, calendars and files, farewells, and looking at it all."""
