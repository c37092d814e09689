"""What the service must remember beside its tables, kept as documents in the same database."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Challenge(Kept):
    """The open question of a session: nonce, digest of a code that was sent, wrong answers.

    `provider_id`: who was asked to vouch, where the person signs in by an identity provider.
    """

    session_id: Annotated[UUID, Field(alias="sessionId")]
    identifier_hash: Annotated[str, Field(alias="identifierHash")]
    nonce: str
    code_hash: Annotated[str | None, Field(alias="codeHash")] = None
    provider_id: Annotated[UUID | None, Field(alias="providerId")] = None
    wrong: int
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]


class Former(Kept):
    """A refresh token that was used, as a digest."""

    session_id: Annotated[UUID, Field(alias="sessionId")]
    token_hash: Annotated[str, Field(alias="tokenHash")]
    at: AwareDatetime


class OldPassword(Kept):
    """A hash that the policy remembers."""

    user_id: Annotated[UUID, Field(alias="userId")]
    secret_hash: Annotated[str, Field(alias="secretHash")]


class Withheld(Kept):
    """Texts to a country are suspended."""

    country: str
    until: AwareDatetime


class Code(Kept):
    """An authorisation code, as a digest; `opened` is the session that came of it."""

    code_hash: Annotated[str, Field(alias="codeHash")]
    session_id: Annotated[UUID, Field(alias="sessionId")]
    client_id: Annotated[UUID, Field(alias="clientId")]
    redirect_uri: Annotated[str, Field(alias="redirectUri")]
    challenge: str
    channel: str
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]
    opened: UUID | None = None


class Reminder(Kept):
    """Administrators were told that a provider's certificate ends in so many days at most."""

    provider_id: Annotated[UUID, Field(alias="providerId")]
    ends_at: Annotated[AwareDatetime, Field(alias="endsAt")]
    days: int


class Shortened(Kept):
    """The last session whose network address was shortened."""

    at: AwareDatetime
    session_id: Annotated[UUID, Field(alias="sessionId")]


class Standing(Kept):
    """When the last event was sent that told how something stands; older ones come too late."""

    about: UUID
    at: AwareDatetime


Kind = TypeVar("Kind", bound=Kept)


def _spec(name: str, model: type[Kind], *unique: str) -> AggregateSpec[Kind]:
    sets = (("organizationId", *unique),) if unique else ()
    store = DocumentStore(collection=f"auth-{name}", unique=sets)
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


CHALLENGES = _spec("challenge", Challenge, "sessionId")
FORMERS = _spec("former", Former, "tokenHash")
OLD_PASSWORDS = _spec("old-password", OldPassword)
WITHHELD = _spec("withheld", Withheld, "country")
WITHHELD_COLLECTION = "auth-withheld"
CODES = _spec("code", Code, "codeHash")
REMINDERS = _spec("reminder", Reminder, "providerId")
SHORTENED = _spec("shortened", Shortened)
STANDINGS = _spec("standing", Standing, "about")
