"""Problem documents (RFC 9457): what every adapter answers when an operation is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in the input: a JSON pointer (RFC 6901) into the body, or a parameter's name."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def document(self) -> dict[str, str]:
        """As it stands in `errors[]`."""
        found = {
            "detail": self.detail,
            "pointer": self.pointer,
            "parameter": self.parameter,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal; `slug` ends the type URI."""

    slug: str
    status: int
    title: str

    def __call__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        **extensions: Any,
    ) -> Problem:
        """A problem of this type, to be raised."""
        return Problem(self, detail, errors=tuple(errors), extensions=extensions)


@dataclass(eq=False, slots=True)
class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An operation's refusal. `headers` are added to an HTTP answer, e.g. `Retry-After`."""

    kind: ProblemType
    detail: str | None = None
    errors: tuple[FieldError, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind.slug}: {self.detail or self.kind.title}"

    @property
    def told(self) -> str:
        """What logs may tell: `detail` is for the caller, and may quote data."""
        return self.kind.slug

    def document(self, base: str, instance: str | None = None) -> dict[str, Any]:
        """The document: `type` is the slug below `base`, which ends with a slash."""
        found: dict[str, Any] = {
            "type": base + self.kind.slug,
            "title": self.kind.title,
            "status": self.kind.status,
        }
        if self.detail:
            found["detail"] = self.detail
        if instance:
            found["instance"] = instance
        if self.errors:
            found["errors"] = [each.document() for each in self.errors]
        return {**self.extensions, **found}


VALIDATION_FAILED = ProblemType("validation-failed", 400, "The request is not valid")
UNAUTHENTICATED = ProblemType("unauthenticated", 401, "Authentication is required")
FORBIDDEN = ProblemType("forbidden", 403, "Not allowed")
NOT_FOUND = ProblemType("not-found", 404, "Not found")
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", 405, "Method not allowed")
REQUEST_TIMEOUT = ProblemType("request-timeout", 408, "The request did not arrive in time")
ALREADY_EXISTS = ProblemType("already-exists", 409, "It exists already")
ILLEGAL_TRANSITION = ProblemType("illegal-transition", 409, "Not possible in this state")
CONDITION_NOT_MET = ProblemType("condition-not-met", 409, "A condition of the command is not met")
VERSION_CONFLICT = ProblemType("version-conflict", 412, "Changed in the meantime")
BODY_TOO_LARGE = ProblemType("body-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE = ProblemType("unsupported-media-type", 415, "Media type not supported")
RULE_BROKEN = ProblemType("rule-broken", 422, "The request breaks a rule")
CURSOR_UNKNOWN = ProblemType("cursor-unknown", 422, "Not a cursor of this list")
REFERENCE_UNKNOWN = ProblemType("reference-unknown", 422, "It refers to nothing that exists")
INVARIANT_BROKEN = ProblemType("invariant-broken", 422, "An invariant would be broken")
KEY_REUSED = ProblemType("idempotency-key-reused", 422, "Idempotency key used for another request")
RATE_LIMITED = ProblemType("rate-limited", 429, "Too many requests")
INTERNAL = ProblemType("internal", 500, "Internal error")
HANDLER_MISSING = ProblemType("handler-missing", 501, "No handler for this operation")
DEPENDENCY_FAILED = ProblemType("dependency-failed", 502, "A dependency failed")
UNAVAILABLE = ProblemType("unavailable", 503, "Not available at present")
DEADLINE_EXCEEDED = ProblemType("deadline-exceeded", 504, "Deadline exceeded")


def not_valid(detail: str, *, pointer: str | None = None, parameter: str | None = None) -> Problem:
    """A `validation-failed` with one fault."""
    return VALIDATION_FAILED(errors=(FieldError(detail, pointer, parameter),))


def breaks_rule(
    detail: str, *, pointer: str | None = None, parameter: str | None = None
) -> Problem:
    """A `rule-broken` with one fault, of input that fits its schema (RFC 9110 §15.5.21).

    For rules that a schema cannot tell, such as those between two fields; what breaks the schema
    is `not_valid`.
    """
    return RULE_BROKEN(errors=(FieldError(detail, pointer, parameter),))


def json_pointer(location: Sequence[str | int]) -> str:
    """`("items", 0, "a/b")` → `/items/0/a~1b`."""
    return "".join("/" + str(each).replace("~", "~0").replace("/", "~1") for each in location)
