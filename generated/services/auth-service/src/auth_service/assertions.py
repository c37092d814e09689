"""ID tokens of customers' identity providers (OpenID Connect Core 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .proofs import same

_ALGORITHMS = ["ES256", "PS256", "RS256"]
_LEEWAY = 60.0
"""Seconds by which clocks may differ."""

_LONGEST = 16_384
_UNUSABLE = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What a text made to be no token brings about."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say; `now` in seconds since the epoch."""

    issuer: str
    client_id: str
    nonce: str
    now: float


def address_in(token: str, keys: Mapping[str, Any], expected: Expected) -> str | None:
    """The address that a token vouches for, or None if anything is wrong with it (section 3.1.3.7).

    `keys`: the provider's JWK set (RFC 7517).
    """
    if len(token) > _LONGEST:
        return None
    try:
        known = KeySet.import_key_set({"keys": list(keys["keys"])})
        claims = jwt.decode(token, known, algorithms=_ALGORITHMS).claims
        return _address(claims) if _fits(claims, expected) else None
    except _UNUSABLE:
        return None


def _fits(claims: Mapping[str, Any], expected: Expected) -> bool:
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    for_us = expected.client_id in audience and (
        len(audience) == 1 or claims.get("azp") == expected.client_id
    )
    return (
        claims["iss"] == expected.issuer
        and for_us
        and float(claims["exp"]) + _LEEWAY > expected.now
        and float(claims["iat"]) - _LEEWAY < expected.now
        and same(str(claims["nonce"]), expected.nonce)
    )


def _address(claims: Mapping[str, Any]) -> str | None:
    """Providers that verify no addresses leave the mark out; they speak for proven domains only."""
    address = claims.get("email")
    proven = claims.get("email_verified", True) in (True, "true")
    return address if isinstance(address, str) and proven else None
