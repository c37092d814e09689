"""The bus over Kafka: the CloudEvents binding's structured mode, keyed by the aggregate's id.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from cloudsync_chassis.events import wire
from cloudsync_chassis.events.bus import Delivery, Tail
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.logs import logger

log = logger("kafka")


def options(url: str) -> dict[str, Any]:
    """What every client is made with, from `kafka[s]://[user:password@]host:port[,host:port…]`.

    `kafkas` is TLS. With a user, SASL: SCRAM-SHA-512, or what `?mechanism=` says.

    Raises:
        ValueError: no such URL.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    if parts.scheme not in ("kafka", "kafkas") or not hosts:
        raise ValueError("a Kafka URL is kafka[s]://[user:password@]host:port[,host:port…]")
    secure = parts.scheme == "kafkas"
    found: dict[str, Any] = {"bootstrap_servers": hosts.split(",")}
    if secure:
        found["ssl_context"] = ssl.create_default_context()
    if credentials:
        user, _, password = credentials.partition(":")
        asked = parse_qs(parts.query)
        found["sasl_mechanism"] = asked.get("mechanism", ["SCRAM-SHA-512"])[0]
        found["sasl_plain_username"] = unquote(user)
        found["sasl_plain_password"] = unquote(password)
    protocol = "SASL_" if credentials else ""
    found["security_protocol"] = protocol + ("SSL" if secure else "PLAINTEXT")
    return found


@dataclass(slots=True)
class _Member:
    """A consumer of a group; `handled` and `fetched` are the offsets that follow the last ones."""

    consumer: AIOKafkaConsumer
    handled: dict[TopicPartition, int] = field(default_factory=dict)
    fetched: dict[TopicPartition, int] = field(default_factory=dict)

    def forget(self) -> None:
        """Of partitions that are another member's now."""
        self.handled.clear()
        self.fetched.clear()


class _Tail:
    """Reads all partitions from their ends on."""

    def __init__(self, consumer: AIOKafkaConsumer, wait: float) -> None:
        self._consumer = consumer
        self._wait = wait

    async def events(self) -> list[Event]:
        """See `Tail.events`."""
        batches = await self._consumer.getmany(timeout_ms=int(self._wait * 1000))
        return [_event(each) for records in batches.values() for each in records]

    async def close(self) -> None:
        """See `Tail.close`."""
        await self._consumer.stop()


class KafkaBus:
    """Waits at most `wait` seconds a fetch.

    Offsets are committed before the next fetch and at the end, not event by event: what a crash
    repeats, the inbox knows.
    """

    is_log = True

    def __init__(self, url: str, wait: float = 1.0) -> None:
        self._options = options(url)
        self._wait = wait
        self._producer: AIOKafkaProducer | None = None
        self._members: dict[tuple[str, tuple[str, ...]], _Member] = {}

    async def start(self) -> None:
        """See `Bus.start`."""
        # idempotent: a repeated send neither doubles an event nor changes its place
        self._producer = AIOKafkaProducer(acks="all", enable_idempotence=True, **self._options)
        await self._producer.start()

    async def stop(self) -> None:
        """See `Bus.stop`."""
        for member in self._members.values():
            await self._commit(member)
            await member.consumer.stop()
        self._members.clear()
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`.

        Raises:
            ConnectionError: the bus has not been started.
        """
        if self._producer is None:
            raise ConnectionError("the bus is not started")
        sent = [
            await self._producer.send(
                event.topic,
                value=wire.body(event),
                key=event.subject.encode(),
                headers=[("content-type", wire.STRUCTURED.encode())],
                timestamp_ms=int(event.time.timestamp() * 1000),
            )
            for event in events
        ]
        await asyncio.gather(*sent)

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """See `Bus.fetch`."""
        member = await self._member(group, tuple(topics))
        await self._commit(member)
        self._return_to_unhandled(member)
        batches = await member.consumer.getmany(
            timeout_ms=int(self._wait * 1000), max_records=limit
        )
        found = []
        for place, records in batches.items():
            if records:
                member.handled.setdefault(place, records[0].offset)
                member.fetched[place] = records[-1].offset + 1
            found += [Delivery(each.offset, _event(each), place.partition) for each in records]
        return found

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """See `Bus.acknowledge`."""
        for each in deliveries:
            place = TopicPartition(each.event.topic, each.partition)
            for (name, topics), member in self._members.items():
                if name == group and place.topic in topics and place in member.fetched:
                    member.handled[place] = max(each.offset + 1, member.handled[place])

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """See `Bus.rewind`.

        Raises:
            RuntimeError: the topic is unknown, or another member of the group runs.
        """
        consumer = AIOKafkaConsumer(
            topic, group_id=group, enable_auto_commit=False, **self._options
        )
        await consumer.start()
        try:
            known = consumer.partitions_for_topic(topic) or set()
            places = [TopicPartition(topic, each) for each in sorted(known)]
            if not places:
                raise RuntimeError(f"there is no topic {topic}")
            # who has joined and holds every partition is the only member
            if consumer.assignment() != set(places):
                raise RuntimeError(f"stop the other members of {group} first")
            moment = int(since.timestamp() * 1000)
            found = await consumer.offsets_for_times(dict.fromkeys(places, moment))
            ends = await consumer.end_offsets(places)
            starts = {
                place: found[place].offset if found.get(place) else ends[place] for place in places
            }
            await consumer.commit(starts)
        finally:
            await consumer.stop()
        return sum(ends[place] - starts[place] for place in places)

    async def tail(self, topics: Sequence[str]) -> Tail:
        """See `Bus.tail`: a consumer of no group, which has all partitions."""
        consumer = AIOKafkaConsumer(
            *topics,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            isolation_level="read_committed",
            **self._options,
        )
        try:
            await consumer.start()
            # now, and not with the first fetch: what comes in between is not to be missed
            await consumer.seek_to_end()
        except BaseException:  # whoever asks again gets another one
            await consumer.stop()
            raise
        return _Tail(consumer, self._wait)

    async def _member(self, group: str, topics: tuple[str, ...]) -> _Member:
        member = self._members.get((group, topics))
        if member is None:
            consumer = AIOKafkaConsumer(
                *topics,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                **self._options,
            )
            await consumer.start()
            member = self._members[group, topics] = _Member(consumer)
        return member

    async def _commit(self, member: _Member) -> None:
        if not member.handled:
            return
        try:
            await member.consumer.commit(member.handled)
        except (CommitFailedError, IllegalStateError) as error:
            log.info("partitions_moved", error=type(error).__name__)
            member.forget()

    def _return_to_unhandled(self, member: _Member) -> None:
        mine = member.consumer.assignment()
        for place, upto in member.fetched.items():
            if place in mine and member.handled[place] < upto:
                member.consumer.seek(place, member.handled[place])
        member.forget()


def _event(record: Any) -> Event:
    place = f"{record.topic}/{record.partition}/{record.offset}"
    headers: Mapping[str, bytes] = dict(record.headers)
    kind = headers.get("content-type", b"").decode(errors="replace")
    return wire.read(record.topic, place, record.value or b"", kind, headers)
