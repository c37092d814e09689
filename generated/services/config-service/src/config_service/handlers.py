"""What config-service does beyond its model. This file is yours."""

from __future__ import annotations

from .drafting import Drafting
from .keeping import Keeping
from .serving import Serving


class Handlers(Drafting, Keeping, Serving):
    """Drafts and reviews, rollouts and freezes, bundles for services, snapshots."""
