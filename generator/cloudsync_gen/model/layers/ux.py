"""Layer 09: applications, screens and components."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, MotivationAlignment, Part
from cloudsync_gen.model.ids import Link, Links
from cloudsync_gen.model.values import Duration, Identifier, Permission, Short

StateName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$(?!\n)", max_length=60)]


class BusinessAlignment(Part, frozen=True, kw_only=True):
    """What of the business a screen or route serves."""

    supports_processes: tuple[Link, ...] = ()
    realizes_services: tuple[Link, ...] = ()
    realizes_process: Link | None = None
    target_actors: tuple[Link, ...] = ()


class Access(Part, frozen=True, kw_only=True):
    """Who may see it."""

    required_roles: tuple[Link, ...] = ()
    required_permissions: tuple[Permission, ...] = ()
    anonymous: bool = False


class PerformanceTargets(Part, frozen=True, kw_only=True):
    """Time to the first useful content and to a reaction, 75th percentile."""

    load: Duration
    interaction: Duration


class Measured(Part, frozen=True, kw_only=True):
    """`apm` block of layer 09."""

    measured_by_metrics: tuple[Link, ...] = ()
    performance_targets: PerformanceTargets | None = None


class UxState(Part, frozen=True, kw_only=True):
    """A state of a screen and what it shows."""

    name: StateName
    description: Short


class Application(Element, frozen=True, kw_only=True):
    """A client application."""

    channel: Literal["web", "mobile", "desktop"]
    audience: Links
    owner: Link
    security_model: Link | None = None


class Screen(Element, frozen=True, kw_only=True):
    """A screen: the operations that it calls, the roles that it demands, its states and
    components.
    """

    application: Link
    operations: tuple[Link, ...] = ()
    components: tuple[Link, ...] = ()
    states: tuple[UxState, ...]
    security: Access
    business: BusinessAlignment = BusinessAlignment()
    motivation_alignment: MotivationAlignment = MotivationAlignment()
    apm: Measured = Measured()


class DataBinding(Part, frozen=True, kw_only=True):
    """The schema whose values a component shows, and the properties that it shows."""

    schema_ref: Link
    properties: tuple[Identifier, ...] = ()


class Component(Element, frozen=True, kw_only=True):
    """A reusable part of screens."""

    operations: tuple[Link, ...] = ()
    data_binding: DataBinding | None = None
    states: tuple[UxState, ...]
    security: Access = Access()


TYPES: dict[str, type[Element]] = {
    "application": Application,
    "screen": Screen,
    "component": Component,
}
