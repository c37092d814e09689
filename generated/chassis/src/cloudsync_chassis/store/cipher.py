"""Fields at rest: AES-256-GCM bound to the tenant, and blind indexes to look them up."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_jsonable_python

_NONCE = 12
_KEY_ID = 4


class FieldCipher:
    """`keys`: 32 secret bytes each, the newest first; older ones still decrypt."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = {hashlib.sha256(key).digest()[:_KEY_ID]: key for key in keys}
        self._newest = hashlib.sha256(keys[0]).digest()[:_KEY_ID]
        self._index_key = hmac.new(keys[-1], b"blind-index", hashlib.sha256).digest()

    def encrypt(self, value: Any, tenant: UUID) -> bytes:
        """Key id, nonce and ciphertext of the value's JSON; another tenant cannot decrypt it."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(to_jsonable_python(value)).encode()
        sealed = AESGCM(self._keys[self._newest]).encrypt(nonce, plain, tenant.bytes)
        return self._newest + nonce + sealed

    def decrypt(self, stored: bytes, tenant: UUID) -> Any:
        """The JSON value.

        Raises:
            KeyError: its key is gone.
            cryptography.exceptions.InvalidTag: altered, or of another tenant.
        """
        stored = bytes(stored)
        key = self._keys[stored[:_KEY_ID]]
        nonce, sealed = stored[_KEY_ID : _KEY_ID + _NONCE], stored[_KEY_ID + _NONCE :]
        return json.loads(AESGCM(key).decrypt(nonce, sealed, tenant.bytes))

    def blind_index(self, value: Any) -> str | None:
        """64 hexadecimal digits that are equal for equal values, ignoring case."""
        if value is None:
            return None
        text = str(to_jsonable_python(value)).casefold()
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()
