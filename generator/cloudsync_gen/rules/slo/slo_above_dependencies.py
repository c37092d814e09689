"""A service promises more than those that it cannot do without.

What it does: multiplies the availability objectives of all services that it calls with
`fallback: fail`, and compares the product with its own.

Why: while one of them is away the service is too; five of 99.9 % allow 99.5 % at best.

Example: an objective of 99.99% on a hard call to a service of 99.9%.

Use instead: a fallback, a lower objective, or a higher one there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Sli, Slo
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import percent
from cloudsync_gen.rules._calls import callee
from cloudsync_gen.rules._rule import Rule

_ROUNDING = 1e-9


def check(model: Model) -> Iterator[Diagnostic]:
    promised = _promised(model)
    best = {service: max(percent(e.objective) for e in slos) for service, slos in promised.items()}
    for service in model.all(Service):
        needed = {
            callee(model, call.operation): index
            for index, call in enumerate(service.calls)
            if call.fallback.kind == "fail"
        }
        bound = 100.0
        for each in needed:
            bound *= best.get(each, 100.0) / 100
        for slo in promised.get(service.id, ()):
            if percent(slo.objective) > bound + _ROUNDING:
                yield RULE.at(
                    model.ref(slo.id, "objective"),
                    f"{slo.objective} is promised, {bound:.6g}% is what hard callees allow",
                    "add a fallback to a call, or change an objective",
                    element=slo.id,
                    related=tuple(
                        Related(model.ref(service.id, "calls", index), f"needs `{each}`")
                        for each, index in sorted(needed.items())
                        if each in best
                    ),
                )


def _promised(model: Model) -> Mapping[str, list[Slo]]:
    """Service -> its objectives for availability."""
    found: defaultdict[str, list[Slo]] = defaultdict(list)
    for slo in model.all(Slo):
        sli = model.get(Sli, slo.sli)
        if sli is not None and sli.kind == "availability":
            found[slo.service].append(slo)
    return found


RULE = Rule(
    code="SLO005",
    name="slo-above-dependencies",
    family="SLI/SLO/SLA definitions",
    check=check,
)
