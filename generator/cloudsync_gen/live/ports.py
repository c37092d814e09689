"""Free ports of this machine, kept for those that are told to listen there."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable

HOST = "127.0.0.1"

_KEEPS = sys.platform == "linux"
"""There a port may be bound a second time as long as nobody listens at it (`SO_REUSEADDR`, see
socket(7)), so it stays ours until its service listens.
"""


class Ports:
    """Ports that the system gives to nobody else meanwhile. Close it when all services have ended.

    Elsewhere than on Linux a port is free again once `hand_over` was called.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def take(self) -> int:
        """A port that nothing listens at."""
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((HOST, 0))
        port = int(held.getsockname()[1])
        self._held[port] = held
        return port

    def hand_over(self, port: int) -> None:
        """Somebody is about to listen there."""
        if not _KEEPS and port in self._held:
            self._held.pop(port).close()

    def close(self) -> None:
        """Let go of all."""
        while self._held:
            self._held.popitem()[1].close()


class Sockets:
    """Sockets that copies of a service are handed down, each made when the first copy starts.

    Whoever has one accepts from the same queue, so that none is refused while copies change. It is
    the copies that listen: until one does, and once `let_go` was called, callers are refused.
    """

    def __init__(self, about_to_bind: Callable[[int], None] = lambda _: None) -> None:
        self._about_to_bind = about_to_bind
        self._bound: dict[int, socket.socket] = {}

    def at(self, port: int) -> socket.socket:
        """The socket that is bound to a port."""
        if port not in self._bound:
            self._about_to_bind(port)
            made = socket.socket()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((HOST, port))
            self._bound[port] = made
        return self._bound[port]

    def let_go(self, ports: Iterable[int]) -> None:
        """No copy is left."""
        for each in ports:
            if each in self._bound:
                self._bound.pop(each).close()
