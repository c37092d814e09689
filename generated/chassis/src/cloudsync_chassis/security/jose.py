"""joserfc without what reads certificates, which no key of ours comes in."""

from __future__ import annotations

from cloudsync_chassis.lean import promised

with promised("cryptography.x509"):
    from joserfc import jws, jwt
    from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
    from joserfc.jwk import ECKey, Key, KeyParameters, OKPKey, RSAKey, import_key

__all__ = [
    "BadSignatureError",
    "ClaimError",
    "ECKey",
    "ExpiredTokenError",
    "JoseError",
    "Key",
    "KeyParameters",
    "OKPKey",
    "RSAKey",
    "import_key",
    "jws",
    "jwt",
]
