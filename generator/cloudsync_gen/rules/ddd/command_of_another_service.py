"""A command, query or event works on an aggregate of another service.

What it does: compares the service of each command, query and event with that of its aggregate.

Why: an aggregate is a consistency boundary; two services that change it share a table in the end.

Example: `service: application.service.billing` with `aggregate: application.aggregate.user`.

Use instead: let the aggregate's service offer the command and call it, or react to its events.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Query
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule

_OWNERS = ("performed-by-service", "event-producer")


def check(model: Model) -> Iterator[Diagnostic]:
    everything: tuple[Command | Query | Event, ...]
    everything = (*model.all(Command), *model.all(Query), *model.all(Event))
    for each in everything:
        aggregate = model.get(Aggregate, each.aggregate)
        if aggregate is None or aggregate.service == each.service:
            continue
        if misled(model, aggregate.id, "aggregate-service") or misled(model, each.id, *_OWNERS):
            continue
        yield RULE.at(
            model.ref(each.id, "aggregate"),
            f"`{aggregate.id}` belongs to `{aggregate.service}`, not to `{each.service}`",
            "name an aggregate of the same service",
            element=each.id,
            related=(Related(model.ref(aggregate.id, "service"), "the aggregate's owner"),),
        )


RULE = Rule(
    code="DDD002",
    name="command-of-another-service",
    family="domain-driven design",
    check=check,
)
