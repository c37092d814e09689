"""A log does not mask what its service must not write down.

What it does: wants, among `masked` of each log, every classification with `loggable: false` that a
property of an entity of its service has.

Why: `masked` is what the service's logger hides; whatever is not named there ends up in clear in a
place that many people read.

Example: a service that holds `restricted` properties, and its log without `masked`.

Use instead: `masked: [security.classification.restricted]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.apm import LogStream
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    secret = {name_of(e.id): e.id for e in model.all(Classification) if not e.loggable}
    held: dict[str, dict[str, tuple[str, str]]] = {}
    for aggregate in model.all(Aggregate):
        for name, schema in properties(model, aggregate.schema).items():
            kind = schema.get("x-classification") if isinstance(schema, dict) else None
            if isinstance(kind, str) and kind in secret:
                found = held.setdefault(aggregate.service, {})
                found.setdefault(secret[kind], (aggregate.schema, name))
    for log in model.all(LogStream):
        if misled(model, log.id, "log-masks"):
            continue
        for kind, (schema, name) in sorted(held.get(log.service, {}).items()):
            if kind not in log.masked:
                place = model.ref(schema, "schema", "properties", name)
                yield RULE.at(
                    model.ref(log.id, "masked"),
                    f"`{log.service}` holds what is `{name_of(kind)}`, its log does not mask it",
                    f"add `{kind}` to `masked`",
                    element=log.id,
                    related=(Related(place.name(), "one such property"),),
                    facts=(kind,),
                )


RULE = Rule(code="SEC016", name="log-unmasked", family="zero trust", check=check)
