"""Cursors of lists: opaque, signed, at most 512 characters (keyset pagination)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.problem import CURSOR_UNKNOWN

MAX_LENGTH = 512
TEXT_LENGTH = 60
"""Texts are sorted by so many characters, so that every position fits a cursor."""
_TAG = 16


@dataclass(frozen=True, slots=True)
class Position:
    """After which row a page begins: the sort (`-createdAt`), its value there, the row's id."""

    sort: str
    value: Any
    id: UUID


class CursorSigner:
    """Encodes positions so that nobody can make up one. `key`: 32 secret bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: Position) -> str:
        """The cursor."""
        value, kind = _plain(position.value)
        payload = json.dumps(
            [position.sort, kind, value, position.id.hex],
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()
        return _text(self._tag(payload) + payload)

    def decode(self, cursor: str) -> Position:
        """The position.

        Raises:
            Problem: `cursor-unknown`: not signed by us.
        """
        try:
            if len(cursor) > MAX_LENGTH:
                raise ValueError
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            tag, payload = raw[:_TAG], raw[_TAG:]
            # the last character has bits that decoding drops: only one spelling is ours
            if not hmac.compare_digest(tag, self._tag(payload)) or _text(raw) != cursor:
                raise ValueError
        except (ValueError, binascii.Error) as error:
            raise CURSOR_UNKNOWN() from error
        sort, kind, value, row = json.loads(payload)
        return Position(sort, _READ[kind](value), UUID(row))

    def _tag(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()[:_TAG]


_READ: dict[str, Any] = {
    "p": lambda value: value,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "u": UUID,
}


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _plain(value: Any) -> tuple[Any, str]:
    if isinstance(value, datetime):
        return value.isoformat(), "t"
    if isinstance(value, date):
        return value.isoformat(), "d"
    if isinstance(value, UUID):
        return value.hex, "u"
    if isinstance(value, str):
        return value[:TEXT_LENGTH], "p"
    return value, "p"
