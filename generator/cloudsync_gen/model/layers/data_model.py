"""Layer 07: JSON Schemas (2020-12) of what is stored, sent and announced."""

from __future__ import annotations

from typing import Any

from msgspec import field

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link


class GovernedBy(Part, frozen=True, kw_only=True):
    """Requirements and constraints that rule a schema's data.

    Attributes:
        principle_refs: principles that it keeps to.
        requirement_refs: requirements that it helps to meet.
        constraint_refs: limits that it has to live with.
    """

    principle_refs: tuple[Link, ...] = ()
    requirement_refs: tuple[Link, ...] = ()
    constraint_refs: tuple[Link, ...] = ()


class Governance(Part, frozen=True, kw_only=True):
    """`x-data-governance` block.

    Attributes:
        governed_by: what rules the data.
    """

    governed_by: GovernedBy = GovernedBy()


class DataElement(Element, frozen=True, kw_only=True):
    """A named schema.

    Attributes:
        schema: JSON Schema 2020-12; `$ref` inside is a relative path with a pointer (design §10.2).
        archimate_ref: the service that answers for the data.
        business_object_ref: the notion of the business that it is.
        security_classification: how sensitive all of it is; properties say `x-classification` where
            they differ.
        data_governance: what rules the data.
    """

    schema: dict[str, Any]
    archimate_ref: Link | None = field(name="x-archimate-ref", default=None)
    business_object_ref: Link | None = field(name="x-business-object-ref", default=None)
    security_classification: Link | None = field(name="x-security-classification", default=None)
    data_governance: Governance = field(name="x-data-governance", default=Governance())


class Entity(DataElement, frozen=True, kw_only=True):
    """What an aggregate stores: has identity and a life of its own."""


class ValueType(DataElement, frozen=True, kw_only=True):
    """A value without identity that entities and messages share."""


class Enumeration(DataElement, frozen=True, kw_only=True):
    """A closed set of names."""


class Message(DataElement, frozen=True, kw_only=True):
    """Input or output of a command or query."""


class Payload(DataElement, frozen=True, kw_only=True):
    """Data of an event."""


TYPES: dict[str, type[Element]] = {
    "entity": Entity,
    "value": ValueType,
    "enumeration": Enumeration,
    "message": Message,
    "payload": Payload,
}
