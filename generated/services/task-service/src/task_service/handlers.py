"""What task-service does beyond its model. This file is yours."""

from __future__ import annotations

from .dependencies import Dependencies
from .imports import Imports
from .leavers import Leavers
from .moves import Moves
from .parts import Parts
from .paths import Paths
from .searching import Searching
from .seats import Seats


class Handlers(Seats, Moves, Parts, Dependencies, Paths, Imports, Searching, Leavers):
    """Boards and seats at them, tasks and what they consist of, imports, search, and farewells."""
