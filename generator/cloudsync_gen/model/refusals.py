"""The refusals that every operation may answer with (RFC 9457), whichever the model declares.

Slugs and conditions are those of the library that services share, which raises them by itself.
"""

from __future__ import annotations

from msgspec import Struct


class Case(Struct, frozen=True):
    """A kind of refusal: the end of its type URI, its status, and when it comes."""

    slug: str
    status: int
    when: str


VALIDATION = Case("validation-failed", 400, "The request breaks the contract.")
UNAUTHENTICATED = Case("unauthenticated", 401, "The access token is missing, expired or not ours.")
FORBIDDEN = Case("forbidden", 403, "The caller is known, but lacks the permission and relation.")
NOT_FOUND = Case("not-found", 404, "There is no such thing, or the caller may not know of it.")
LATE = Case("request-timeout", 408, "The body did not arrive in time.")
EXISTS = Case("already-exists", 409, "Something with the same unique values exists.")
TRANSITION = Case("illegal-transition", 409, "The present state does not allow the command.")
CONDITION = Case("condition-not-met", 409, "A condition of the command does not hold.")
VERSION = Case("version-conflict", 412, "The entity has changed since the version in `If-Match`.")
TOO_LARGE = Case("body-too-large", 413, "The body is larger than the gateway accepts.")
MEDIA = Case("unsupported-media-type", 415, "The body is of another media type.")
RULE = Case("rule-broken", 422, "The input fits its schema, but breaks a rule beyond it.")
CURSOR = Case("cursor-unknown", 422, "The cursor is none that a page of this list gave.")
REFERENCE = Case("reference-unknown", 422, "The body names something that does not exist.")
INVARIANT = Case("invariant-broken", 422, "The result would break an invariant of the entity.")
KEY_REUSED = Case("idempotency-key-reused", 422, "The key came before with another request.")
RATE = Case("rate-limited", 429, "The caller's plan or the tenant's share is used up for now.")
INTERNAL = Case("internal", 500, "The service failed; whether it did its work is unknown.")
DEPENDENCY = Case("dependency-failed", 502, "A service that it needs refused or failed.")
UNAVAILABLE = Case("unavailable", 503, "The service or a store behind it cannot answer now.")
DEADLINE = Case("deadline-exceeded", 504, "It took longer than it may, or than the caller waits.")

COMMON = frozenset(
    (
        *(VALIDATION, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, LATE, EXISTS, TRANSITION, CONDITION),
        *(VERSION, TOO_LARGE, MEDIA, RULE, CURSOR, REFERENCE, INVARIANT, KEY_REUSED, RATE),
        *(INTERNAL, DEPENDENCY, UNAVAILABLE, DEADLINE),
    )
)
"""What default handlers and the way to them can say; other slugs need a reason in the model."""
