"""A promise to customers is not weaker than the objective behind it.

What it does: compares what an SLA promises with the objectives of the availability SLOs that it
names.

Why: between objective and promise lies the time to react; without it every missed objective costs
money.

Example: an SLA of 99.99% on an SLO of 99.95%.

Use instead: a promise below the weakest of its objectives.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Sla, Sli, Slo
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import percent
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for sla in model.all(Sla):
        for index, name in enumerate(sla.slos):
            slo = model.get(Slo, name)
            sli = model.get(Sli, slo.sli) if slo else None
            if slo is None or sli is None or sli.kind != "availability":
                continue
            if percent(sla.promised) >= percent(slo.objective):
                yield RULE.at(
                    model.ref(sla.id, "slos", index),
                    f"{sla.promised} is promised, {slo.objective} is aimed at",
                    "promise less than the objective",
                    element=sla.id,
                    facts=(slo.id,),
                    related=(Related(model.ref(slo.id, "objective"), "the objective"),),
                )


RULE = Rule(code="SLO003", name="sla-above-slo", family="SLI/SLO/SLA definitions", check=check)
