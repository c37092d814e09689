"""What stages may remember from one run to the next: values by kind and content."""

from __future__ import annotations

from typing import Any, Protocol


class Remembered(Protocol):
    """A hit."""

    @property
    def value(self) -> Any:
        """What was put in."""


class Memory(Protocol):
    """Keeps values by kind and content; a parse cache is one."""

    def get(self, kind: str, content: bytes) -> Remembered | None:
        """What `content` was put in with as `kind`."""

    def put(self, kind: str, content: bytes, value: Any) -> None:
        """Remember it."""


class Forgetful:
    """A memory that keeps nothing."""

    def get(self, kind: str, content: bytes) -> Remembered | None:
        """Nothing."""
        return None

    def put(self, kind: str, content: bytes, value: Any) -> None:
        """Nothing is kept."""
