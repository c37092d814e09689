"""A metric has a unit that no tool knows.

What it does: wants `unit` in UCUM as OpenTelemetry uses it (Metrics semantic conventions,
Instrument units): units of time, bytes, per cent and some others, `1` for none, or an annotation of
what is counted in braces (`{request}`).

Why: axes are scaled and labelled by it; `seconds` is a text to them, under which 0.25 stays 0.25.

Example: `unit: seconds`.

Use instead: `unit: s`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_ATOM = (
    r"(1|%|ns|us|ms|s|min|h|d|wk|mo|a|bit|By|[kMGT]By|[KMGT]iBy|Hz|[kMG]Hz|mm|cm|m|km|mg|g|kg|t"
    r"|mL|L|J|kJ|W|kW|kW\.h|V|A|Cel|K|Pa|deg|[a-z]?\[[A-Za-z]+\]|\{[a-z][a-z_ ]*\})"
)
_UNIT = re.compile(f"{_ATOM}(/{_ATOM})?")


def check(model: Model) -> Iterator[Diagnostic]:
    for metric in model.all(Metric):
        if not _UNIT.fullmatch(metric.unit):
            yield RULE.at(
                model.ref(metric.id, "unit"),
                f"`{metric.unit}` is no unit",
                "a unit of UCUM (`s`, `By`, `%`), `1`, or what is counted, in braces: `{request}`",
                element=metric.id,
            )


RULE = Rule(
    code="OBS016",
    name="metric-unit-style",
    family="comprehensive observability",
    check=check,
)
