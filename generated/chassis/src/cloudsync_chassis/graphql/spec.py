"""What a generated service says of its schema: where it stands, and how far it may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cloudsync_chassis.graphql.limits import Limits
from cloudsync_chassis.graphql.schema import Kinds
from cloudsync_chassis.settings import Settings

AdHoc = Literal["anybody", "authenticated", "nobody"]
"""Who may send a document that nobody has announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlSpec:
    """A schema and the model's rules for it.

    `ad_hoc` and `introspection` hold in production and where the settings say so; elsewhere people
    look around. `subscriptions`: how many a caller may have at the same time. `members`:
    enumeration -> its values -> members of the data model, where these do not follow from those
    (`IN_REVIEW` is `inReview`). `kinds`: union or interface -> the property by which its types are
    told apart -> the property's values -> types.
    """

    path: str
    contract: Path
    ad_hoc: AdHoc = "authenticated"
    introspection: bool = False
    depth: int = 12
    cost: int = 10_000
    subscriptions: int = 10
    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kinds: Kinds = field(default_factory=dict)

    def ad_hoc_by(self, settings: Settings) -> AdHoc:
        """Who may, in this process."""
        if settings.graphql_ad_hoc is not None:
            return settings.graphql_ad_hoc
        return self.ad_hoc if settings.environment == "production" else "anybody"

    def introspected_by(self, settings: Settings) -> bool:
        """Whether the schema tells of itself, in this process."""
        if settings.graphql_introspection is not None:
            return settings.graphql_introspection
        return self.introspection or settings.environment != "production"

    def subscriptions_by(self, settings: Settings) -> int:
        """How many a caller may have, in this process."""
        return settings.graphql_max_subscriptions or self.subscriptions

    def limits(self, settings: Settings) -> Limits:
        """How much one request may ask for."""
        return Limits(
            depth=settings.graphql_max_depth or self.depth,
            cost=settings.graphql_max_cost or self.cost,
            page=settings.page_size,
            largest_page=settings.max_page_size,
        )
