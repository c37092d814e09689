"""What the elements of all layers share."""

from __future__ import annotations

from msgspec import Struct, field

from cloudsync_gen.model.ids import Id, Link
from cloudsync_gen.model.values import Duration, MetricName, Name, Percentage, Text


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A nested value of an element; not an element itself."""


class Element(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One named thing in a layer, as it is written in a YAML file.

    Attributes:
        id: `layer.type.kebab-name`, by which everything else names this element; it never changes.
        name: what people call it, in a few words.
        description: what it is and what it is for, in sentences; it stands in the pages that are
            generated.
    """

    id: Id
    name: Name
    description: Text


class Motivation(Part, frozen=True, kw_only=True):
    """Upward links of layers 02, 04 and 05 (Documentation Robotics spec 0.2.0, reference
    catalogue).

    Attributes:
        supports_goals: goals that it brings nearer.
        fulfills_requirements: requirements that are met by it.
        governed_by_principles: principles that it keeps to.
        constrained_by: limits that it has to live with.
        delivers_value: what stakeholders gain by it.
    """

    supports_goals: tuple[Link, ...] = field(name="supports-goals", default=())
    fulfills_requirements: tuple[Link, ...] = field(name="fulfills-requirements", default=())
    governed_by_principles: tuple[Link, ...] = field(name="governed-by-principles", default=())
    constrained_by: tuple[Link, ...] = field(name="constrained-by", default=())
    delivers_value: tuple[Link, ...] = field(name="delivers-value", default=())


class MotivationAlignment(Part, frozen=True, kw_only=True):
    """Upward links of layers 09 and 10.

    Attributes:
        supports_goals: goals that it brings nearer.
        fulfills_requirements: requirements that are met by it.
        enforces_requirement: the requirement that people cannot get around here.
        governed_by_principles: principles that it keeps to.
        delivers_value: what stakeholders gain by it.
    """

    supports_goals: tuple[Link, ...] = ()
    fulfills_requirements: tuple[Link, ...] = ()
    enforces_requirement: Link | None = None
    governed_by_principles: tuple[Link, ...] = ()
    delivers_value: tuple[Link, ...] = ()


class MotivationMapping(Part, frozen=True, kw_only=True):
    """Upward links of layer 11.

    Attributes:
        contributes_to_goal: the goal that it tells something about.
        measures_outcome: the outcome that shows in it.
        fulfills_requirements: requirements that are met by measuring it.
        governed_by_principles: principles that it keeps to.
    """

    contributes_to_goal: Link | None = None
    measures_outcome: Link | None = None
    fulfills_requirements: tuple[Link, ...] = ()
    governed_by_principles: tuple[Link, ...] = ()


class Observability(Part, frozen=True, kw_only=True):
    """`apm` block of layers 02, 04 and 05.

    Attributes:
        business_metrics: metrics that tell how well it serves the business.
        sla_target_latency: how long it may take, such as `300ms`.
        sla_target_availability: how much of the time it has to answer, such as `99.9%`.
        traced: whether its requests are traced.
        health_monitored: whether somebody is told when it is not healthy.
    """

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
