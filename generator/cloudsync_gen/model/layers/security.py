"""Layer 03: zero-trust model, who may do what, how data is classed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Duration, Permission, Short, Text

Defence = Literal["edge", "gateway", "mesh", "application", "data"]


class TokenPolicy(Part, frozen=True, kw_only=True):
    """Access tokens, and how soon they stop counting.

    Attributes:
        lifetime: how long a token counts from when it was issued.
        algorithm: how it is signed (RFC 7518).
        revocation_within: how soon after it was revoked nobody accepts it any more.
        key_rotation: how often the key that signs is replaced.
    """

    lifetime: Duration
    algorithm: Literal["ES256", "EdDSA", "RS256"]
    revocation_within: Duration
    key_rotation: Duration


class SecurityModel(Element, frozen=True, kw_only=True):
    """The principles of trust and the numbers that follow from them.

    Attributes:
        principles: what everybody relies on, such as that no network is trusted.
        token: what holds for access tokens.
        secret_rotation: how often passwords and keys of services are replaced.
        mutual_tls: whether services also answer those that show no certificate.
        controls: the measures that make it true.
        fulfills_requirements: requirements that are met by it.
    """

    principles: tuple[Short, ...]
    token: TokenPolicy
    secret_rotation: Duration
    mutual_tls: Literal["strict", "permissive"]
    controls: tuple[Link, ...]
    fulfills_requirements: tuple[Link, ...] = ()


class Control(Element, frozen=True, kw_only=True):
    """A protective measure in one of the five security layers.

    Attributes:
        defence: the layer that it stands in.
        mechanism: how it works.
        mitigated_requirements: requirements that it helps to meet.
    """

    defence: Defence
    mechanism: Short
    mitigated_requirements: tuple[Link, ...] = ()


class Role(Element, frozen=True, kw_only=True):
    """Who may do what.

    Attributes:
        holder: who has it: people of customers, our own people, or services.
        permissions: `resource:action`, for everything of the tenant; `resource:*` for all actions
            of it.
        related_permissions: `resource:action`, only for what the caller stands in a relation to, of
            those that the command names.
        inherits: roles whose permissions it has besides.
        max_session: how long somebody with it stays signed in.
    """

    holder: Literal["customer", "operator", "workload"]
    permissions: tuple[Permission, ...]
    related_permissions: tuple[Permission, ...] = ()
    inherits: tuple[Link, ...] = ()
    max_session: Duration | None = None


class Action(Part, frozen=True, kw_only=True):
    """One thing that can be done to a resource.

    Attributes:
        action: the second half of the permission: what can be done.
        description: what that means.
        privileged: whether each use of it is written to the audit trail.
    """

    action: Annotated[str, Meta(pattern=r"^[a-z][a-z-]*$(?!\n)", max_length=40)]
    description: Short
    privileged: bool = False


class Resource(Element, frozen=True, kw_only=True):
    """A protected thing and its actions; the kebab name of its id is the permission's first half.

    Attributes:
        actions: what can be done to it.
        classification: how sensitive it is.
        archimate_ref: the service that keeps it.
    """

    actions: tuple[Action, ...]
    classification: Link
    archimate_ref: Link


class Policy(Element, frozen=True, kw_only=True):
    """A rule beyond roles (ABAC): denies or permits by the attributes of a request.

    Attributes:
        effect: whether it lets pass or keeps out; what forbids wins.
        language: what `condition` is written in.
        condition: when it applies, by attributes of `principal`, `resource`, `context` and, in CEL,
            `request`.
        roles: whom it concerns; none: everybody.
        resources: what it concerns, by the first half of permissions, where `permissions` names
            none.
        permissions: what it concerns, by `resource:action`.
        enforced_at: the layer that decides it; services decide those of `application`.
    """

    effect: Literal["permit", "forbid"]
    language: Literal["cedar", "cel"]
    condition: Text
    roles: tuple[Link, ...] = ()
    resources: tuple[Link, ...] = ()
    permissions: tuple[Permission, ...] = ()
    enforced_at: Defence


class Classification(Element, frozen=True, kw_only=True):
    """How sensitive data is, and the protection that follows.

    Attributes:
        level: orders the classes: 0 is the most open.
        encryption: what of it is encrypted where it lies: nothing, the whole volume, or each field
            by itself.
        masking: how much of it those see who may not see all.
        loggable: whether it may stand in logs.
        retention: how long it is kept, and what then becomes of it.
        access_audited: whether each reading is written to the audit trail.
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
