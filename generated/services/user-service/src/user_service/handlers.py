"""What user-service does beyond its model. This file is yours."""

from __future__ import annotations

from .addresses import Addresses
from .answers import Answers
from .directory import Directory
from .people import People


class Handlers(Answers, Directory, Addresses, People):
    """Accounts, their ends, their addresses, directories, and what is read of people."""
