"""A create cannot fill a required property.

What it does: for each command with `effect: create` or `put` collects what its default handler
fills in (body, `sets`, schema defaults, envelope, first state, parent) and reports required
properties beyond that.

Why: every call of the generated operation would fail.

Example: `required: [title, ownerId]` where neither the body nor `sets` has `ownerId`.

Use instead: `sets: [{field: ownerId, source: context.subject}]`, a default, or `effect: custom`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import CREATING, filled_by_create
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.schema_view import required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import draws_on_the_known
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        if command.effect not in CREATING or aggregate is None:
            continue
        left = required(model, aggregate.schema) - filled_by_create(model, command, aggregate)
        if not left or not draws_on_the_known(model, command):
            continue
        for name in sorted(left):
            yield RULE.at(
                model.ref(command.id, "effect"),
                f"nothing fills the required property `{name}` of `{aggregate.schema}`",
                f"set `{name}` by `sets`, take it in the body, or say `effect: custom`",
                element=command.id,
                related=(Related(model.ref(aggregate.schema, "schema", "required"), "required"),),
                facts=(name,),
            )


RULE = Rule(
    code="DDD009",
    name="create-leaves-property-unset",
    family="domain-driven design",
    check=check,
    each=(Command,),
    whole=True,
)
