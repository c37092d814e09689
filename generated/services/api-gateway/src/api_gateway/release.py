"""The release job: `python -m api_gateway.release [FILE]` brings the routes of a release to the door.

FILE is the index of the published contracts; without it, the one in `contracts/` above the code. Each
operation for people or for everybody becomes a route at its own address; a route that an operator
has written stays, as does one whose operation is gone: that one is deprecated by hand. The four
editions get their plans, unless there are some.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.published import published
from cloudsync_chassis.runtime import Runtime

from .generated.models import AuthMode, Edition, HttpMethod, OnExceeded, RouteKind, RouteStatus
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

PLANS: Mapping[Edition, Mapping[str, Any]] = {
    Edition.free: {"limitPerSecond": 5, "burst": 10, "concurrency": 5, "dailyQuota": 50_000},
    Edition.team: {"limitPerSecond": 50, "burst": 100, "concurrency": 50, "dailyQuota": 1_000_000},
    Edition.business: {
        "limitPerSecond": 500,
        "burst": 1000,
        "concurrency": 250,
        "dailyQuota": 20_000_000,
        "onExceeded": OnExceeded.queue,
    },
    Edition.enterprise: {
        "limitPerSecond": 5000,
        "burst": 10000,
        "concurrency": 1000,
        "dailyQuota": 200_000_000,
        "onExceeded": OnExceeded.queue,
    },
}
"""What the editions may spend at first; operators set other numbers."""

_TIMEOUT_MS = 10_000
_NAME = re.compile(r"[^a-z0-9]+")
_CAPITAL = re.compile("(?<=[a-z0-9])([A-Z])")
_OPEN = frozenset({"public", "authenticated"})


def routes_of(index: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Routes to the operations of an index; those for workloads alone have none."""
    for identity, operation in sorted(index["operations"].items()):
        public = operation["access"] == "public"
        if operation["access"] not in _OPEN:
            continue
        name = identity.removeprefix("api.operation.")
        kebab = _NAME.sub("-", _CAPITAL.sub(r"-\1", name).lower()).strip("-")
        fields = {
            "name": kebab[:63].rstrip("-"),
            "kind": RouteKind.rest,
            "pathPattern": operation["path"],
            "methods": [HttpMethod(operation["method"])],
            "upstreamService": operation["service"].rpartition(".")[2],
            "upstreamOperation": operation["operationId"],
            "authMode": AuthMode.anonymous if public else AuthMode.bearer,
            "timeoutMs": _TIMEOUT_MS,
            "rolloutPercent": 100,
            "status": RouteStatus.active,
        }
        yield fields if public else {**fields, "requiredPermission": operation["permission"]}


async def enter(handlers: Handlers, path: Path) -> int:
    """Bring all routes of an index to the door, in one transaction; how many are new or changed.

    Raises:
        ValueError, KeyError: the file is no index.
    """
    index = json.loads(await asyncio.to_thread(path.read_bytes))

    async def all_of_it(ctx: Context) -> int:
        plan = await _plans(handlers, ctx)
        changed = 0
        for fields in routes_of(index):
            found = await handlers.gateway_route.find(ctx, name=fields["name"])
            if found is None:
                await handlers.gateway_route.insert(ctx, {**fields, "rateLimitPlanId": plan})
                changed += 1
            elif found.status is RouteStatus.active:
                addressed = {n: fields[n] for n in ("pathPattern", "methods", "upstreamService")}
                now = await handlers.gateway_route.rewrite(ctx, found, addressed)
                changed += now.version != found.version
        handlers.changed(ctx)
        return changed

    return await handlers.apart(all_of_it)


async def _plans(handlers: Handlers, ctx: Context) -> UUID:
    """The plan by which those are counted who have no better one."""
    found = {each.plan_code: each.id async for each in handlers.rate_limit_plan.each(ctx)}
    for edition, numbers in PLANS.items():
        if edition not in found:
            made = await handlers.rate_limit_plan.insert(ctx, {"planCode": edition, **numbers})
            found[edition] = made.id
    return found[Edition.free]


async def _main(path: Path) -> None:
    runtime = Runtime(SERVICE, ServiceSettings())
    try:
        await runtime.prepare_database()
        changed = await enter(Handlers(runtime), path)
        sys.stdout.write(f"{changed} routes are new or changed\n")
    finally:
        await runtime.database.dispose()


def main() -> int:
    """Enter the file; the exit code."""
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else published(__file__, "index.json")
    asyncio.run(_main(named))
    return 0


if __name__ == "__main__":
    sys.exit(main())
