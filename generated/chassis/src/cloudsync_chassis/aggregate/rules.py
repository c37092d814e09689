"""CEL: invariants of an entity, what commands and transitions ask for. Times are native."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import cel
from pydantic_core import to_jsonable_python

from cloudsync_chassis.aggregate.spec import Invariant
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import Record
from cloudsync_chassis.problem import INVARIANT_BROKEN, FieldError

log = logger("rules")


class Rule:
    """A compiled expression."""

    def __init__(self, expression: str) -> None:
        """Compile.

        Raises:
            ValueError: no CEL expression.
        """
        self.expression = expression
        self._program = _compile(expression)

    def holds(self, **variables: Any) -> bool:
        """Whether the expression is true; one that fails to evaluate is not."""
        return self.value(**variables) is True

    def value(self, **variables: Any) -> Any:
        """What the expression comes to; None where it fails to evaluate."""
        try:
            return self._program.execute(variables)
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            log.warning("expression_failed", expression=self.expression, error=str(error))
            return None


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
        this = cel_value(record)
        broken = [each for each, rule in self._rules if not rule.holds(this=this)]
        if broken:
            errors = [FieldError(each.message, pointer="") for each in broken]
            names = [each.name for each in broken]
            raise INVARIANT_BROKEN(broken[0].message, errors=errors, invariants=names)


def variables(ctx: Context, record: Record, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a condition may speak of: the entity before, the input, who asks, and when."""
    principal = {
        "id": ctx.principal.subject,
        "kind": ctx.principal.kind,
        "roles": sorted(ctx.principal.roles),
    }
    return {
        "this": cel_value(record),
        "input": cel_value(inputs),
        "principal": principal,
        "now": ctx.now,
    }


def cel_value(value: Any) -> Any:
    """A value of CEL's types; a date is the timestamp of its midnight in UTC."""
    if isinstance(value, Mapping):
        return {str(name): cel_value(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [cel_value(each) for each in value]
    if type(value) in (str, int, float, bool, datetime, timedelta, bytes) or value is None:
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return to_jsonable_python(value)


@lru_cache(maxsize=1024)
def _compile(expression: str) -> cel.Program:
    return cel.compile(expression)
