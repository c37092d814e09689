"""CloudEvents 1.0 in the JSON format, with the extensions partitioning, sequence, distributed
tracing and auth context.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from cloudsync_chassis.model import to_record
from cloudsync_chassis.security.principal import Kind, Principal

C = TypeVar("C")
D = TypeVar("D", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event is a dead letter: the topic that it came by, the group that gave it up.

    `reason` is the kind of the error and no text of it, which may quote what somebody wrote.
    """

    topic: str
    group: str
    reason: str


_TYPES: Mapping[Kind, str] = {
    "user": "app_user",
    "workload": "service_account",
    "anonymous": "unauthenticated",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who brought an event about (CloudEvents extension `authcontext`).

    `type`: `app_user`, `service_account`, `unauthenticated` or another word of the extension.
    `id`: of the person or workload, absent for who had not signed in. `roles`: what they were then.
    """

    type: str
    id: str | None = None
    roles: tuple[str, ...] = ()

    @classmethod
    def of(cls, principal: Principal) -> Actor:
        """The caller of an operation."""
        kind = _TYPES[principal.kind]
        if not principal.authenticated:
            return cls(kind)
        return cls(kind, principal.subject, tuple(sorted(principal.roles)))

    def to_json(self) -> dict[str, Any]:
        """The attributes; claims are a text of JSON, as the extension demands."""
        claims = json.dumps({"roles": self.roles}) if self.roles else None
        return {"authtype": self.type, "authid": self.id, "authclaims": claims}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Actor | None:
        """Read the attributes; None without a type. Claims that are not ours say nothing."""
        kind, name = document.get("authtype"), document.get("authid")
        if not isinstance(kind, str):
            return None
        return cls(kind, name if isinstance(name, str) else None, _roles(document))


def _roles(document: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        roles = json.loads(document.get("authclaims", "{}"))["roles"]
    except (ValueError, TypeError, KeyError):
        return ()
    return tuple(each for each in roles if isinstance(each, str)) if isinstance(roles, list) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. `subject` is the aggregate's id and orders the events of `topic`; `data` is JSON.

    `correlation`: `<saga>/<run>`, for what is announced within a saga.
    """

    id: UUID
    type: str
    source: str
    topic: str
    subject: str
    time: datetime
    organization_id: UUID | None = None
    sequence: int = 0
    traceparent: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    correlation: str | None = None
    actor: Actor | None = None

    def to_json(self) -> dict[str, Any]:
        """The structured form; extension names are lower case, as the specification demands."""
        found = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": to_jsonable_python(self.time),
            "datacontenttype": "application/json",
            "topic": self.topic,
            "partitionkey": self.subject,
            "sequence": str(self.sequence),
            "organizationid": (str(self.organization_id) if self.organization_id else None),
            "traceparent": self.traceparent,
            "correlationid": self.correlation,
            **(self.actor.to_json() if self.actor else {}),
            "failedtopic": self.failure and self.failure.topic,
            "failedgroup": self.failure and self.failure.group,
            "failedreason": self.failure and self.failure.reason,
            "data": to_jsonable_python(dict(self.data)),
        }
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Event:
        """Read the structured form.

        Raises:
            ValueError, KeyError: not an event of ours.
        """
        organization = document.get("organizationid")
        failed = [document.get(f"failed{name}", "") for name in ("topic", "group", "reason")]
        return cls(
            id=UUID(document["id"]),
            type=document["type"],
            source=document["source"],
            topic=document["topic"],
            subject=document["subject"],
            time=datetime.fromisoformat(document["time"]),
            organization_id=UUID(organization) if organization else None,
            sequence=int(document.get("sequence", 0)),
            traceparent=document.get("traceparent"),
            data=document.get("data", {}),
            failure=Failure(*failed) if any(failed) else None,
            correlation=document.get("correlationid"),
            actor=Actor.from_json(document),
        )


@dataclass(frozen=True, slots=True)
class Received(Generic[D]):
    """A consumed event with its typed data."""

    event: Event
    data: D

    def value(self, name: str) -> Any:
        """A field of the data by the name that it has in JSON; None if it is absent."""
        return to_record(self.data).get(name)


def received(event: Event, model: type[D]) -> Received[D]:
    """The event with its data checked; what a newer publisher adds is left out.

    Raises:
        pydantic.ValidationError: the data does not satisfy the schema.
    """
    return Received(event, model.model_validate(event.data, strict=False, extra="ignore"))


def typed(
    model: type[D], handle: Callable[[C, Received[D]], Awaitable[None]]
) -> Callable[[C, Event], Awaitable[None]]:
    """A handler of plain events that checks their data and passes it on typed."""

    async def checked(ctx: C, event: Event) -> None:
        await handle(ctx, received(event, model))

    return checked
