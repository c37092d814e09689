"""What a service and the process that supervises it have to do with each other.

A socket may be handed down, so that old and new copies accept from one queue and none is refused
while they change; a byte in a pipe tells that a copy serves; the end of standard input that the
supervisor is gone, whatever ended it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

READY = b"\n"
"""Written once it serves, as s6 would have it ("notification-fd")."""

_CHUNK = 4096
_STDIN = 0


def handed_down(descriptor: int | None) -> socket.socket | None:
    """The bound socket that we were started with, if any.

    Raises:
        OSError: there is none at this descriptor.
    """
    return None if descriptor is None else socket.socket(fileno=descriptor)


def announce(descriptor: int | None) -> None:
    """Tell that we serve, once: the descriptor is closed."""
    if descriptor is None:
        return
    try:
        os.write(descriptor, READY)
    except BrokenPipeError:
        return  # nobody waits for it any more
    finally:
        os.close(descriptor)


def stop_without_supervisor(grace: float) -> None:
    """Stop as on SIGTERM when standard input ends; be gone `grace` seconds later in any case."""
    threading.Thread(target=_watch, args=(grace,), name="supervisor", daemon=True).start()


def _watch(grace: float) -> None:
    while os.read(_STDIN, _CHUNK):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)
