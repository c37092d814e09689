"""Domain events: appended to their streams, and to the copy for questions, once each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.store.repository import UniqueViolationError
from pydantic_core import to_jsonable_python

from .base import NOTHING, PLATFORM, STATES
from .enriching import Enriching
from .generated import models
from .sealing import LONGEST, NOBODY

_TYPE = re.compile(r"cloudsync\.([a-z]+)\.([a-z0-9-]+)\.v([0-9]{1,3})")
_TOPIC = re.compile(r"cloudsync\.[a-z]+\.([a-z-]{1,27})\.v[0-9]+")
_SUBJECT = re.compile(r"[A-Za-z0-9-]{1,36}")

_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "ChannelCreated": frozenset({"name"}),
    "DocumentCreated": frozenset({"title", "principals"}),
    "EventScheduled": frozenset({"summaryMasked", "timeZone"}),
    "FileUploaded": frozenset(),
    "InvoiceIssued": frozenset(),
    "LoginSucceeded": frozenset(),
    "MeetingEnded": frozenset(),
    "MemberJoined": frozenset(),
    "MessagePosted": frozenset({"excerpt"}),
    "NotificationDelivered": frozenset({"provider", "route"}),
    "OrganizationCreated": frozenset({"slug"}),
    "PaymentProcessed": frozenset({"methodKind"}),
    "ProfileUpdated": frozenset({"givenName", "familyName", "headline", "avatarFileId", "skills"}),
    "SubscriptionActivated": frozenset(),
    "TaskCompleted": frozenset({"headline"}),
    "TeamCreated": frozenset({"handle"}),
    "UsageRecorded": frozenset(),
    "UserCreated": frozenset({"primaryEmailHash"}),
    "VersionCreated": frozenset(),
}
"""Members that are not archived: texts, names, addresses and means. Of other types nobody has said
which those are, so that they are sealed.
"""

_COUNTED: Mapping[str, tuple[str, str]] = {
    "EventScheduled": ("attendeeUserIds", "guestCount"),
    "MessagePosted": ("mentionedUserIds", "mentionCount"),
    "TeamCreated": ("leadUserIds", "leadCount"),
    "VersionCreated": ("contributorIds", "contributorCount"),
}
"""Lists of people of which only the number is archived."""

_PEOPLE = (
    "userId",
    "authorId",
    "creatorId",
    "ownerId",
    "uploaderId",
    "completedBy",
    "organizerId",
    "recipientUserId",
    "ownerUserId",
)
"""Members that say whose doing it was."""


class Archiving(Enriching):
    """The archive from which projections are built again."""

    async def archive_event(self, ctx: Context, event: Event) -> None:
        """Append an event to its stream, sealed for its person or because nobody has looked at what
        it says; of a purged tenant nothing.
        """
        if event.organization_id is None:
            ctx = ctx.within(PLATFORM)
        kind = type_of(event)
        if kind is None or await self.purges.count(ctx):
            return
        if await self.collected_event.find(ctx, eventId=event.id) is not None:
            return
        name = kind.rpartition(".")[2]
        data = _archived(name, event.data)
        person = _whose(event.data)
        payload = json.dumps(to_jsonable_python(data), separators=(",", ":"), ensure_ascii=False)
        record: dict[str, Any] = {
            "eventId": event.id,
            "eventType": kind,
            "schemaVersion": int(event.type.rpartition(".v")[2]),
            "source": models.EventSource.service,
            "status": STATES.accepted,
            "occurredAt": min(event.time, ctx.now),
            "receivedAt": ctx.now,
            "payload": payload,
            "consentPurposes": [models.ConsentPurpose.operation],
            **await self._next_of_stream(ctx, event),
        }
        if person is not None or name not in _LEFT_OUT or len(payload) > LONGEST:
            # a fact without what it said is better than none
            sealed = await self.seal(ctx, person or NOBODY, payload)
            sealed = sealed or await self.seal(ctx, person or NOBODY, NOTHING)
            record["payloadKeyId"], record["payload"] = sealed or (None, NOTHING)
        if person is not None and "payloadKeyId" in record:
            record["actorKey"] = await self.pseudonym(ctx, str(person))
        await self._append(ctx, record)
        lag = max(0.0, (ctx.now - event.time).total_seconds())
        self.metrics.events_archive_lag_seconds(lag, domain=kind.split(".")[1])

    async def _append(self, ctx: Context, record: Mapping[str, Any]) -> None:
        try:
            entity = await self.collected_event.insert(ctx, record)
        except UniqueViolationError:
            return
        await self.note_sealed(ctx, entity)
        await self.settle(ctx, entity, entity.payload)
        self.metrics.events_collected_total(source="service", result="archived")

    async def _next_of_stream(self, ctx: Context, event: Event) -> dict[str, Any]:
        """The stream and the place of the event in it, in the order in which events arrive.

        Producers number an aggregate's events across topics of which the archive hears some, so
        their numbers would leave gaps that a reader takes for loss.
        """
        topic = _TOPIC.fullmatch(event.topic)
        if topic is None or not _SUBJECT.fullmatch(event.subject):
            return {}
        name = f"{topic[1]}:{event.subject}"
        known = await self.streams.find(ctx, streamId=name)
        if known is None:
            owner = event.source.rpartition("/")[2]
            known = await self.streams.insert(ctx, {"streamId": name, "owner": owner, "head": 0})
        await self.streams.rewrite(ctx, known, {"head": known.head + 1})
        return {"streamId": name, "streamSequence": known.head + 1}

    async def nameless(self, ctx: Context, payload: str) -> str:
        """A payload with pseudonyms in the place of the people whose doing it was."""
        data = json.loads(payload)
        people = [each for each in _PEOPLE if isinstance(data.get(each), str)]
        if not people:
            return payload
        for each in people:
            data[each] = await self.pseudonym(ctx, data[each])
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def type_of(event: Event) -> str | None:
    """`cloudsync.user.user.UserCreated` for `cloudsync.user.user-created.v1` on the topic of users;
    None for what is no event of ours.
    """
    told, topic = _TYPE.fullmatch(event.type), _TOPIC.fullmatch(event.topic)
    if told is None or topic is None:
        return None
    name = "".join(each.capitalize() for each in told[2].split("-"))
    return f"cloudsync.{told[1]}.{topic[1]}.{name}" if name.isalpha() else None


def told_as(kind: str, version: int) -> str:
    """The other way round: the type by which services know an event."""
    _, domain, _, name = kind.split(".")
    words = re.sub("(?<!^)([A-Z])", r"-\1", name).lower()
    return f"cloudsync.{domain}.{words}.v{version}"


def _archived(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: each for key, each in data.items() if key not in _LEFT_OUT.get(name, ())}
    people, number = _COUNTED.get(name, ("", ""))
    if people in found:
        found[number] = len(found.pop(people) or ())
    return found


def _whose(data: Mapping[str, Any]) -> UUID | None:
    told = next((str(data[each]) for each in _PEOPLE if data.get(each)), "")
    try:
        return UUID(told)
    except ValueError:
        return None
