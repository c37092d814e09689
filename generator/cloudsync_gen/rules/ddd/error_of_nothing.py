"""A command or query declares an error that nothing can raise.

What it does: takes the slugs in `errors` of every command and query that a default handler carries
out, and looks for what raises them: a requirement of the command, or the engine itself, which
raises the common ones (`already-exists`, `reference-unknown`, `invariant-broken`, …).

Why: callers write code for a refusal that never comes, and what it was meant to refuse goes
through.

Example: `effect: transition` with `errors: [{slug: self-approval, …}]` and no requirement that
names it.

Use instead: `requires` with this problem: a condition, a count of entities of the same service, or
a unique set of properties; or `effect: custom` (`kind: custom`) where a person writes the handler.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.refusals import COMMON
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_BY_ITSELF = frozenset(each.slug for each in COMMON)


def check(model: Model) -> Iterator[Diagnostic]:
    declared: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for performed in declared:
        raised = _raised(performed)
        for index, each in enumerate(performed.errors):
            if raised is not None and each.slug not in raised:
                yield RULE.at(
                    model.ref(performed.id, "errors", index, "slug"),
                    f"nothing raises `{each.slug}`",
                    "name it as `problem` in `requires`, or have the handler written by hand: "
                    + ("`effect: custom`" if isinstance(performed, Command) else "`kind: custom`"),
                    element=performed.id,
                    facts=(each.slug,),
                )


def _raised(performed: Command | Query) -> frozenset[str] | None:
    """Slugs that can be raised; `None` where a person's handler may raise any."""
    if isinstance(performed, Query):
        return None if performed.kind == "custom" else _BY_ITSELF
    if performed.effect == "custom":
        return None
    return _BY_ITSELF | {each.problem for each in performed.requires}


RULE = Rule(code="DDD021", name="error-of-nothing", family="domain-driven design", check=check)
