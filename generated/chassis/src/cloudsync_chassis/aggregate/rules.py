"""CEL: invariants of an entity, what commands and transitions ask for. Times are native."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudsync_chassis.aggregate.spec import Invariant
from cloudsync_chassis.context import Context
from cloudsync_chassis.expressions import Facts, Rule, cel_value
from cloudsync_chassis.model import Record
from cloudsync_chassis.problem import INVARIANT_BROKEN, FieldError

__all__ = ["Facts", "Invariants", "Rule", "facts"]


class Invariants:
    """All invariants of an aggregate."""

    def __init__(self, invariants: Sequence[Invariant]) -> None:
        self._rules = [(each, Rule(each.expression)) for each in invariants]

    def check(self, record: Record) -> None:
        """Refuse a state that breaks any.

        Raises:
            Problem: `invariant-broken`, naming each broken one in `invariants`.
        """
        if not self._rules:
            return
        known = Facts(this=cel_value(record))
        broken = [each for each, rule in self._rules if not rule.holds(known)]
        if broken:
            errors = [FieldError(each.message, pointer="") for each in broken]
            names = [each.name for each in broken]
            raise INVARIANT_BROKEN(broken[0].message, errors=errors, invariants=names)


def facts(ctx: Context, record: Record, inputs: Mapping[str, Any]) -> Facts:
    """What a condition may speak of: the entity before, the input, who asks, and when."""
    principal = {
        "id": ctx.principal.subject,
        "kind": ctx.principal.kind,
        "roles": sorted(ctx.principal.roles),
    }
    this, asked = cel_value(record), cel_value(inputs)
    return Facts(this=this, input=asked, principal=principal, now=ctx.now)
