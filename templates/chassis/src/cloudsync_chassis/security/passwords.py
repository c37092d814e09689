"""Hashes of what people choose themselves: passwords, and the passcodes of links and rooms."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB = 19_456
"""With two passes and one lane: the second recommendation of OWASP on storing passwords."""

_ITERATIONS = 2
_PREFIX = "$argon2id$"


def hash_password(password: str, memory_kib: int = MEMORY_KIB) -> str:
    """An encoded argon2id hash (RFC 9106) with its parameters and salt: 97 characters.

    It takes some ten milliseconds of a processor; the event loop is no place for it.
    """
    kdf = Argon2id(
        salt=os.urandom(16), length=32, iterations=_ITERATIONS, lanes=1, memory_cost=memory_kib
    )
    return kdf.derive_phc_encoded(password.encode())


def is_password(password: str, encoded: str) -> bool:
    """Whether the hash is that of the password; False for what is no argon2id hash."""
    if not encoded.startswith(_PREFIX):
        return False
    try:
        Argon2id.verify_phc_encoded(password.encode(), encoded)
    except (InvalidKey, ValueError):
        return False
    return True
