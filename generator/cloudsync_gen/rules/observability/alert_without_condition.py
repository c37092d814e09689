"""An alert does not say when it fires.

What it does: reports alerts that have neither `slo` with `burnRate` nor `expression`, or both.

Why: an alert without a condition never fires; one with two is read differently by everybody.

Example: `slo: apm.slo.document-availability` without `burnRate`.

Use instead: `slo` and `burnRate`, or `expression`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Alert
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for alert in model.all(Alert):
        burn = alert.slo is not None and alert.burn_rate is not None
        half = (alert.slo is None) != (alert.burn_rate is None)
        if half or burn == (alert.expression is not None):
            yield RULE.at(
                model.ref(alert.id),
                f"`{alert.id}` has no single condition",
                "give `slo` and `burnRate`, or `expression`",
                element=alert.id,
            )


RULE = Rule(
    code="OBS005",
    name="alert-without-condition",
    family="comprehensive observability",
    check=check,
)
