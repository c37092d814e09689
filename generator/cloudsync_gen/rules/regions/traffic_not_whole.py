"""The regions' shares of the traffic are not all of it.

What it does: adds the shares of the regions that serve, which must come to 100 per cent, and looks
for a share of a region that serves nobody.

Why: capacity, pools and budgets are derived from the shares; what is counted twice is paid for
twice, and what is left out meets no machine.

Example: shares of 60 and 50, or 5 for a region with `serving: false`.

Use instead: shares of 60 and 40, and 0 for regions that serve nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.technology import Region
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    serving = [region for region in model.all(Region) if region.serving]
    total = sum(region.traffic_percent for region in serving)
    if serving and total != 100:
        first, *others = serving
        yield RULE.at(
            model.ref(first.id, "trafficPercent"),
            f"the regions that serve have {total} % of the traffic between them",
            "let their `trafficPercent` come to 100",
            element=first.id,
            related=[
                Related(model.ref(each.id, "trafficPercent"), f"{each.traffic_percent} %")
                for each in others
            ],
            facts=[each.id for each in serving],
        )
    for region in model.all(Region):
        if not region.serving and region.traffic_percent:
            yield RULE.at(
                model.ref(region.id, "trafficPercent"),
                f"`{region.id}` serves nobody, but has {region.traffic_percent} % of the traffic",
                "let it serve, or give its share to regions that do",
                element=region.id,
            )


RULE = Rule(
    code="REG005",
    name="traffic-not-whole",
    family="multi-region deployment",
    check=check,
    whole=True,
)
