"""What a document is charged before it is carried out, where a service wants more than a count of
requests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from cloudsync_chassis.security.principal import Principal


@dataclass(slots=True, kw_only=True)
class Weighed:
    """A document that is within the limits, and who asks; `cost` and `depth` as `limits.Limits` has
    them.

    `omitted` are the services whose answers are missing in what it is answered, once it has been;
    `failed`: whether nothing but errors came of it.
    """

    principal: Principal
    headers: Mapping[str, str]
    source_ip: str | None
    kind: str
    cost: int
    depth: int
    omitted: set[str] = field(default_factory=set)
    failed: bool = False


Toll = Callable[[Weighed], AbstractAsyncContextManager[None]]
"""Entered before a document is carried out, left after it was answered; what it raises is the
answer, as a problem document. Of a subscription it is left once that has begun.
"""


@asynccontextmanager
async def free(weighed: Weighed) -> AsyncIterator[None]:
    """Charges nothing."""
    del weighed
    yield
