"""Events as the published contracts have them, for each service that receives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7

from cloudsync_gen.targets.service.samples import FORMATS, enriched, sample
from support import plain_yaml

_SAMPLE = UUID(FORMATS["uuid"]).int >> 48
"""What all ids of samples have in common."""


@dataclass(frozen=True)
class Message:
    """What a channel carries: `example` is the contract's, or made from its schema with all that
    may be in it; `least` has only what must be there.
    """

    channel: str
    type: str
    receivers: frozenset[str]
    key: str
    source: str
    example: Mapping[str, Any]
    least: Mapping[str, Any]


def messages(contracts: Path) -> Iterator[Message]:
    """All messages of all channels below a folder of AsyncAPI documents (3.0)."""
    for path in sorted(contracts.glob("*.yaml")):
        yield from _of(plain_yaml.load(path.read_text("utf-8")))


def _of(document: Mapping[str, Any]) -> Iterator[Message]:
    received: dict[str, set[str]] = {}
    for each in document["operations"].values():
        if each["action"] == "receive":
            (group,) = each["bindings"]["kafka"]["groupId"]["enum"]
            for message in each["messages"]:
                received.setdefault(message["$ref"], set()).add(group)
    for name, channel in document["channels"].items():
        for kind in channel["messages"]:
            place = f"#/channels/{name}/messages/{kind}"
            told = document["components"]["messages"][kind]
            if place in received:
                yield _message(channel["address"], told, received[place], document["components"])


def _message(
    address: str, told: Mapping[str, Any], receivers: set[str], components: Mapping[str, Any]
) -> Message:
    own = told["payload"]["allOf"][-1]["properties"]
    schemas = components["schemas"]
    shown = [each["payload"]["data"] for each in told.get("examples", ())]
    key = told.get("bindings", {}).get("kafka", {}).get("key", {}).get("description", "")
    return Message(
        channel=address,
        type=told["name"],
        receivers=frozenset(receivers),
        key=key.split("`")[1] if "`" in key else "",
        source=own.get("source", {}).get("const", "/example"),
        example=shown[0] if shown else enriched(own["data"], schemas),
        least=sample(own["data"], schemas),
    )


def event(message: Message, data: Mapping[str, Any]) -> Event:
    """An event of a tenant, about things, that nobody has heard of."""
    tenant, known = uuid7(), dict[str, str]()
    fresh = _fresh(data, known)
    if "organizationId" in fresh:
        fresh["organizationId"] = str(tenant)
    made = Event(
        id=uuid7(),
        type=message.type,
        source=message.source,
        topic=message.channel,
        subject=str(fresh.get(message.key) or uuid7()),
        time=datetime.now(UTC),
        organization_id=tenant,
        data=fresh,
    )
    return replace(made, sequence=1)


def _fresh(value: Any, known: dict[str, str]) -> Any:
    """The value with an id of its own for each different one of a sample."""
    if isinstance(value, Mapping):
        return {name: _fresh(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_fresh(each, known) for each in value]
    if isinstance(value, str) and _is_sample(value):
        return known.setdefault(value, str(uuid7()))
    return value


def _is_sample(text: str) -> bool:
    try:
        return UUID(text).int >> 48 == _SAMPLE
    except ValueError:
        return False
