"""A step of a saga is made idempotent by a property that its event does not carry.

What it does: looks up `idempotencyKey` among the properties of the payload of `on` (of the trigger
where a step waits for nothing else) and of the command's input.

Why: an event may arrive twice; without the key the second arrival cannot be recognised.

Example: `idempotencyKey: orderID` where the payload has `orderId`.

Use instead: a property of the payload.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Event, Saga
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        for index, step in enumerate(saga.steps):
            event = model.get(Event, step.on or saga.trigger)
            command = model.get(Command, step.command)
            if event is None or command is None or not properties(model, event.payload):
                continue
            known = {*properties(model, event.payload), *properties(model, command.input)}
            if step.idempotency_key not in known:
                yield RULE.at(
                    model.ref(saga.id, "steps", index, "idempotencyKey"),
                    f"neither event nor command of `{step.name}` has `{step.idempotency_key}`",
                    offered(step.idempotency_key, known),
                    element=saga.id,
                    related=(Related(model.ref(event.payload, "schema"), "the payload"),),
                    facts=(step.name,),
                )


RULE = Rule(code="SAG006", name="idempotency-key-unknown", family="sagas", check=check)
