"""Layer 09: applications, screens and components."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, MotivationAlignment, Part
from cloudsync_gen.model.ids import Link, Links
from cloudsync_gen.model.values import Duration, Identifier, Permission, Short

StateName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$(?!\n)", max_length=60)]


class BusinessAlignment(Part, frozen=True, kw_only=True):
    """What of the business a screen or route serves.

    Attributes:
        supports_processes: processes that go through it.
        realizes_services: business services that people use by it.
        realizes_process: the process that it is.
        target_actors: whom it is made for.
    """

    supports_processes: tuple[Link, ...] = ()
    realizes_services: tuple[Link, ...] = ()
    realizes_process: Link | None = None
    target_actors: tuple[Link, ...] = ()


class Access(Part, frozen=True, kw_only=True):
    """Who may see it.

    Attributes:
        required_roles: roles, one of which lets a visitor in.
        required_permissions: permissions that a visitor needs.
        anonymous: whether it is open to those who have not signed in.
    """

    required_roles: tuple[Link, ...] = ()
    required_permissions: tuple[Permission, ...] = ()
    anonymous: bool = False


class PerformanceTargets(Part, frozen=True, kw_only=True):
    """Time to the first useful content and to a reaction, 75th percentile.

    Attributes:
        load: until the first useful content is there.
        interaction: until something happens after a tap.
    """

    load: Duration
    interaction: Duration


class Measured(Part, frozen=True, kw_only=True):
    """`apm` block of layer 09.

    Attributes:
        measured_by_metrics: metrics that tell how it does.
        performance_targets: how quick it has to be.
    """

    measured_by_metrics: tuple[Link, ...] = ()
    performance_targets: PerformanceTargets | None = None


class UxState(Part, frozen=True, kw_only=True):
    """A state of a screen and what it shows.

    Attributes:
        name: short name of the state, such as `empty`.
        description: what people see in it.
    """

    name: StateName
    description: Short


class Application(Element, frozen=True, kw_only=True):
    """A client application.

    Attributes:
        channel: what it runs on.
        audience: whom it is made for.
        owner: the team that answers for it.
        security_model: the model of trust that it keeps to.
    """

    channel: Literal["web", "mobile", "desktop"]
    audience: Links
    owner: Link
    security_model: Link | None = None


class Screen(Element, frozen=True, kw_only=True):
    """A screen of an application.

    Attributes:
        application: where it belongs.
        operations: operations that it calls, whose permissions its visitors need.
        components: reusable parts that it shows.
        states: what it may look like.
        security: who may see it.
        business: what of the business it serves.
        motivation_alignment: why it is there.
        apm: how it is measured.
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
    """What a component shows.

    Attributes:
        schema_ref: the schema whose values it shows.
        properties: properties that it shows; none: all of them.
    """

    schema_ref: Link
    properties: tuple[Identifier, ...] = ()


class Component(Element, frozen=True, kw_only=True):
    """A reusable part of screens.

    Attributes:
        operations: operations that it calls.
        data_binding: what it shows.
        states: what it may look like.
        security: who may see it.
    """

    operations: tuple[Link, ...] = ()
    data_binding: DataBinding | None = None
    states: tuple[UxState, ...]
    security: Access = Access()


TYPES: dict[str, type[Element]] = {
    "application": Application,
    "screen": Screen,
    "component": Component,
}
