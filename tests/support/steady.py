"""What is asked over and over, in a thread, while something is done to those who answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread


class Steady(ABC):
    """`answered` counts by what was asked; `failed` holds what did not go as it should."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.failed: list[str] = []
        self.over = Event()

    @abstractmethod
    def ask(self) -> None:
        """Ask until it is `over`."""

    @contextmanager
    def steady(self) -> Iterator[None]:
        """It goes on until this ends."""
        thread = Thread(target=self.ask)
        thread.start()
        try:
            yield
        finally:
            self.over.set()
            thread.join()
