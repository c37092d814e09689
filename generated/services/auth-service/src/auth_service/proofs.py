"""Passwords and other secrets: hashing, checking, making."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import struct

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_STEP = 30
"""Seconds of a time-based code (RFC 6238)."""


def digest(text: str) -> str:
    """SHA-256 in hexadecimal, for what has 256 random bits and needs no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def digits(number: int) -> str:
    """So many random decimal digits."""
    return f"{secrets.randbelow(10**number):0{number}}"


def new_seed() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return base64.b32encode(os.urandom(20)).decode()


def is_totp(code: str, seed: str, now: float) -> bool:
    """Whether a six-digit code fits the time, one step early or late (RFC 6238, SHA-1)."""
    key = base64.b32decode(seed)
    for step in (-1, 0, 1):
        counter = struct.pack(">Q", int(now) // _STEP + step)
        mac = hmac.new(key, counter, hashlib.sha1).digest()
        place = mac[-1] & 0x0F
        value = struct.unpack(">I", mac[place : place + 4])[0] & 0x7FFFFFFF
        if same(f"{value % 10**6:06}", code):
            return True
    return False


def is_public_key(text: str) -> bool:
    """Whether it is the base64 of a P-256 public key (SubjectPublicKeyInfo)."""
    return _public_key(text) is not None


def _public_key(text: str) -> ec.EllipticCurvePublicKey | None:
    try:
        key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return None
    fits = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    return key if fits and isinstance(key, ec.EllipticCurvePublicKey) else None


def is_signature(answer: str, nonce: str, public_key: str) -> bool:
    """Whether the answer is the base64 of an ECDSA signature over the nonce."""
    key = _public_key(public_key)
    try:
        signature = base64.b64decode(answer, validate=True)
        if key is not None:
            key.verify(signature, nonce.encode(), ec.ECDSA(hashes.SHA256()))
            return True
    except (ValueError, InvalidSignature):
        return False
    return False


def is_work(nonce: str, counter: str | None, bits: int) -> bool:
    """Whether SHA-256 over nonce and counter begins with so many zero bits."""
    if counter is None:
        return False
    value = int.from_bytes(hashlib.sha256(f"{nonce}{counter}".encode()).digest(), "big")
    return value >> (256 - bits) == 0
