"""A command is made safe to repeat in a way that its operation cannot offer.

What it does: compares `idempotency` with what the command does and how it is called. `none` is for
custom commands alone; `if-match` needs an entity that is there already, so it does not fit a
create; `key` is for POST, since the other methods are idempotent by definition (RFC 9110, 9.2.2),
or become so by `if-match`.

Why: a caller that got no answer asks again. What is then done twice, or refused although it was
never done, is found by customers.

Example: `effect: create` with `idempotency: none`.

Use instead: `idempotency: key`: the request repeats its `Idempotency-Key` and gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import operations_of
from cloudsync_gen.model.layers.application import Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        wrong = _wrong(model, command)
        if wrong is not None:
            message, hint = wrong
            place = model.ref(command.id, "idempotency")
            yield RULE.at(place, message, hint, element=command.id)


def _wrong(model: Model, command: Command) -> tuple[str, str] | None:
    """(message, hint) of what does not fit, if something does not."""
    if command.idempotency == "none" and command.effect != "custom":
        what = f"a `{command.effect}` that is not idempotent may be carried out twice"
        return what, "`key` for what makes something, `if-match` or `natural` for what changes it"
    if command.idempotency == "if-match" and command.effect == "create":
        return "there is nothing yet that `If-Match` could name", "write `key`"
    methods = sorted({each.method for each in operations_of(model, command.id)} - {"post"})
    if command.idempotency == "key" and methods:
        what = f"{methods[0].upper()} carries it, which needs no `Idempotency-Key`"
        return what, "write `natural`, or `if-match` where versions are told apart"
    return None


RULE = Rule(code="OAS031", name="idempotency-form", family="OpenAPI contracts", check=check)
