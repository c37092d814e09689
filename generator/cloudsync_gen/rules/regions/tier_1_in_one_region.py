"""A tier 1 service runs in one region alone.

What it does: reports services of tier 1 that are placed in fewer than two serving regions.

Why: with the region the service is gone, and with it every journey that needs it.

Example: `placement: {regions: [technology.region.us-east-1]}` for tier 1.

Use instead: a second region, or a lower tier.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import Region
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        regions = [model.get(Region, each) for each in service.placement.regions]
        serving = {region.id for region in regions if region is not None and region.serving}
        if service.tier == 1 and None not in regions and len(serving) < 2:
            yield RULE.at(
                model.ref(service.id, "placement", "regions"),
                f"`{service.id}` is of tier 1 but serves from {len(serving)} region",
                "place it in a second serving region, or lower its tier",
                element=service.id,
            )


RULE = Rule(
    code="REG001",
    name="tier-1-in-one-region",
    family="multi-region deployment",
    check=check,
)
