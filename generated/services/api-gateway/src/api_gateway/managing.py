"""Routes, plans, brakes and bars as operators and events write them."""

from __future__ import annotations

from datetime import timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime

from . import ports
from .base import brake
from .generated import models, port, problems
from .generated.models import Edition, GatewayRoute, RouteStatus
from .matching import shape_of
from .traffic import Counted

PROBATION = timedelta(minutes=30)
"""How long a canary is compared before it may take everything."""
QUIET = timedelta(days=14)
"""How long nobody may have called before an address ends."""

_LIVING = frozenset(RouteStatus) - {RouteStatus.retired}
_EDITIONS = {
    "free": Edition.free,
    "starter": Edition.team,
    "team": Edition.team,
    "business": Edition.business,
    "enterprise": Edition.enterprise,
}
"""By the word that the code of a plan begins with."""


def _home(ctx: Context) -> Context:
    """Where routes are looked for: people have those of the organisation that they work in, which
    is the platform's for whoever runs it, and nothing leads by any other.
    """
    return ctx if ctx.principal.kind == "user" else ctx.within(PLATFORM)


class Managing(Counted):
    """Writes what the door is judged by. All of it belongs to the platform's organisation."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.policies.supply("freeze", self._frozen)
        runtime.policies.supply("incidentId", incident_of)

    async def _frozen(self, ctx: Context) -> bool:
        """For policies; publishing has a refusal of its own."""
        own = ctx.operation.id == "publish-route"
        return not own and await self.freezes.covers(self.runtime.spec.name)

    async def draft_route(self, ctx: Context, request: port.DraftRoute) -> GatewayRoute:
        """See `Port.draft_route`."""
        body, home = request.body, _home(ctx)
        shape, methods = shape_of(body.path_pattern), set(body.methods)
        known = False
        async for each in self.gateway_route.each(home, status=tuple(_LIVING)):
            if shape_of(each.path_pattern) == shape and methods & set(each.methods):
                raise problems.ROUTE_CONFLICT(f"{each.name} takes the same address")
            if each.name == body.name:
                raise problems.ROUTE_CONFLICT("another route has that name")
            upstream = (each.upstream_service, each.upstream_operation)
            known = known or upstream == (body.upstream_service, body.upstream_operation)
        if not known and not await self.upstreams.serves(
            body.upstream_service, body.upstream_operation
        ):
            raise problems.UPSTREAM_UNKNOWN("no such operation is registered")
        self.changed(ctx)
        return await self.gateway_route.create(home, "draft-route", body)

    async def publish_route(self, ctx: Context, request: port.PublishRoute) -> GatewayRoute:
        """See `Port.publish_route`."""
        body, home = request.body, _home(ctx)
        if await self.freezes.covers(self.runtime.spec.name) and not incident_of(ctx):
            raise problems.CHANGE_FROZEN("a freeze covers the gateway")
        found = await self.gateway_route.get(home, body.gateway_route_id)
        if await self.upstreams.healthy(found.upstream_service) < ports.ENOUGH:
            raise problems.UPSTREAM_UNKNOWN("too few healthy instances of the upstream")
        self.changed(ctx)
        share = {"rolloutPercent": body.rollout_percent}
        return await self.gateway_route.transition(home, "publish-route", found.id, share)

    async def promote_route(self, ctx: Context, request: port.PromoteRoute) -> GatewayRoute:
        """See `Port.promote_route`."""
        home = _home(ctx)
        found = await self.gateway_route.get(home, request.body.gateway_route_id)
        if found.status is RouteStatus.canary:
            # a canary is written for the last time when it is published
            if found.updated_at + PROBATION > ctx.now:
                raise problems.CANARY_UNHEALTHY("the comparison has not run for half an hour")
            if await self.is_unhealthy(home, found, found.updated_at):
                raise problems.CANARY_UNHEALTHY("more requests fail than did before")
        self.changed(ctx)
        whole = {"rolloutPercent": 100}
        return await self.gateway_route.transition(home, "promote-route", found.id, whole)

    async def roll_back_route(self, ctx: Context, request: port.RollBackRoute) -> GatewayRoute:
        """See `Port.roll_back_route`."""
        self.changed(ctx)
        return await super().roll_back_route(_home(ctx), request)

    async def deprecate_route(self, ctx: Context, request: port.DeprecateRoute) -> GatewayRoute:
        """See `Port.deprecate_route`."""
        self.changed(ctx)
        return await super().deprecate_route(_home(ctx), request)

    async def reinstate_route(self, ctx: Context, request: port.ReinstateRoute) -> GatewayRoute:
        """See `Port.reinstate_route`."""
        self.changed(ctx)
        return await super().reinstate_route(_home(ctx), request)

    async def retire_route(self, ctx: Context, request: port.RetireRoute) -> GatewayRoute:
        """See `Port.retire_route`."""
        home = _home(ctx)
        found = await self.gateway_route.get(home, request.body.gateway_route_id)
        if found.status is RouteStatus.deprecated:
            if found.sunset_at is not None and found.sunset_at > ctx.now:
                raise problems.SUNSET_AHEAD("the announced end has not come yet")
            async for _ in self.counts_of(home, found.id, ctx.now - QUIET):
                raise problems.ROUTE_IN_USE("somebody called within fourteen days")
        self.changed(ctx)
        return await self.gateway_route.transition(home, "retire-route", found.id)

    async def watch_canaries(self, ctx: Context) -> None:
        """Roll back each canary that fails more often than what took its requests before."""
        home = ctx.within(PLATFORM)
        async for each in self.gateway_route.each(home, status=RouteStatus.canary):
            since = max(each.updated_at, ctx.now - PROBATION)
            if not await self.is_unhealthy(home, each, since):
                continue
            ratio, requests = await self.failing(home, each.id, since)
            if requests < _ENOUGH:
                continue
            reason = f"{ratio:.1%} of {requests} requests failed on the canary"
            body = models.RollBackRouteRequest(reason=reason, error_ratio=ratio)
            wish = port.RollBackRoute(gateway_route_id=each.id, body=body)
            await self.roll_back_route(ctx, wish)

    async def purge_cache(self, ctx: Context, request: port.PurgeCache) -> models.CachePurged:
        """See `Port.purge_cache`."""
        route, organization = request.body.gateway_route_id, request.body.purged_organization_id
        board = await self.board()
        if route is None and organization is None:
            raise problems.NOT_FOUND("neither a route nor an organisation was named")
        if route is not None and route not in board.routes:
            raise problems.NOT_FOUND("no such route")
        known = board.editions.keys() | board.throttles.keys()
        purged = await self.answers.purge(route=route, organization=organization)
        home = ctx.within(PLATFORM)
        for each in filter(None, (route, organization)):
            # other replicas heed the mark, and this one does where it was asking just now
            mark = await self.purges.find(home, purged=each)
            if mark is None:
                await self.purges.insert(home, {"purged": each, "at": ctx.now})
            else:
                await self.purges.rewrite(home, mark, {"at": ctx.now})
        self.changed(ctx)
        if route is None and organization not in known and not purged:
            raise problems.NOT_FOUND("no such organisation")
        return models.CachePurged(purged_answers=purged, silent_regions=[])

    async def reload_routes(self, ctx: Context, request: port.ReloadRoutes) -> None:
        """See `Port.reload_routes`."""
        self.changed(ctx)

    async def set_rate_limit_plan(
        self, ctx: Context, request: port.SetRateLimitPlan
    ) -> models.RateLimitPlan:
        """See `Port.set_rate_limit_plan`."""
        self.changed(ctx)
        return await super().set_rate_limit_plan(ctx.within(PLATFORM), request)

    async def throttle_organization(
        self, ctx: Context, request: port.ThrottleOrganization
    ) -> models.TenantThrottle:
        """See `Port.throttle_organization`."""
        if request.body.throttled_organization_id == PLATFORM:
            raise breaks_rule("not the platform itself", pointer="/throttledOrganizationId")
        self.changed(ctx)
        return await super().throttle_organization(ctx.within(PLATFORM), request)

    async def lift_throttle(
        self, ctx: Context, request: port.LiftThrottle
    ) -> models.TenantThrottle:
        """See `Port.lift_throttle`."""
        self.changed(ctx)
        return await super().lift_throttle(ctx.within(PLATFORM), request)

    async def block_tenant(self, ctx: Context, request: port.BlockTenant) -> None:
        """See `Port.block_tenant`. What is kept of the tenant's answers goes, too."""
        self.changed(ctx)
        await super().block_tenant(ctx.within(PLATFORM), request)
        await self.answers.purge(organization=request.body.organization_id)

    async def unblock_tenant(self, ctx: Context, request: port.UnblockTenant) -> None:
        """See `Port.unblock_tenant`."""
        self.changed(ctx)
        await super().unblock_tenant(ctx.within(PLATFORM), request)

    async def bar_session(self, ctx: Context, request: port.BarSession) -> None:
        """See `Port.bar_session`."""
        self.changed(ctx)
        await super().bar_session(ctx.within(PLATFORM), request)

    async def bar_user(self, ctx: Context, request: port.BarUser) -> None:
        """See `Port.bar_user`."""
        self.changed(ctx)
        await super().bar_user(ctx.within(PLATFORM), request)

    async def on_config_changed(self, ctx: Context, event: Received[models.ConfigChanged]) -> None:
        """See `Port.on_config_changed`."""
        await self.reload_routes(ctx, port.ReloadRoutes(body=event.data))

    async def on_flag_changed(self, ctx: Context, event: Received[models.FlagChanged]) -> None:
        """See `Port.on_flag_changed`. No decision on a flag is kept here beyond the board."""
        self.changed(ctx)

    async def on_policy_changed(self, ctx: Context, event: Received[models.PolicyChanged]) -> None:
        """See `Port.on_policy_changed`. Rules are asked for with each token, none are kept."""
        self.changed(ctx)

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """See `Port.on_subscription_changed`. Of several events the latest is heeded."""
        edition = edition_of(event.data)
        if edition is None:
            return
        home, at = ctx.within(PLATFORM), event.event.time
        fields = {"edition": edition, "toldAt": at}
        found = await self.subscribed.find(home, subscriber=ctx.tenant)
        if found is not None and found.told_at > at:
            return
        if found is None:
            await self.subscribed.insert(home, {"subscriber": ctx.tenant, **fields})
        else:
            await self.subscribed.rewrite(home, found, fields)
        self.changed(ctx)

    async def forget_bars(self, ctx: Context) -> None:
        """Drop bars under which no token can be alive."""
        home = ctx.within(PLATFORM)
        async for each in self.barred_principal.each(home, {"expiresAt": ctx.now}):
            await self.barred_principal.remove(home, each)

    async def get_rate_limit_state(
        self, ctx: Context, request: port.GetRateLimitState
    ) -> models.RateLimitState:
        """See `Port.get_rate_limit_state`."""
        organization, board = request.body.observed_organization_id, await self.board()
        free = (each.id for each in board.plans.values() if each.plan_code is Edition.free)
        plan = next(free, PLATFORM)
        share = await self.share_of(organization, None, plan)
        if share is None:
            raise problems.NOT_FOUND("no plan is known for that organisation")
        verdict = await self.buckets.take(share.key, share.rate, 0)
        factor = brake(board.throttles.get(organization))
        return models.RateLimitState(
            observed_organization_id=organization,
            plan_code=share.plan.plan_code,
            limit_per_second=share.rate.per_second,
            points_left=verdict.remaining,
            in_flight=self.in_flight.get(share.key, 0),
            spent_today=self.purse.spent(organization, ctx.now.date()),
            throttle_factor=factor if factor < 1 else None,
        )

    async def announce_excess(self, ctx: Context, request: port.AnnounceExcess) -> None:
        """See `Port.announce_excess`."""
        home, over = ctx.within(PLATFORM), ctx.now - timedelta(minutes=1)
        async for each in self.excess.each(home, {"minute": over}):
            data = {
                "organizationId": each.spender,
                "exceededOrganizationId": each.spender,
                "planCode": each.plan_code,
                "limitPerSecond": each.limit,
                "observedPerSecond": each.limit + -(-each.observed // 60),
                "windowStart": each.minute,
            }
            await self.tenant_throttle.announce(home, "rate-limit-exceeded", data)
            await self.excess.remove(home, each)

    async def measure_throttles(self, ctx: Context) -> None:
        """Count the tenants with a brake on."""
        home = ctx.within(PLATFORM)
        braked = [e async for e in self.tenant_throttle.each(home) if e.blocked or brake(e) < 1]
        self.metrics.gateway_throttled_organizations(len(braked))


_ENOUGH = 20
"""Requests of a canary from which on the watcher judges it."""


def incident_of(ctx: Context) -> str:
    """The incident that the caller's token says they act for; empty without one."""
    return str(ctx.principal.attributes.get("incidentId", ""))


def edition_of(told: models.SubscriptionChanged) -> Edition | None:
    """The edition that a subscription stands for; None for add-ons, which change nothing."""
    if told.status in (models.SubscriptionStatus.cancelled, models.SubscriptionStatus.expired):
        return Edition.free
    return _EDITIONS.get(told.plan_code.partition("-")[0])
