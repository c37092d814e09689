"""A step of a saga names a command of another service than its own.

What it does: compares the service of each step with that of its command and of its compensation.

Why: a step is one local transaction; the service that it names cannot carry out another's command.

Example: `service: …billing` with `command: application.command.ship-order` of shipping.

Use instead: the service of the command.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Saga
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        if misled(model, saga.id, "saga-step-service"):
            continue
        for index, step in enumerate(saga.steps):
            for field, name in (("command", step.command), ("compensation", step.compensation)):
                command = model.get(Command, name or "")
                if command is None or command.service == step.service:
                    continue
                if misled(model, command.id, "performed-by-service"):
                    continue
                yield RULE.at(
                    model.ref(saga.id, "steps", index, field),
                    f"`{command.id}` is a command of `{command.service}`, not of `{step.service}`",
                    "name the command's service, or a command of this one",
                    element=saga.id,
                    related=(Related(model.ref(command.id, "service"), "the command's service"),),
                    facts=(step.name, command.id),
                )


RULE = Rule(code="SAG002", name="step-of-another-service", family="sagas", check=check)
