"""Reading again: a group is moved back in time, or its dead letters get another chance.

Nothing is handled twice by it: the inbox knows every event that was, so what comes again changes
only what an event that never was handled changes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cloudsync_chassis.events.bus import Bus
from cloudsync_chassis.events.envelope import Event


async def revive(bus: Bus, group: str, dead_letters: str, since: datetime) -> int:
    """Publish the group's dead letters since then to the topics that they came by.

    A group reads its pile once, under the name `<group>.replay`: what it published or passed over
    does not come again. Returns how many were published.
    """
    revived = 0
    others: list[Event] = []
    reader = f"{group}.replay"
    while batch := await bus.fetch(reader, [dead_letters], 100):
        for delivery in batch:
            event, failure = delivery.event, delivery.event.failure
            if failure is not None and failure.group == group and event.time >= since:
                await bus.publish([replace(event, topic=failure.topic, failure=None)])
                revived += 1
            elif failure is not None and failure.group != group and not bus.is_log:
                # one pile for all groups: it goes back, behind those that were looked at
                others.append(event)
            await bus.acknowledge(reader, [delivery])
    if others:
        await bus.publish(others)
    return revived
