"""A promise is measured over less time than the objective behind it.

What it does: compares the window of each SLA with those of the SLOs that it names.

Why: who is down for an hour a month keeps 99.8% of the month and nothing of that hour. An objective
says nothing of shorter times than its own.

Example: an SLA over `15m` on an SLO over `30d`.

Use instead: the window of the objectives, or a longer one.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Sla, Slo
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for sla in model.all(Sla):
        slos = [slo for each in sla.slos if (slo := model.get(Slo, each)) is not None]
        longest = max(slos, key=lambda each: milliseconds(each.window), default=None)
        if longest is None or milliseconds(sla.window) >= milliseconds(longest.window):
            continue
        yield RULE.at(
            model.ref(sla.id, "window"),
            f"it is promised for each {sla.window}, and aimed at over {longest.window}",
            f"promise it over {longest.window} or more",
            element=sla.id,
            related=(Related(model.ref(longest.id, "window"), "the objective's window"),),
        )


RULE = Rule(
    code="SLO010",
    name="sla-window-shorter",
    family="SLI/SLO/SLA definitions",
    check=check,
    each=(Sla,),
)
