"""What callers send beside the request itself, as HTTP headers or gRPC metadata."""

from __future__ import annotations

import re
from uuid import UUID

from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import not_valid
from cloudsync_chassis.propagation import TENANT_HEADER
from cloudsync_chassis.security.principal import Principal

_TAG = re.compile(r'"(\d{1,18})"')
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


def acting(principal: Principal, text: str | None) -> Principal:
    """The caller within the tenant that the header names; of a user it is not even read.

    Raises:
        Problem: `validation-failed`: no UUID.
    """
    if principal.kind == "user" or not text:
        return principal
    try:
        return principal.acting_for(UUID(text))
    except ValueError as error:
        raise not_valid("a UUID", parameter=TENANT_HEADER) from error


def idempotency_key(text: str | None) -> str | None:
    """The key, if it can be kept.

    Raises:
        Problem: `validation-failed`.
    """
    if text is not None and not _KEY.fullmatch(text):
        raise not_valid("1 to 128 printable characters", parameter="Idempotency-Key")
    return text


def versions(text: str | None, operation: Operation) -> frozenset[int] | None:
    """The versions that `If-Match` allows (RFC 9110 §13.1.1); None: any; weak tags: none.

    Raises:
        Problem: `validation-failed`: the operation needs the header and there is none.
    """
    if text is None and operation.idempotency == "if-match":
        raise not_valid("required", parameter="If-Match")
    if text is None or text.strip() == "*":
        return None
    tags = (_TAG.fullmatch(each.strip()) for each in text.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag is not None)
