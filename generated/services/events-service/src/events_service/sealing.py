"""Pseudonyms of people, and the keys that make what they did unreadable once they are destroyed.

A person's pseudonym is HMAC-SHA256 of their id under a key of their tenant, cut to 128 bits. What
they did is sealed under a key of their own (AES-256-GCM), bound to tenant and key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import zlib
from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import memory
from .base import NOTHING, Base
from .generated import models, port

_NONCE = 12
_KEY_BYTES = 32
_PSEUDONYM = 32
_CURRENT, _FORMER = "current", "former"
LIVE, DESTROYED = "live", "destroyed"
_KEPT_FOR = timedelta(days=396)
_DAY = 86_400.0
_OURS = "events-service/"
"""Below this path lie the secrets that are ours."""

LONGEST = 32_768
"""Characters of a payload, sealed or in clear."""

NOBODY = UUID(int=0)
"""Whose key seals what concerns no person and must be sealed all the same."""


class Sealing(Base):
    """Keys of tenants and of people."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        former = Due(aggregate=memory.PSEUDONYM_KEYS.name, where={"state": _FORMER})
        runtime.work.every(_DAY, "drop-pseudonym-keys", self.drop_former_keys, former)

    async def pseudonym(self, ctx: Context, person: str) -> str:
        """The present pseudonym of somebody within the tenant, 32 hexadecimal digits."""
        found = await self.pseudonym_keys.find(ctx, state=_CURRENT) or await self._begin(ctx, 1)
        secret = bytes.fromhex(found.secret)
        return hmac.new(secret, person.encode(), hashlib.sha256).hexdigest()[:_PSEUDONYM]

    async def rotate_pseudonym_key(self, ctx: Context, request: port.RotatePseudonymKey) -> None:
        """Pseudonyms begin anew; the key before is kept, sealed, for thirteen months."""
        found = await self.pseudonym_keys.find(ctx, state=_CURRENT)
        if found is not None:
            end = {"state": _FORMER, "endedAt": ctx.now}
            await self.pseudonym_keys.rewrite(ctx, found, end)
        await self._begin(ctx, found.number + 1 if found is not None else 1)

    async def on_secret_rotated(self, ctx: Context, event: Received[models.SecretRotated]) -> None:
        """A new key for pseudonyms when the secret is one of ours, others are passed over."""
        if event.data.path.startswith(_OURS):
            await self.rotate_pseudonym_key(ctx, port.RotatePseudonymKey())

    async def drop_former_keys(self, ctx: Context) -> None:
        """Remove the tenant's keys that ended thirteen months ago."""
        async for each in self.pseudonym_keys.each(ctx, state=_FORMER):
            if each.ended_at is not None and each.ended_at + _KEPT_FOR <= ctx.now:
                await self.pseudonym_keys.remove(ctx, each)

    async def _begin(self, ctx: Context, number: int) -> memory.PseudonymKey:
        secret = os.urandom(_KEY_BYTES).hex()
        fields = {"number": number, "state": _CURRENT, "secret": secret}
        return await self.pseudonym_keys.insert(ctx, fields)

    async def seal(self, ctx: Context, subject: UUID, payload: str) -> tuple[str, str] | None:
        """The key's id and the sealed payload; None where that would be too long.

        Of somebody whose key is destroyed nothing is kept.
        """
        key = await self.subject_keys.find(ctx, subjectId=subject)
        if key is None:
            fields = {
                "subjectId": subject,
                "keyId": f"sk-{uuid7().hex}",
                "state": LIVE,
                "secret": os.urandom(_KEY_BYTES).hex(),
            }
            key = await self.subject_keys.insert(ctx, fields)
        if key.secret is None:
            return key.key_id, NOTHING
        return self._sealed(ctx, key.key_id, key.secret, payload)

    def _sealed(
        self, ctx: Context, key_id: str, secret: str, payload: str
    ) -> tuple[str, str] | None:
        nonce = os.urandom(_NONCE)
        plain = zlib.compress(payload.encode(), 9)
        cipher = AESGCM(bytes.fromhex(secret))
        content = nonce + cipher.encrypt(nonce, plain, _bound(ctx, key_id))
        text = base64.b64encode(content).decode()
        return (key_id, text) if len(text) <= LONGEST else None

    async def unsealed(self, ctx: Context, event: models.CollectedEvent) -> str | None:
        """The payload in clear; None where its key is destroyed."""
        if event.status is models.CollectedEventStatus.redacted:
            return None
        if event.payload_key_id is None or event.payload == NOTHING:
            return event.payload
        key = await self.subject_keys.find(ctx, keyId=event.payload_key_id)
        if key is None or key.secret is None:
            return None
        raw = base64.b64decode(event.payload)
        cipher = AESGCM(bytes.fromhex(key.secret))
        plain = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _bound(ctx, key.key_id))
        return zlib.decompress(plain).decode()

    async def resealed(
        self, ctx: Context, event: models.CollectedEvent, payload: str
    ) -> str | None:
        """Another payload under the event's own key; None where it would be too long, or the key
        is destroyed.
        """
        if event.payload_key_id is None:
            return payload
        key = await self.subject_keys.find(ctx, keyId=event.payload_key_id)
        if key is None or key.secret is None:
            return None
        found = self._sealed(ctx, key.key_id, key.secret, payload)
        return found[1] if found is not None else None

    async def note_sealed(self, ctx: Context, event: models.CollectedEvent) -> None:
        """Remember which key an event is under, since the event itself tells nobody."""
        if event.payload_key_id is not None:
            fields = {"keyId": event.payload_key_id, "collectedEventId": event.id}
            await self.sealed_events.insert(ctx, fields)


def _bound(ctx: Context, key_id: str) -> bytes:
    return ctx.tenant.bytes + key_id.encode()
