"""GraphQL documents that clients have announced, by the SHA-256 of their text.

Clients send the digest alone (`extensions.persistedQuery`, the protocol of Automatic Persisted
Queries), and where nothing else is taken they can ask only what was reviewed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Documents(Protocol):
    """Where they are kept. What is not announced is kept for as long as whoever keeps it likes."""

    async def announced(self, digest: str) -> str | None:
        """The text that was announced with this digest, for whoever asks."""

    async def known(self, digest: str) -> str | None:
        """A text with this digest that a caller has sent before, announced or not."""

    async def keep(self, digest: str, text: str) -> None:
        """Remember what a caller sent, so that the digest will do the next time."""


def digest_of(text: str) -> str:
    """The SHA-256 of a document, in lower-case hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_digest(text: object) -> bool:
    """Whether it is one."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def manifest(path: Path) -> dict[str, str]:
    """Digest -> text of a JSON file that a client's build has written.

    Raises:
        ValueError: it is no such object, or a digest is not that of its text.
    """
    found = json.loads(path.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{path}: an object of digests and documents")
    for digest, text in found.items():
        if not isinstance(text, str) or digest_of(text) != digest:
            raise ValueError(f"{path}: {digest[:64]} is not the digest of its document")
    return found


class RememberedDocuments:
    """In memory: those that were announced, and the latest that callers sent, up to `size`
    characters of them all.
    """

    def __init__(self, announced: Mapping[str, str] | None = None, size: int = 4_194_304) -> None:
        self._announced = dict(announced or {})
        self._size = size
        self._sent: dict[str, str] = {}
        self._held = 0

    async def announced(self, digest: str) -> str | None:
        """The text that was announced with this digest."""
        return self._announced.get(digest)

    async def known(self, digest: str) -> str | None:
        """As `announced`, and what a caller has sent before."""
        return self._announced.get(digest) or self._sent.get(digest)

    async def keep(self, digest: str, text: str) -> None:
        """Remember a text, and forget the oldest where there are too many."""
        if digest in self._sent or len(text) > self._size:
            return
        self._sent[digest] = text
        self._held += len(text)
        while self._held > self._size:
            self._held -= len(self._sent.pop(next(iter(self._sent))))
