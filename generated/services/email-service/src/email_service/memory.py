"""What the service remembers beside its mails, kept as documents in the same database.

Addresses and words of people are encrypted there as they are in mails.
"""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class MailOrder(Kept):
    """A mail that is wanted and whose recipient has not been looked up yet.

    Attributes:
        recipient_user_id: absent where `to_address` says whom.
        topic: what the recipient's preferences call it.
        line: the template of its line in the digest; empty for what is never collected.
        due_at: when to try next; `tries` were in vain.
    """

    source_event_id: UUID
    notification_key: str
    recipient: str
    recipient_user_id: UUID | None = None
    to_address: str | None = None
    locale: str | None = None
    category: str
    topic: str
    template_key: str
    variables: dict[str, str]
    line: str = ""
    due_at: AwareDatetime
    expires_at: AwareDatetime
    tries: int = 0


class PreferenceCopy(Kept):
    """Which topics a person wants by mail, and when nothing may arrive."""

    user_id: UUID
    wanted: list[str]
    unwanted: list[str]
    quiet_from: str | None = None
    quiet_to: str | None = None
    time_zone: str | None = None


class BasketItem(Kept):
    """Something that waits for a person's digest."""

    user_id: UUID
    source_event_id: UUID
    template_key: str
    variables: dict[str, str]
    happened_at: AwareDatetime
    expires_at: AwareDatetime


class Contact(Kept):
    """A person who spoke for their organisation: `owner` or `billing`."""

    user_id: UUID
    part: str


class Follower(Kept):
    """A person to whom a task was given, or who gave it."""

    task_id: UUID
    user_id: UUID


class TenantState(Kept):
    """One for each organisation: whether it is being off-boarded, which categories are stopped,
    whether a subscription beyond a trial was ever active."""

    name: Annotated[str, Field(pattern="^state$")]
    purge_after: AwareDatetime | None = None
    stopped: list[str]
    paying: bool = False


class OrderNotice(Kept):
    """A cancelled order and what is known of its money, until the customer has been told."""

    order_id: UUID
    notify_user_id: UUID | None = None
    reason: str | None = None
    captured: int = 0
    refund_ids: list[UUID]
    amount_minor: int = 0
    currency: str | None = None
    nothing_charged: bool = False
    send_at: AwareDatetime
    told: bool = False


class CalendarEntry(Kept):
    """What calendars were told of an event last."""

    event_id: UUID
    summary: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    time_zone: str
    recurrence_rule: str | None = None
    sequence: int
    cancelled: bool = False


class Posted(Kept):
    """Whose mail a provider's id is; kept in the platform's tenant, as receipts name no other."""

    provider_message_id: str
    message_id: UUID
    tenant: UUID


class Bounce(Kept):
    """A soft bounce of an address."""

    address_hash: str
    message_id: UUID


class Step(Kept):
    """A step of a mail to a person, as support reads it. Kept for 90 days."""

    message_id: UUID
    recipient_user_id: UUID
    notification_key: str
    status: str
    provider: str | None = None
    diagnostic_code: str | None = None


class Tally(Kept):
    """How many mails of a kind a day has seen: `sender:<domain>`, `delivered:<category>`, …"""

    name: str
    day: str
    number: int


M = TypeVar("M", bound=Kept)


def _kept(
    name: str,
    model: type[M],
    *unique: tuple[str, ...],
    encrypted: frozenset[str] = frozenset(),
) -> AggregateSpec[M]:
    within = tuple(("organizationId", *each) for each in unique)
    store = DocumentStore(collection=name, unique=within, encrypted=encrypted)
    return AggregateSpec(name=name, model=model, store=store, unique=unique)


MAIL_ORDERS = _kept(
    "mail-order",
    MailOrder,
    ("sourceEventId", "notificationKey", "recipient", "templateKey"),
    encrypted=frozenset({"toAddress", "variables"}),
)
PREFERENCE_COPIES = _kept("preference-copy", PreferenceCopy, ("userId",))
BASKETS = _kept(
    "basket-item",
    BasketItem,
    ("userId", "sourceEventId"),
    encrypted=frozenset({"variables"}),
)
CONTACTS = _kept("contact", Contact, ("userId", "part"))
FOLLOWERS = _kept("follower", Follower, ("taskId", "userId"))
TENANTS = _kept("tenant-state", TenantState, ("name",))
ORDER_NOTICES = _kept("order-notice", OrderNotice, ("orderId",))
ENTRIES = _kept("calendar-entry", CalendarEntry, ("eventId",))
POSTED = _kept("posted", Posted, ("providerMessageId",))
BOUNCES = _kept("bounce", Bounce, ("messageId",))
STEPS = _kept("delivery-step", Step)
TALLIES = _kept("tally", Tally, ("name", "day"))
