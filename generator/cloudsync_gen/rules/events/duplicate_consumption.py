"""A service listens to one event twice with the same command.

What it does: compares the entries of `consumes` of a service.

Why: each event would be handled twice, or the second entry silently never.

Example: two entries with `event: application.event.user-deleted` and the same command.

Use instead: one of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        first: dict[tuple[str, str | None], int] = {}
        for index, each in enumerate(service.consumes):
            earlier = first.setdefault((each.event, each.command), index)
            if earlier != index and service.consumes[earlier] != each:
                place = model.ref(service.id, "consumes", earlier)
                yield RULE.at(
                    model.ref(service.id, "consumes", index, "event"),
                    f"`{each.event}` is handled so already",
                    "remove one of the two entries",
                    element=service.id,
                    related=(Related(place.at("event"), "the first entry"),),
                    facts=(each.event, each.command or ""),
                )


RULE = Rule(
    code="EVT008",
    name="duplicate-consumption",
    family="event-driven patterns",
    check=check,
)
