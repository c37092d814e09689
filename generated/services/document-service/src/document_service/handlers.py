"""What document-service does beyond its model. This file is yours."""

from __future__ import annotations

from .attachments import Attachments
from .threads import Threads
from .timers import Timers


class Handlers(Timers, Attachments, Threads):
    """Editing, places, shares and links, audiences, attachments, comments, hand-overs, the end."""
