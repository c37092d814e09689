"""What travels from hop to hop: trace, tenant, deadline (W3C Trace Context and two headers)."""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudsync_chassis.context import Context

TENANT_HEADER = "X-Organization-Id"
TIMEOUT_HEADER = "X-Timeout-Ms"
REQUEST_ID_HEADER = "X-Request-Id"
TRACE_HEADER = "traceparent"

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Ids as in `traceparent`; all lower-case hexadecimal."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def new(cls) -> Trace:
        """The root of a new trace."""
        # random and no secret (W3C Trace Context, 7.3), so the system need not be asked each time
        return cls(f"{random.randrange(1, 1 << 128):032x}", f"{random.randrange(1, 1 << 64):016x}")

    @classmethod
    def parse(cls, header: str | None) -> Trace | None:
        """The caller's ids; None without a header or with a malformed one."""
        found = _TRACEPARENT.fullmatch(header or "")
        if found is None or not int(found[1], 16) or not int(found[2], 16):
            return None
        return cls(found[1], found[2], found[3])

    @property
    def header(self) -> str:
        """Value of `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


current: ContextVar[Context | None] = ContextVar("cloudsync_chassis_context", default=None)
"""The operation that the running task serves; clients and logs read it."""


def outgoing_headers() -> dict[str, str]:
    """Headers that carry the running operation's trace and tenant to a callee."""
    context = current.get()
    if context is None:
        return {TRACE_HEADER: Trace.new().header}
    headers = {TRACE_HEADER: context.trace.header}
    if context.principal.organization_id is not None:
        headers[TENANT_HEADER] = str(context.principal.organization_id)
    return headers


def timeout_seconds(header: str | None) -> float | None:
    """Seconds of `X-Timeout-Ms`; None without a header or with a malformed one."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 9:
        return None
    return int(header) / 1000
