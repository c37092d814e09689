"""A region fails over to one where its data may not go.

What it does: compares the residency of a region with that of the one that takes over.

Why: a disaster is no permission to move personal data out of its jurisdiction.

Example: `eu-west-1` (residency eu) fails over to `us-east-1`.

Use instead: a region of the same residency; a backup region that does not serve will do.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.technology import Region
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.regions._residency import ANYWHERE


def check(model: Model) -> Iterator[Diagnostic]:
    for region in model.all(Region):
        target = model.get(Region, region.fails_over_to or "")
        if target is None or region.residency in (ANYWHERE, target.residency):
            continue
        yield RULE.at(
            model.ref(region.id, "failsOverTo"),
            f"data of residency `{region.residency}` would move to `{target.residency}`",
            "name a region of the same residency",
            element=region.id,
            related=(Related(model.ref(target.id, "residency"), "where it would go"),),
        )


RULE = Rule(
    code="REG003",
    name="failover-leaves-residency",
    family="multi-region deployment",
    check=check,
)
