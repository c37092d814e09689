"""Access tokens: JWT (RFC 9068 style), of one asymmetric algorithm and a short life."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import UNAUTHENTICATED, Problem
from cloudsync_chassis.security.jose import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    JoseError,
    Key,
    jws,
    jwt,
)
from cloudsync_chassis.security.jwks import JwksCache, UnknownKeyError
from cloudsync_chassis.security.keys import Algorithm
from cloudsync_chassis.security.principal import Principal, workload

LIFETIME = 900
_MAX_TOKEN = 8192
_CACHED = 4096
_UNUSABLE = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What a text made to be no token brings about."""

Now = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Verified:
    """A token's caller and the time (seconds since the epoch) until which that is true."""

    principal: Principal
    expires_at: float


class TokenIssuer:
    """Signs tokens; `lifetime` in seconds."""

    def __init__(
        self,
        key: Key,
        issuer: str,
        lifetime: int = LIFETIME,
        now: Now = time.time,
        algorithm: Algorithm = "ES256",
    ) -> None:
        self._algorithm = algorithm
        self._key = key
        self._issuer = issuer
        self._lifetime = lifetime
        self._now = now

    def issue(self, principal: Principal, audience: Sequence[str]) -> str:
        """A signed token for `principal` that the services named in `audience` accept."""
        issued = int(self._now())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": principal.subject,
            "aud": list(audience),
            "iat": issued,
            "exp": issued + self._lifetime,
            "jti": str(uuid7()),
            "kind": principal.kind,
            "roles": sorted(principal.roles),
            "scope": " ".join(sorted(principal.scopes)),
        }
        if principal.organization_id is not None:
            claims["org"] = str(principal.organization_id)
        if principal.authenticated_at is not None:
            claims["auth_time"] = principal.authenticated_at
            claims["amr"] = sorted(principal.factors)
        if principal.assurance is not None:
            claims["acr"] = principal.assurance
        if principal.session is not None:
            claims["sid"] = principal.session
        if principal.attributes:
            claims["attributes"] = dict(principal.attributes)
        header = {"alg": self._algorithm, "kid": self._key.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, self._key, algorithms=[self._algorithm])


class TokenVerifier:
    """Verifies tokens offline against the issuer's published keys; `leeway` in seconds."""

    def __init__(
        self,
        keys: JwksCache,
        issuer: str,
        audience: str,
        leeway: int = 30,
        max_lifetime: int = LIFETIME,
        now: Now = time.time,
        algorithm: Algorithm = "ES256",
        reads: Callable[[dict[str, Any]], Principal] | None = None,
        rejected: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._rejected = rejected
        self._algorithm = algorithm
        self._reads = reads or principal_of
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._max_lifetime = max_lifetime
        self._now = now
        self._seen: dict[str, Verified] = {}

    async def verify(self, token: str) -> Principal:
        """The caller that the token names.

        Raises:
            Problem: `unauthenticated`, for whatever reason; the reason is not told.
        """
        seen = self._seen.get(token)
        if seen is None:
            seen = await self._check(token)
            self._remember(token, seen)
        if seen.expires_at + self._leeway <= self._now():
            self._seen.pop(token, None)
            self._rejected("expired")
            raise refused()
        return seen.principal

    def _remember(self, token: str, verified: Verified) -> None:
        while len(self._seen) >= _CACHED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[token] = verified

    async def _check(self, token: str) -> Verified:
        if len(token) > _MAX_TOKEN:
            self._rejected("malformed")
            raise refused()
        try:
            kid = jws.extract_compact(token.encode()).headers().get("kid")
            key = await self._keys.key(str(kid))
            claims = jwt.decode(token, key, algorithms=[self._algorithm]).claims
            self._registry().validate(claims)
            return self._verified(claims)
        except (*_UNUSABLE, UnknownKeyError) as error:
            self._rejected(_reason(error))
            raise refused() from error

    def _registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=self._leeway,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )

    def _verified(self, claims: dict[str, Any]) -> Verified:
        if not 0 < claims["exp"] - claims["iat"] <= self._max_lifetime:
            raise ValueError("token lives too long")
        expires_at = float(claims["exp"])
        return Verified(replace(self._reads(claims), expires_at=expires_at), expires_at)


def _reason(error: Exception) -> str:
    """Why a token is refused, in a word that names nothing of it."""
    if isinstance(error, ExpiredTokenError):
        return "expired"
    if isinstance(error, BadSignatureError):
        return "signature"
    if isinstance(error, UnknownKeyError):
        return "key"
    if isinstance(error, ClaimError):
        return {"aud": "audience", "iss": "issuer"}.get(error.claim, "claims")
    return "malformed"


def principal_of(claims: dict[str, Any]) -> Principal:
    """The caller as our issuer tells it.

    Raises:
        ValueError, TypeError, AttributeError: the claims have other shapes.
    """
    kind = claims.get("kind", "user")
    if kind not in ("user", "workload"):
        raise ValueError("unknown kind of caller")
    return Principal(
        subject=str(claims["sub"]),
        kind=kind,
        organization_id=UUID(claims["org"]) if "org" in claims else None,
        roles=frozenset(map(str, claims.get("roles", ()))),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        factors=frozenset(map(str, claims.get("amr", ()))),
        authenticated_at=int(claims["auth_time"]) if "auth_time" in claims else None,
        attributes=dict(claims.get("attributes", {})),
        assurance=_text(claims, "acr"),
        session=_text(claims, "sid"),
    )


def _text(claims: dict[str, Any], name: str) -> str | None:
    found = claims.get(name)
    if found is not None and not isinstance(found, str):
        raise TypeError(f"{name} is no text")
    return found


def service_account(namespaces: Collection[str]) -> Callable[[dict[str, Any]], Principal]:
    """Reads the projected token of a Kubernetes service account in one of the namespaces.

    Its `sub` is `system:serviceaccount:<namespace>:<name>`, and the name is the service's.
    """

    def read(claims: dict[str, Any]) -> Principal:
        system, kind, namespace, name = str(claims["sub"]).split(":")
        if (system, kind) != ("system", "serviceaccount") or namespace not in namespaces:
            raise ValueError("no service account of ours")
        return workload(name)

    return read


def issuer_of(token: str) -> str:
    """Who a token says that it is from, to choose who verifies it; empty where it is none."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["iss"])
    except (IndexError, RecursionError, *_UNUSABLE):
        return ""


def refused() -> Problem:
    """The answer to a missing or unusable token (RFC 6750 §3)."""
    return Problem(UNAUTHENTICATED, headers={"WWW-Authenticate": "Bearer"})


def bearer(authorization: str | None) -> str | None:
    """The token of an `Authorization` header; None without a header.

    Raises:
        Problem: `unauthenticated`: another scheme, or no token.
    """
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refused()
    return token.strip()
