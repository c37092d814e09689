"""What a comparison of two contracts says: one structured fact a change, for every contract
kind.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec import Struct

Pointer = tuple[str | int, ...]
"""Steps from the root of a document to a value, as in a JSON Pointer (RFC 6901), unescaped."""


class Level(StrEnum):
    """What a change means to somebody who relies on the base.

    `ERROR`: it breaks them, or nothing proves that it does not. `WARNING`: what they send is still
    accepted and what they receive still understood, but something they used has lost its effect.
    `INFO`: proven to be safe.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return _RANKS[self]


_RANKS = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}


class Direction(StrEnum):
    """Who produces the data that changed: the consumer, the provider, or nobody (`NONE`)."""

    REQUEST = "request"
    RESPONSE = "response"
    NONE = "none"


class Change(Struct, frozen=True, kw_only=True):
    """One difference between the base and the revision of a contract.

    `code` is an id of the vocabulary that breaking-change tools share. `operation` reads
    `POST /v1/documents` (empty when the change belongs to no operation), `operation_id` is the
    contract's own name for it. The pointers lead into the two documents, to the nearest place that
    exists there. `where` names the place by structure alone (`request body application/json:
    items/[]/name`). `before` and `after` are short JSON text, empty where there is no value.
    """

    code: str
    level: Level
    direction: Direction = Direction.NONE
    operation: str = ""
    operation_id: str = ""
    pointer_base: Pointer = ()
    pointer_revision: Pointer = ()
    where: str = ""
    before: str = ""
    after: str = ""
    message: str

    @property
    def fingerprint(self) -> str:
        """12 hex digits that stay when wording, level or the position in the files change."""
        facts = (self.code, self.operation, self.where, self.before, self.after)
        return sha256(msgspec.json.encode(facts)).hexdigest()[:12]

    @property
    def order(self) -> tuple[str | int, ...]:
        """Sort key: gravest first, then by place."""
        return (
            self.level.rank,
            self.operation,
            self.where,
            self.code,
            self.before,
            self.after,
            self.message,
        )
