"""Layer 03: zero-trust model, who may do what, how data is classed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Duration, Permission, Short, Text

Defence = Literal["edge", "gateway", "mesh", "application", "data"]


class TokenPolicy(Part, frozen=True, kw_only=True):
    """Access tokens: lifetime, signature algorithm (RFC 7518), revocation within."""

    lifetime: Duration
    algorithm: Literal["ES256", "EdDSA", "RS256"]
    revocation_within: Duration
    key_rotation: Duration


class SecurityModel(Element, frozen=True, kw_only=True):
    """The principles of trust and the numbers that follow from them."""

    principles: tuple[Short, ...]
    token: TokenPolicy
    secret_rotation: Duration
    mutual_tls: Literal["strict", "permissive"]
    controls: tuple[Link, ...]
    fulfills_requirements: tuple[Link, ...] = ()


class Control(Element, frozen=True, kw_only=True):
    """A protective measure in one of the five security layers."""

    defence: Defence
    mechanism: Short
    mitigated_requirements: tuple[Link, ...] = ()


class Role(Element, frozen=True, kw_only=True):
    """Who may do what.

    `permissions` (`resource:action`) hold for everything of the tenant; `relatedPermissions` only
    for what the caller stands in a relation to, of those that the command names. `inherits` adds
    both of other roles.
    """

    holder: Literal["customer", "operator", "workload"]
    permissions: tuple[Permission, ...]
    related_permissions: tuple[Permission, ...] = ()
    inherits: tuple[Link, ...] = ()
    max_session: Duration | None = None


class Action(Part, frozen=True, kw_only=True):
    """One thing that can be done to a resource."""

    action: Annotated[str, Meta(pattern=r"^[a-z][a-z-]*$(?!\n)", max_length=40)]
    description: Short
    privileged: bool = False


class Resource(Element, frozen=True, kw_only=True):
    """A protected thing and its actions; the kebab name of its id is the permission's first
    half.
    """

    actions: tuple[Action, ...]
    classification: Link
    archimate_ref: Link


class Policy(Element, frozen=True, kw_only=True):
    """A rule beyond roles (ABAC): denies or permits by the attributes of a request."""

    effect: Literal["permit", "forbid"]
    language: Literal["cedar", "cel"]
    condition: Text
    roles: tuple[Link, ...] = ()
    resources: tuple[Link, ...] = ()
    permissions: tuple[Permission, ...] = ()
    enforced_at: Defence


class Classification(Element, frozen=True, kw_only=True):
    """How sensitive data is, and the protection that follows. `level` orders them, 0 the most
    open.
    """

    level: Annotated[int, Meta(ge=0, le=9)]
    encryption: Literal["none", "volume", "field"]
    masking: Literal["none", "partial", "full"]
    loggable: bool
    retention: Short
    access_audited: bool = False


TYPES: dict[str, type[Element]] = {
    "model": SecurityModel,
    "control": Control,
    "role": Role,
    "resource": Resource,
    "policy": Policy,
    "classification": Classification,
}
