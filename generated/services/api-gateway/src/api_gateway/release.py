"""The release job: `python -m api_gateway.release` brings the ways in of the model to the door.

They are those of the navigation layer, as this release was made with them (`generated/routes.json`):
an operation that no route of it reaches has no way in. A route that an operator has written stays.
One whose way has gone from the model is told, and deprecated by hand. The four editions get their
plans, unless there are some.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.entrances import RouteTable, route_table

from . import generated
from .generated.models import (
    AuthMode,
    Edition,
    GatewayRoute,
    HttpMethod,
    OnExceeded,
    RouteKind,
    RouteStatus,
)
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

PLANS: Mapping[Edition, Mapping[str, Any]] = {
    Edition.free: {"concurrency": 5, "dailyQuota": 50_000},
    Edition.team: {"concurrency": 50, "dailyQuota": 1_000_000},
    Edition.business: {
        "concurrency": 250,
        "dailyQuota": 20_000_000,
        "onExceeded": OnExceeded.queue,
    },
    Edition.enterprise: {
        "concurrency": 1000,
        "dailyQuota": 200_000_000,
        "onExceeded": OnExceeded.queue,
    },
}
"""What the editions may spend at first beside the rates of the model; operators set others."""

_TIMEOUT_MS = 10_000
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Entered:
    """How many routes are new or changed, and the names of those whose way the model has no more."""

    changed: int
    left: tuple[str, ...]


def routes_of(table: RouteTable) -> Iterator[dict[str, Any]]:
    """Routes by the ways of a table."""
    for entry in table.entries:
        fields = {
            "name": entry.name[:_LONGEST_NAME].rstrip("-"),
            "kind": RouteKind(entry.kind),
            "pathPattern": entry.path,
            "methods": [HttpMethod(each) for each in entry.methods],
            "upstreamService": entry.service,
            "upstreamOperation": entry.operation,
            "authMode": AuthMode.anonymous if entry.public else AuthMode.bearer,
            "timeoutMs": _TIMEOUT_MS,
            "rolloutPercent": 100,
            "status": RouteStatus.active,
        }
        yield {**fields, "requiredPermission": entry.permission} if entry.permission else fields


async def enter(handlers: Handlers, table: RouteTable) -> Entered:
    """Bring all ways of a table to the door, in one transaction."""

    async def all_of_it(ctx: Context) -> int:
        plan = await _plans(handlers, ctx, table)
        changed = 0
        for fields in routes_of(table):
            found = await handlers.gateway_route.find(ctx, name=fields["name"])
            if found is None:
                await handlers.gateway_route.insert(ctx, {**fields, "rateLimitPlanId": plan})
                changed += 1
            elif found.status is RouteStatus.active:
                now = await handlers.gateway_route.rewrite(ctx, found, _moved(found, fields))
                changed += now.version != found.version
        handlers.changed(ctx)
        return changed

    changed = await handlers.apart(all_of_it)
    known = {(each.service, each.operation) for each in table.entries}
    routes = (await handlers.board()).routes.values()
    left = (
        each.name
        for each in routes
        if each.status is RouteStatus.active
        and (each.upstream_service, each.upstream_operation) not in known
    )
    return Entered(changed, tuple(sorted(left)))


def _moved(found: GatewayRoute, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What of a route the model says; how callers show who they are is an operator's to choose."""
    names = ("pathPattern", "methods", "upstreamService", "upstreamOperation")
    moved: dict[str, Any] = {name: fields[name] for name in names}
    if AuthMode.anonymous in (found.auth_mode, fields["authMode"]):
        moved["authMode"] = fields["authMode"]
    return {**moved, "requiredPermission": fields.get("requiredPermission")}


async def _plans(handlers: Handlers, ctx: Context, table: RouteTable) -> UUID:
    """The plan by which those are counted who have no better one."""
    found = {each.plan_code: each.id async for each in handlers.rate_limit_plan.each(ctx)}
    for told in table.plans:
        edition = Edition(told.edition)
        if edition not in found:
            rates = {"limitPerSecond": told.per_second, "burst": told.burst}
            made = await handlers.rate_limit_plan.insert(
                ctx, {"planCode": edition, **rates, **PLANS[edition]}
            )
            found[edition] = made.id
    return found[Edition.free]


async def _main() -> None:
    runtime = Runtime(SERVICE, ServiceSettings())
    try:
        await runtime.prepare_database()
        entered = await enter(Handlers(runtime), route_table(generated))
        sys.stdout.write(f"{entered.changed} routes are new or changed\n")
        for each in entered.left:
            sys.stdout.write(f"{each}: no way of the model leads there; deprecate it by hand\n")
    finally:
        await runtime.database.dispose()


def main() -> int:
    """Enter the table; the exit code."""
    asyncio.run(_main())
    return 0


if __name__ == "__main__":
    sys.exit(main())
