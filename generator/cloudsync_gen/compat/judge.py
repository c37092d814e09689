"""What the comparisons of single keywords ask of the whole: see `schema.Schemas`, which answers."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from cloudsync_gen.compat.deltas import Delta, Mode, Wire
from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.nodes import Node
from cloudsync_gen.compat.normalise import Normal
from cloudsync_gen.compat.values import Digests


class Judge(Protocol):
    """Compares schemas of two documents."""

    @property
    def today(self) -> date:
        """The day on which sunsets are judged."""

    @property
    def digests(self) -> Digests:
        """Equality of values."""

    def normal(self, node: Node) -> Normal:
        """Normal form of a schema."""

    def compare(self, old: Node, new: Node, mode: Mode) -> tuple[Delta, ...]:
        """Differences between two schemas."""

    def contains(self, sup: Node, sub: Node, wire: Wire = Wire.JSON) -> bool:
        """Whether it is proven that `sup` accepts every value that `sub` accepts."""

    def equivalent(self, one: Node, other: Node) -> bool:
        """Whether it is proven that two schemas accept the same values."""

    def other(self, document: Document) -> Document:
        """The other one of the two documents."""
