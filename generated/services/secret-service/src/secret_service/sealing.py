"""Seals: AES-256-GCM under data keys, which a master key wraps (envelope encryption)."""

from __future__ import annotations

import asyncio
import hmac
import os
from pathlib import Path
from typing import Protocol

from cloudsync_chassis import files
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY = 32


class BrokenSealError(Exception):
    """Something was sealed by another key, for something else, or was altered."""


class MasterKeys(Protocol):
    """Wraps data keys; the material of the master key stays where it is."""

    arn: str
    """Address of the key that wraps."""

    async def wrap(self, key: bytes) -> bytes:
        """The key under the master key."""
        ...

    async def unwrap(self, wrapped: bytes) -> bytes:
        """What was wrapped.

        Raises:
            BrokenSealError: the master key has not wrapped it.
        """
        ...


class LocalMaster:
    """A master key in a file of mode 0600, made at the first use."""

    arn = "arn:aws:kms:us-east-1:000000000000:key/local"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def wrap(self, key: bytes) -> bytes:
        """See `MasterKeys.wrap`."""
        return seal(await self._key(), key, self.arn)

    async def unwrap(self, wrapped: bytes) -> bytes:
        """See `MasterKeys.unwrap`."""
        return unseal(await self._key(), wrapped, self.arn)

    async def _key(self) -> bytes:
        return await asyncio.to_thread(files.secret_bytes, self._path, _KEY)


def new_key() -> bytes:
    """A data key."""
    return os.urandom(_KEY)


def seal(key: bytes, value: bytes, context: str) -> bytes:
    """Nonce, ciphertext and tag; what it is for (`context`) is bound into it."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """What was sealed.

    Raises:
        BrokenSealError: by another key, for something else, or altered.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise BrokenSealError from error


def fingerprint(key: bytes, value: bytes) -> str:
    """HMAC-SHA256 in hex: by it a reader proves what it holds, and values are told apart."""
    return hmac.digest(key, value, "sha256").hex()
