"""No dashboard shows one of the four golden signals of a service.

What it does: wants, among the panels of the dashboards that name a service, one with each `signal`:
`latency`, `traffic`, `errors`, `saturation` (Site Reliability Engineering, ch. 6, "The Four Golden
Signals").

Why: whoever is woken first asks these four; what has no panel is asked of the store of metrics by
hand, at night.

Example: dashboards of a service whose panels show requests and latency alone.

Use instead: a panel with `signal: errors` and one with `signal: saturation` beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Dashboard
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

SIGNALS = ("latency", "traffic", "errors", "saturation")


def check(model: Model) -> Iterator[Diagnostic]:
    pages: dict[str, list[Dashboard]] = {}
    for page in model.all(Dashboard):
        for service in page.services:
            pages.setdefault(service, []).append(page)
    for found in model.all(Service):
        shown = {panel.signal for page in pages.get(found.id, ()) for panel in page.panels}
        lacking = [each for each in SIGNALS if each not in shown]
        if lacking and found.id in pages:
            page = min(pages[found.id], key=lambda each: (len(each.services), each.id))
            yield RULE.at(
                model.ref(page.id, "panels"),
                f"no panel shows {' nor '.join(lacking)} of `{found.id}`",
                f"add a panel with `signal: {lacking[0]}`",
                element=page.id,
                related=(Related(model.ref(found.id).name(), "the service"),),
                facts=(found.id, *lacking),
            )


RULE = Rule(
    code="OBS010",
    name="golden-signal-missing",
    family="comprehensive observability",
    check=check,
)
