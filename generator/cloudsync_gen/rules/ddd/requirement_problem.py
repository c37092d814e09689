"""A command requires something and refuses with a problem that it does not declare.

What it does: looks up `requires[].problem` among the slugs of the command's `errors`.

Why: status and words of the refusal stand there, and the contract tells callers of no other.

Example: `problem: approval-expried` where `errors` has `approval-expired`.

Use instead: a slug of `errors`; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        slugs = {each.slug for each in command.errors}
        for index, each in enumerate(command.requires):
            if each.problem not in slugs:
                yield RULE.at(
                    model.ref(command.id, "requires", index, "problem"),
                    f"`{command.id}` declares no error `{each.problem}`",
                    _remedy(each.problem, slugs),
                    element=command.id,
                    facts=(each.problem,),
                )


def _remedy(slug: str, slugs: set[str]) -> str:
    return offered(slug, slugs, otherwise=f"add `{slug}` to its `errors`")


RULE = Rule(code="DDD020", name="requirement-problem", family="domain-driven design", check=check)
