"""What the elements of all layers share."""

from __future__ import annotations

from msgspec import Struct, field

from cloudsync_gen.model.ids import Id, Link
from cloudsync_gen.model.values import Duration, MetricName, Name, Percentage, Text


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A nested value of an element; not an element itself."""


class Element(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One named thing in a layer, as it is written in a YAML file."""

    id: Id
    name: Name
    description: Text


class Motivation(Part, frozen=True, kw_only=True):
    """Upward links of layers 02, 04 and 05 (Documentation Robotics spec 0.2.0, reference
    catalogue).
    """

    supports_goals: tuple[Link, ...] = field(name="supports-goals", default=())
    fulfills_requirements: tuple[Link, ...] = field(name="fulfills-requirements", default=())
    governed_by_principles: tuple[Link, ...] = field(name="governed-by-principles", default=())
    constrained_by: tuple[Link, ...] = field(name="constrained-by", default=())
    delivers_value: tuple[Link, ...] = field(name="delivers-value", default=())


class MotivationAlignment(Part, frozen=True, kw_only=True):
    """Upward links of layers 09 and 10."""

    supports_goals: tuple[Link, ...] = ()
    fulfills_requirements: tuple[Link, ...] = ()
    enforces_requirement: Link | None = None
    governed_by_principles: tuple[Link, ...] = ()
    delivers_value: tuple[Link, ...] = ()


class MotivationMapping(Part, frozen=True, kw_only=True):
    """Upward links of layer 11."""

    contributes_to_goal: Link | None = None
    measures_outcome: Link | None = None
    fulfills_requirements: tuple[Link, ...] = ()
    governed_by_principles: tuple[Link, ...] = ()


class Observability(Part, frozen=True, kw_only=True):
    """`apm` block of layers 02, 04 and 05."""

    business_metrics: tuple[Link, ...] = field(name="business-metrics", default=())
    sla_target_latency: Duration | None = field(name="sla-target-latency", default=None)
    sla_target_availability: Percentage | None = field(name="sla-target-availability", default=None)
    traced: bool | None = None
    health_monitored: bool | None = field(name="health-monitored", default=None)


__all__ = [
    "Duration",
    "Element",
    "MetricName",
    "Motivation",
    "MotivationAlignment",
    "MotivationMapping",
    "Observability",
    "Part",
]
