"""What waits in an outbox or on a bus to be carried out lies there as ciphertext.

Facts hold nothing that is encrypted where it is stored; commands and calls hold whole requests.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag

from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.store.cipher import FieldCipher, key_of
from cloudsync_chassis.store.sealed import SEALED, unwrapped, wrapped


class SealError(ValueError):
    """What was sealed cannot be opened: its key is not known here, or it has been altered."""


class Seals:
    """Seals the data of messages, each bound to its id, type and tenant.

    `own` is for what the service itself takes up again, `shared` for what others may; without it
    what goes to others stays in clear, as does what a sender without keys has sent.
    """

    def __init__(self, own: FieldCipher, shared: FieldCipher | None = None) -> None:
        self._own = own
        self._shared = shared

    def close(self, message: Event, *, ours: bool) -> Event:
        """The message as it may lie about; `ours`: nobody else takes it up."""
        cipher = self._own if ours else self._shared
        if cipher is None:
            return message
        sealed = cipher.encrypt(dict(message.data), _bound(message))
        return replace(message, data=wrapped(sealed))

    def open(self, message: Event) -> Event:
        """The message in clear.

        Raises:
            SealError: it cannot be opened.
        """
        if message.data.keys() != {SEALED}:
            return message
        try:
            return replace(message, data=self._opened(message))
        except (KeyError, InvalidTag, ValueError, TypeError) as error:
            raise SealError(message.type) from error

    def _opened(self, message: Event) -> dict[str, object]:
        stored = unwrapped(dict(message.data)) or b""
        known = self._own.keys.find(key_of(stored)) is not None
        cipher = self._own if known or self._shared is None else self._shared
        return dict(cipher.decrypt(stored, _bound(message)))


def _bound(message: Event) -> UUID:
    """What ciphertext is bound to, so that it opens in no other message."""
    return uuid5(message.id, f"{message.organization_id or ''} {message.type}")
