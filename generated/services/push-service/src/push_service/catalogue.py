"""The routing table: which facts become notifications, with which words, urgency and folding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PLACE = re.compile(r"\{\{\s*([a-z][a-zA-Z0-9]{0,39})\s*\}\}")


@dataclass(frozen=True, slots=True)
class Route:
    """How a fact is told. `words`: the key of its template, and what is said until that is there.

    `link`: where it leads, `{field}` of the event's data; `fold`: what newer ones take the place of.
    """

    topic: str
    words: tuple[str, str]
    link: str
    urgency: str = "normal"
    fold: str = ""
    seconds: int = 86_400


ROUTES = {
    "message-mention": Route(
        "mention",
        ("message-mention", "You were mentioned"),
        "channel/{channelId}/{messageId}",
        fold="channel:{channelId}",
    ),
    "message-direct": Route(
        "directMessage",
        ("message-direct", "New message"),
        "channel/{channelId}/{messageId}",
        fold="channel:{channelId}",
    ),
    "task-assigned": Route(
        "task", ("task-assigned", "{{task}} is yours: {{headline}}"), "task/{taskId}"
    ),
    "task-due-date-changed": Route(
        "task",
        ("task-due", "{{task}} is due {{dueOn}}"),
        "task/{taskId}",
        urgency="passive",
        fold="due:{taskId}",
    ),
    "document-shared": Route(
        "document", ("document-shared", "A document was shared with you"), "document/{documentId}"
    ),
    "comment-added": Route(
        "mention",
        ("comment-mention", "You were named in a remark"),
        "document/{documentId}/{commentThreadId}",
        fold="thread:{commentThreadId}",
    ),
    "saved-search-matched": Route(
        "document",
        ("search-matched", "{{number}} new results of your search"),
        "search/{savedSearchId}",
        urgency="passive",
        fold="search:{savedSearchId}",
    ),
    "event-scheduled": Route(
        "meeting", ("event-scheduled", "{{summary}}"), "event/{eventId}", fold="event:{eventId}"
    ),
    "event-rescheduled": Route(
        "meeting", ("event-moved", "An event has moved"), "event/{eventId}", fold="event:{eventId}"
    ),
    "event-cancelled": Route(
        "meeting",
        ("event-cancelled", "An event was cancelled"),
        "event/{eventId}",
        fold="event:{eventId}",
    ),
    "meeting-started": Route(
        "meeting",
        ("meeting-call", "Your meeting has begun"),
        "meeting/{meetingId}",
        urgency="immediate",
        seconds=30,
    ),
    "quota-exceeded": Route(
        "billing",
        ("quota-exceeded", "A limit of your plan is reached"),
        "billing/{meterCode}",
        fold="quota:{meterCode}",
    ),
    "metric-anomaly-detected": Route(
        "system",
        ("operator-alert", "{{text}}"),
        "metrics/{metricKey}",
        urgency="immediate",
        fold="metric:{metricKey}",
    ),
    "model-trained": Route("system", ("operator-alert", "{{text}}"), "models/{modelKey}"),
    "model-canary-started": Route("system", ("operator-alert", "{{text}}"), "models/{modelKey}"),
    "model-deployed": Route("system", ("operator-alert", "{{text}}"), "models/{modelKey}"),
    "model-rolled-back": Route(
        "system", ("operator-alert", "{{text}}"), "models/{modelKey}", urgency="immediate"
    ),
    "model-drift-detected": Route("system", ("operator-alert", "{{text}}"), "models/{modelKey}"),
}


def compiled(text: str) -> list[str]:
    """A template as texts and names of variables in turn, beginning and ending with a text."""
    return _PLACE.split(text)


def filled(pieces: list[str], variables: Mapping[str, str], longest: int) -> str:
    """One line of at most so many characters; an unknown variable vanishes."""
    parts = [
        each if place % 2 == 0 else variables.get(each, "") for place, each in enumerate(pieces)
    ]
    line = " ".join("".join(parts).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def link_of(route: Route, data: Mapping[str, Any]) -> str:
    """Where a notification leads, within the app."""
    parts = route.link.format_map(dict(data)).split("/")
    return "cloudsync://" + "/".join(re.sub(r"[^A-Za-z0-9_-]", "-", each) for each in parts)


def fold_of(route: Route, data: Mapping[str, Any]) -> str | None:
    """What newer notifications of the same kind take the place of."""
    return route.fold.format_map(dict(data))[:64] or None


def subject_of(deep_link: str) -> str:
    """What a person may have muted: `channel:<id>` of `cloudsync://channel/<id>/…`."""
    kind, _, rest = deep_link.removeprefix("cloudsync://").partition("/")
    return f"{kind}:{rest.partition('/')[0]}"
