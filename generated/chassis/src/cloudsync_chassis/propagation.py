"""What travels from hop to hop: trace, tenant, deadline (W3C Trace Context and two headers)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext, get_current_span

if TYPE_CHECKING:
    from cloudsync_chassis.context import Context

TENANT_HEADER = "X-Organization-Id"
TIMEOUT_HEADER = "X-Timeout-Ms"
REQUEST_ID_HEADER = "X-Request-Id"
TRACE_HEADER = "traceparent"

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Ids as in `traceparent`; all lower-case hexadecimal.

    `begins`: nobody called us with it, so there is no such span, and whether the trace is recorded
    has not been decided; until then the flags say that it is not (W3C Trace Context, 3.2.2.5).
    """

    trace_id: str
    span_id: str
    flags: str = "01"
    begins: bool = False

    @classmethod
    def new(cls) -> Trace:
        """A trace that begins here."""
        # random and no secret (W3C Trace Context, 7.3), so the system need not be asked each time
        first, span = random.randrange(1, 1 << 128), random.randrange(1, 1 << 64)
        return cls(f"{first:032x}", f"{span:016x}", "00", begins=True)

    @classmethod
    def of(cls, span: SpanContext) -> Trace | None:
        """The ids of a span; None where nothing traces."""
        if not span.is_valid:
            return None
        return cls(f"{span.trace_id:032x}", f"{span.span_id:016x}", f"{span.trace_flags:02x}")

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

acting_for: ContextVar[str | None] = ContextVar("cloudsync_chassis_acting_for", default=None)
"""The token of the caller for whom others are asked, as its holder would ask them; empty for
somebody who has none. Without it a service asks others for itself.
"""


@contextmanager
def as_ourselves() -> Iterator[None]:
    """Within it others are asked by the service for itself, whoever it acts for."""
    token = acting_for.set(None)
    try:
        yield
    finally:
        acting_for.reset(token)


left_out: ContextVar[set[str] | None] = ContextVar("cloudsync_chassis_left_out", default=None)
"""Services without whose answers the running request goes on, where somebody wants to know."""


def outgoing_headers() -> dict[str, str]:
    """Headers that carry the trace, with the running span as the parent, and the tenant."""
    context, calling = current.get(), Trace.of(get_current_span().get_span_context())
    if context is None:
        # a trace would begin here of which nobody knows anything: let the callee begin one
        return {TRACE_HEADER: calling.header} if calling is not None else {}
    headers = {TRACE_HEADER: (calling or context.trace).header}
    if context.principal.organization_id is not None:
        headers[TENANT_HEADER] = str(context.principal.organization_id)
    return headers


def timeout_seconds(header: str | None) -> float | None:
    """Seconds of `X-Timeout-Ms`; None without a header or with a malformed one."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 9:
        return None
    return int(header) / 1000
