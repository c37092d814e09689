"""An SLO rests on the SLI of another service.

What it does: compares the service of each SLO with that of its SLI.

Why: one service would be judged, paged and billed by what another does.

Example: `slo.document` with `sli: apm.sli.search-availability`.

Use instead: an SLI of the same service.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Sli, Slo
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for slo in model.all(Slo):
        sli = model.get(Sli, slo.sli)
        if sli is None or misled(model, slo.id, "measures-service"):
            continue
        if sli.service != slo.service and not misled(model, sli.id, "measures-service"):
            yield RULE.at(
                model.ref(slo.id, "sli"),
                f"`{sli.id}` measures `{sli.service}`, not `{slo.service}`",
                "name an SLI of the same service",
                element=slo.id,
                related=(Related(model.ref(sli.id, "service"), "what it measures"),),
            )


RULE = Rule(
    code="SLO002",
    name="slo-of-another-service",
    family="SLI/SLO/SLA definitions",
    check=check,
)
