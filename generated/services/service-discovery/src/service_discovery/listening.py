"""What other services did."""

from __future__ import annotations

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM

from .base import Base
from .endpoints import LIVING
from .generated import models, port

_EJECTION = "outlier-ejection"
_ROOTS = "mesh/"
"""Where secret-service keeps the trust bundles of the mesh."""

_ML = "ml-service"
_WHOLE, _CANARY = 100, 10


class Listening(Base):
    """Thresholds, roots, canaries."""

    async def adopt_ejection_thresholds(
        self, ctx: Context, request: port.AdoptEjectionThresholds
    ) -> None:
        """Have sidecars ask anew, with the next endpoint set, where a threshold of outlier ejection
        has changed; the event does not say to what.
        """
        told = request.body
        if any(part.startswith(_EJECTION) for part in told.key.split(".")):
            await self.changed(ctx, told.service_name or "*")

    async def on_config_changed(self, ctx: Context, event: Received[models.ConfigChanged]) -> None:
        """Thresholds of outlier ejection reach the sidecars."""
        await self.adopt_ejection_thresholds(ctx, port.AdoptEjectionThresholds(body=event.data))

    async def reload_trust_bundle(self, ctx: Context, request: port.ReloadTrustBundle) -> None:
        """Take renewed roots of the mesh into use beside the old ones."""
        told = request.body
        if told.kind is models.SecretKind.tls_certificate and told.path.startswith(_ROOTS):
            version = told.current_version_number
            await self.roots.take(told.path, version, told.previous_valid_until)

    async def on_secret_rotated(self, ctx: Context, event: Received[models.SecretRotated]) -> None:
        """A renewed trust bundle of the mesh is taken into use; a tenant's secret is none."""
        if ctx.tenant == PLATFORM:
            await self.reload_trust_bundle(ctx, port.ReloadTrustBundle(body=event.data))

    async def weigh_model_canary(self, ctx: Context, request: port.WeighModelCanary) -> None:
        """Give copies that carry a new version of a model a tenth, and those of the version before
        it their whole weight again. A copy says which it carries in the metadata of its build:
        `2.4.0+churn-risk.1.3.0`. The first version of a model is no canary.
        """
        told = request.body
        if told.previous_semver is None:
            return
        new = f"{told.model_key}.{told.semver}"
        old = f"{told.model_key}.{told.previous_semver}"
        inside, moved = ctx.within(PLATFORM), False
        async for each in self.service_instance.each(inside, serviceName=_ML, status=LIVING):
            carried = each.build_version.partition("+")[2]
            weight = {new: _CANARY, old: _WHOLE}.get(carried)
            if weight is None or weight == each.weight or each.weight == 0:
                continue
            await self.service_instance.rewrite(inside, each, {"weight": weight})
            moved = True
        if moved:
            await self.changed(ctx, _ML)

    async def on_model_deployed(self, ctx: Context, event: Received[models.ModelDeployed]) -> None:
        """Copies with the new model get a canary's share."""
        await self.weigh_model_canary(ctx, port.WeighModelCanary(body=event.data))
