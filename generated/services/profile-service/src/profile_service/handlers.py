"""What profile-service does beyond its model. This file is yours."""

from __future__ import annotations

from .accounts import Accounts
from .directory import Directory
from .selves import Selves


class Handlers(Selves, Directory, Accounts):
    """What people do with their profiles, what others see of them, what accounts do to them."""
