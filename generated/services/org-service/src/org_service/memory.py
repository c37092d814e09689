"""What the service must remember beside its tables, kept as documents in the same database."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class HandOver(Kept):
    """A proposed transfer of ownership."""

    new_owner_user_id: Annotated[UUID, Field(alias="newOwnerUserId")]
    requested_by: Annotated[UUID, Field(alias="requestedBy")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]
    confirmed_by: Annotated[list[UUID], Field(alias="confirmedBy")]


class Consent(Kept):
    """An owner agreed to the end of the organisation; worth a day."""

    user_id: Annotated[UUID, Field(alias="userId")]
    at: AwareDatetime


class KnownAddress(Kept):
    """An account has shown an invitation that was mailed to an address."""

    address_hash: Annotated[str, Field(alias="addressHash")]
    user_id: Annotated[UUID, Field(alias="userId")]
    invitation_id: Annotated[UUID, Field(alias="invitationId")]


class Standing(Kept):
    """When the last event was sent that told how something stands; older ones come too late."""

    about: UUID
    at: AwareDatetime


class Offer(Kept):
    """The last word of a subscription: edition, seats, and from when they count.

    `waiting`: that moment lay ahead, and the clock has not come back to it yet.
    """

    subscription_id: Annotated[UUID, Field(alias="subscriptionId")]
    at: AwareDatetime
    plan_code: Annotated[str, Field(alias="planCode")]
    seat_quantity: Annotated[int, Field(alias="seatQuantity")]
    effective_at: Annotated[AwareDatetime, Field(alias="effectiveAt")]
    ended: bool = False
    waiting: bool = False


class Settled(Kept):
    """An invoice that was paid or voided: a late reminder of it restricts nobody."""

    invoice_id: Annotated[UUID, Field(alias="invoiceId")]


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"org-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


HAND_OVERS = _spec("hand-over", HandOver)
CONSENTS = _spec("consent", Consent, "userId")
KNOWN_ADDRESSES = _spec("known-address", KnownAddress, "addressHash")
STANDINGS = _spec("standing", Standing, "about")
OFFERS = _spec("offer", Offer, "subscriptionId")
SETTLED = _spec("settled", Settled, "invoiceId")
