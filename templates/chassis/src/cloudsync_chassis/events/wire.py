"""Events as messages of a broker: written in CloudEvents' structured mode, read in either."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

from cloudsync_chassis import clock
from cloudsync_chassis.events.envelope import Event

STRUCTURED = "application/cloudevents+json"
UNREADABLE = "unreadable"
"""Type of what stands for a message that is no event of ours; its data hold the message."""

_PREFIX = "ce_"


def body(event: Event) -> bytes:
    """The structured form."""
    return json.dumps(event.to_json(), separators=(",", ":"), ensure_ascii=False).encode()


def read(topic: str, place: str, content: bytes, kind: str, headers: Mapping[str, bytes]) -> Event:
    """The event of a message, or one of type `UNREADABLE` whose id follows from `place`.

    A consumer must be able to leave any message behind; what is no event would else stop it for
    ever.
    """
    try:
        document = json.loads(content)
        if not kind.startswith("application/cloudevents"):
            document = {**_attributes(headers), "data": document}
        return Event.from_json({"subject": "", **document, "topic": topic})
    except (ValueError, KeyError, TypeError, AttributeError):
        return Event(
            id=uuid5(NAMESPACE_URL, place),
            type=UNREADABLE,
            source=f"/{topic}",
            topic=topic,
            subject=place,
            time=clock.now(),
            data={"message": b64encode(content).decode()},
        )


def _attributes(headers: Mapping[str, bytes]) -> dict[str, Any]:
    """Binary mode: attributes are headers `ce_…`, percent-encoded as in the HTTP binding."""
    return {
        name.removeprefix(_PREFIX): unquote(value.decode())
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
