"""Routes that FastAPI takes apart with the first request for each, not all of them at a start."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from cloudsync_chassis.lean import without
from cloudsync_chassis.web.framework import APIRoute


class LateRoute(Route):
    """What `make` gives answers `verb` of `path`, and no other; `name` is what it is told by."""

    def __init__(
        self, verb: str, path: str, make: Callable[[], Callable[..., Any]], name: str | None = None
    ) -> None:
        super().__init__(path, make, name=name)
        self.methods = {verb}  # Starlette would have HEAD with each GET
        self._make = make

    @cached_property
    def _made(self) -> APIRoute:
        # asked of each parameter: whether its class is one of pydantic's old ones, which none is
        with without("pydantic.v1"):
            return APIRoute(self.path, self._make(), methods=self.methods)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette; the scope names the route, as it does with FastAPI's own."""
        found, child = super().matches(scope)
        if found is not Match.NONE:
            child["route"] = self
        return found, child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._made.handle(scope, receive, send)
