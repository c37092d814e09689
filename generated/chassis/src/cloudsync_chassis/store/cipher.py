"""Fields at rest: AES-256-GCM bound to the tenant, and blind indexes to look them up."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_jsonable_python

from cloudsync_chassis.store.keys import FieldKeys, GivenKeys

_NONCE = 12
_KEY_ID = 4


class FieldCipher:
    """Encrypts with the newest key and decrypts with any.

    `index_key` makes blind indexes, which must be the same whatever keys come and go; without one
    it follows from the oldest of `keys`.
    """

    def __init__(self, *keys: bytes, index_key: bytes | None = None) -> None:
        self.keys: FieldKeys = GivenKeys(*keys)
        self.timed: Callable[[str, float], None] = lambda direction, seconds: None
        """Told how long it took to `seal` or `open` the fields of an entity."""
        secret = index_key if index_key is not None else keys[-1]
        self._index_key = _derived(secret, b"blind-index")
        self._lasting_key = _derived(secret, b"lasting")

    @classmethod
    def of(cls, keys: FieldKeys, index_key: bytes) -> FieldCipher:
        """A cipher whose keys may change while it is used."""
        made = cls(index_key=index_key)
        made.keys = keys
        return made

    @contextmanager
    def timing(self, direction: Literal["seal", "open"]) -> Iterator[None]:
        """Around the fields of one entity."""
        began = time.perf_counter()
        yield
        self.timed(direction, time.perf_counter() - began)

    def encrypt(self, value: Any, tenant: UUID) -> bytes:
        """Key id, nonce and ciphertext of the value's JSON; another tenant cannot decrypt it."""
        return self._sealed(json.dumps(to_jsonable_python(value)).encode(), tenant)

    def decrypt(self, stored: bytes, tenant: UUID) -> Any:
        """The JSON value.

        Raises:
            KeyError: its key is gone.
            cryptography.exceptions.InvalidTag: altered, or of another tenant.
        """
        return json.loads(self._opened(bytes(stored), tenant))

    def renewed(self, stored: bytes, tenant: UUID) -> bytes | None:
        """The same under the newest key; None if it is so already.

        Raises:
            KeyError, cryptography.exceptions.InvalidTag: as for `decrypt`.
        """
        stored = bytes(stored)
        if key_of(stored) == self.keys.all()[0].id:
            return None
        return self._sealed(self._opened(stored, tenant), tenant)

    def blind_index(self, value: Any) -> str | None:
        """64 hexadecimal digits that are equal for equal values, ignoring case."""
        if value is None:
            return None
        text = str(to_jsonable_python(value)).casefold()
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()

    def lasting_key(self, name: str) -> bytes:
        """32 bytes for one thing alone, which can be had for its name whatever field keys come and
        go meanwhile: they follow from the index key.
        """
        return hmac.new(self._lasting_key, name.encode(), hashlib.sha256).digest()

    def _sealed(self, plain: bytes, tenant: UUID) -> bytes:
        key, nonce = self.keys.all()[0], os.urandom(_NONCE)
        return key.id + nonce + AESGCM(key.secret).encrypt(nonce, plain, tenant.bytes)

    def _opened(self, stored: bytes, tenant: UUID) -> bytes:
        key = self.keys.find(key_of(stored))
        if key is None:
            raise KeyError(key_of(stored).hex())
        nonce, sealed = stored[_KEY_ID : _KEY_ID + _NONCE], stored[_KEY_ID + _NONCE :]
        return AESGCM(key.secret).decrypt(nonce, sealed, tenant.bytes)


def key_of(stored: bytes) -> bytes:
    """Id of the key that encrypted it."""
    return stored[:_KEY_ID]


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.new(secret, purpose, hashlib.sha256).digest()
