"""A metric is labelled with what is kept encrypted.

What it does: looks, among the `labels` of each metric, for names of properties whose class asks for
field encryption, of the entities of its service (of any service, where it names none).

Why: labels are copied to whoever runs the metrics, kept for a year and shown on walls; they are
not masked, and each value is a series of its own.

Example: `labels: [secret_spice]`.

Use instead: something coarser: a class, a status, a hash where it has to be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    closed = _closed(model)
    for metric in model.all(Metric):
        for index, label in enumerate(metric.labels):
            places = closed.get(camel(label), {})
            place = places.get(metric.service or next(iter(places), ""))
            if place is not None:
                yield RULE.at(
                    model.ref(metric.id, "labels", index),
                    f"`{label}` is kept encrypted, and a label is never masked",
                    "label with something coarser",
                    element=metric.id,
                    related=(Related(place, "its class"),),
                    facts=(label,),
                )


def _closed(model: Model) -> dict[str, dict[str, Ref]]:
    """Name of a property that is kept encrypted -> service -> where its class stands."""
    classes = {name_of(c.id) for c in model.all(Classification) if c.encryption == "field"}
    found: dict[str, dict[str, Ref]] = {}
    for aggregate in model.all(Aggregate):
        for name, schema in properties(model, aggregate.schema).items():
            if isinstance(schema, dict) and str(schema.get("x-classification")) in classes:
                place = model.ref(aggregate.schema, "schema", "properties", name)
                found.setdefault(name, {}).setdefault(aggregate.service, place)
    return found


RULE = Rule(
    code="OBS015",
    name="label-classified",
    family="comprehensive observability",
    check=check,
)
