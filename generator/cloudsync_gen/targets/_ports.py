"""Where services listen beside the port that the model gives them."""

from __future__ import annotations

_APART = 10_000


def metrics_port(port: int) -> int:
    """Where a service that speaks no HTTP is scraped: away from the ports that services have."""
    return port + _APART if port + _APART <= 65_535 else port - _APART
