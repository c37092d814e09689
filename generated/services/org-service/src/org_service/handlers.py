"""What org-service does beyond its model. This file is yours."""

from __future__ import annotations

from .accounts import Accounts
from .domains import Domains
from .invitations import Invitations
from .subscriptions import Subscriptions
from .tenants import Tenants
from .units import Units


class Handlers(Subscriptions, Tenants, Domains, Invitations, Accounts, Units):
    """All topics; `Subscriptions` comes first, as it brings an organisation up to date."""
