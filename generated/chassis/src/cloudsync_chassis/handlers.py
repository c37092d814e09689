"""What the generated defaults say where a model implies no behaviour."""

from __future__ import annotations

from typing import Any

from cloudsync_chassis.events.envelope import Event, Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import HANDLER_MISSING, Problem

log = logger("handlers")


def handler_missing(command: str) -> Problem:
    """The refusal of a command or query with no derivable behaviour, to be raised."""
    return HANDLER_MISSING(f"{command} has no handler yet", command=command)


def not_handled(event: Received[Any] | Event) -> None:
    """Note that an event was received and changed nothing."""
    plain = event if isinstance(event, Event) else event.event
    log.info("event_not_handled", type=plain.type, event_id=str(plain.id))
