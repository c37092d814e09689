"""A log lacks what every line of it must have.

What it does: wants `time`, `level` and `message` among the `fields` of each log.

Why: by these, lines of all services are brought in order, filtered and read together.

Example: `fields: [tme, level, message]`.

Use instead: `fields: [time, level, message]`, and whatever else the service writes.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import LogStream
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_BASICS = ("time", "level", "message")


def check(model: Model) -> Iterator[Diagnostic]:
    for log in model.all(LogStream):
        lacking = [each for each in _BASICS if each not in log.fields]
        if lacking:
            yield RULE.at(
                model.ref(log.id, "fields"),
                f"lines of this log have no `{lacking[0]}`",
                f"add `{lacking[0]}`",
                element=log.id,
                facts=tuple(lacking),
            )


RULE = Rule(
    code="OBS013",
    name="log-without-basics",
    family="comprehensive observability",
    check=check,
)
