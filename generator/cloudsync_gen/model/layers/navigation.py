"""Layer 10: routes to screens and to services, and the flows that people take."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, MotivationAlignment, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.layers.ux import Access, BusinessAlignment
from cloudsync_gen.model.values import Duration, Name, Short

RoutePath = Annotated[str, Meta(pattern=r"^(/|[a-z]+://)[^\s?#]*$(?!\n)", max_length=300)]


class Route(Element, frozen=True, kw_only=True):
    """A path of an application (leads to a screen) or of the gateway (leads to a service)."""

    path: RoutePath
    kind: Literal["web", "mobile", "admin", "api"]
    screen: Link | None = None
    service: Link | None = None
    contracts: tuple[Link, ...] = ()
    guard: Access
    step_up_within: Duration | None = None
    business: BusinessAlignment = BusinessAlignment()
    motivation_alignment: MotivationAlignment = MotivationAlignment()


class FlowStep(Part, frozen=True, kw_only=True):
    """A step of a flow."""

    name: Name
    route: Link
    operation: Link | None = None


class FlowAnalytics(Part, frozen=True, kw_only=True):
    """What measures a flow."""

    funnel_metrics: tuple[Link, ...] = ()
    conversion_goal: Link | None = None


class Flow(Element, frozen=True, kw_only=True):
    """A path through several screens towards a result."""

    steps: tuple[FlowStep, ...]
    success: Short
    realizes_process: Link | None = None
    analytics: FlowAnalytics = FlowAnalytics()


TYPES: dict[str, type[Element]] = {"route": Route, "flow": Flow}
