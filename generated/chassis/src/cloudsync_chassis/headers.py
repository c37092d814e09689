"""What callers send beside the request itself, as HTTP headers or gRPC metadata."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from uuid import UUID

from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import not_valid
from cloudsync_chassis.propagation import TENANT_HEADER
from cloudsync_chassis.security.principal import Principal

_TAG = re.compile(r'"(\d{1,18})"')
_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


Network = IPv4Network | IPv6Network


def client_address(
    peer: str | None, forwarded: str | None, trusted: Collection[Network]
) -> str | None:
    """Whose request it is: the peer's address or, where that is one of our proxies, what they say.

    Each proxy adds to `X-Forwarded-For` (`forwarded`) whom it was asked by, so the last that is
    none of ours is the client; what stands before it the client may have made up.
    """
    found = peer
    for each in reversed((forwarded or "").split(",")):
        address = _address(found)
        told = _address(each.strip())
        if address is None or told is None or not any(address in network for network in trusted):
            return found
        found = str(told)
    return found


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text or "")
    except ValueError:
        return None


def acting(principal: Principal, text: str | None, operation: Operation) -> Principal:
    """The caller within the tenant that the header names, where the operation has that header or a
    workload sends it; elsewhere it is not even read. A user stays in the tenant of the token.

    Raises:
        Problem: `validation-failed`: no UUID.
    """
    heard = operation.access in ("public", "workload") or principal.kind == "workload"
    if text is None or not heard:
        return principal
    if not _UUID.fullmatch(text):
        raise not_valid("a UUID", parameter=TENANT_HEADER)
    return principal.acting_for(UUID(text))


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
