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
    """A path of an application (leads to a screen) or of the gateway (leads to a service).

    Attributes:
        path: what is asked for, with parameters in braces: `/documents/{id}`, or `app://…` on
            mobile.
        kind: `api` for a path of the gateway, which leads to a service; else of which application.
        screen: where it leads in an application.
        service: where it leads behind the gateway.
        contracts: contracts whose operations can be called below it.
        guard: who may follow it.
        step_up_within: how long ago at most the caller has shown a second factor.
        business: what of the business it serves.
        motivation_alignment: why it is there.
    """

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
    """A step of a flow.

    Attributes:
        name: what people do in it.
        route: where they are.
        operation: what is called by it.
    """

    name: Name
    route: Link
    operation: Link | None = None


class FlowAnalytics(Part, frozen=True, kw_only=True):
    """What measures a flow.

    Attributes:
        funnel_metrics: metrics that count how many come how far.
        conversion_goal: the goal that is reached at the end.
    """

    funnel_metrics: tuple[Link, ...] = ()
    conversion_goal: Link | None = None


class Flow(Element, frozen=True, kw_only=True):
    """A path through several screens towards a result.

    Attributes:
        steps: where people go, one after the other.
        success: how they know that they are done.
        realizes_process: the process that they go through by it.
        analytics: what measures it.
    """

    steps: tuple[FlowStep, ...]
    success: Short
    realizes_process: Link | None = None
    analytics: FlowAnalytics = FlowAnalytics()


TYPES: dict[str, type[Element]] = {"route": Route, "flow": Flow}
