"""An attribute of a trace never leaves the service.

What it does: looks for attributes whose last word is the name of a property that an entity or a
message of the service classes as not to be logged.

Why: services drop what is called like that from spans, whatever it holds, so dashboards and
searches that the attribute was listed for stay empty.

Example: `attributes: [member.role]` where the entity has `role: {x-classification: confidential}`.

Use instead: another name, if it holds something else; a class that may be logged, if it is as
harmless as that; or no attribute.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Trace
from cloudsync_gen.model.secrecy import Unloggable
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import wire_name
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    hidden = Unloggable(model)
    for trace in model.all(Trace):
        closed = hidden.of(trace.service)
        for place, attribute in enumerate(trace.attributes):
            last = attribute.rpartition(".")[2]
            name = next((each for each in (last, wire_name(last)) if each in closed), None)
            if name is not None:
                yield RULE.at(
                    model.ref(trace.id, "attributes", place),
                    f"`{attribute}` leaves no service, for `{name}` is not to be logged",
                    "call it otherwise, or class the property so that it may be logged",
                    element=trace.id,
                    related=(Related(closed[name], "its class"),),
                    facts=(attribute, name),
                )


RULE = Rule(
    code="OBS008",
    name="attribute-masked",
    family="comprehensive observability",
    check=check,
    each=(Trace,),
)
