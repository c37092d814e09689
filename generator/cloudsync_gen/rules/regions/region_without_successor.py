"""Nobody takes over from a region that serves people.

What it does: wants `failsOverTo` of each region with a share of the traffic in which a service of
tier 1 is placed, where another region may take over: one of the same residency, or any if the data
may lie anywhere.

Why: the share of a region that is lost goes where `failsOverTo` says; without it those people wait
until the region is back, though the service runs elsewhere.

Example: a region with `trafficPercent: 40` and no `failsOverTo`.

Use instead: `failsOverTo: technology.region.eu-north-1`, a region of the same residency.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import Region
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.regions._residency import ANYWHERE


def check(model: Model) -> Iterator[Diagnostic]:
    vital: dict[str, Service] = {}
    for service in model.all(Service):
        if service.tier == 1:
            for each in service.placement.regions:
                vital.setdefault(each, service)
    for region in model.all(Region):
        needed = vital.get(region.id)
        if needed is None or region.fails_over_to is not None:
            continue
        if region.serving and region.traffic_percent > 0 and _may_move(model, region):
            yield RULE.at(
                model.ref(region.id).name(),
                f"nobody takes over the {region.traffic_percent}% of traffic of `{region.id}`",
                "name a region of the same residency in `failsOverTo`",
                element=region.id,
                related=(Related(model.ref(needed.id), "a service of tier 1 that runs there"),),
            )


def _may_move(model: Model, region: Region) -> bool:
    """Whether another region may hold its data."""
    others = (each for each in model.all(Region) if each.id != region.id)
    return any(region.residency in (ANYWHERE, each.residency) for each in others)


RULE = Rule(
    code="REG007",
    name="region-without-successor",
    family="multi-region deployment",
    check=check,
)
