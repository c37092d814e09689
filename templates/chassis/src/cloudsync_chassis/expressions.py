"""CEL (Common Expression Language) over plain values; times are native."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from cloudsync_chassis.lean import emptied
from cloudsync_chassis.logs import logger
from cloudsync_chassis.steps import MOST_STEPS, SPEND, Budget, counted

if TYPE_CHECKING:
    import cel

log = logger("rules")


class ExpressionError(Exception):
    """An expression could not be evaluated."""


class Facts:
    """What expressions may speak of, by name; converted once for all that are asked of it."""

    def __init__(self, **variables: Any) -> None:
        self._variables = variables
        self._context: cel.Context | None = None
        self.budget = Budget()

    def also(self, **variables: Any) -> Facts:
        """These and others, which win."""
        return Facts(**{**self._variables, **variables})

    @property
    def context(self) -> cel.Context:
        """As the evaluator knows them."""
        if self._context is None:
            functions = {SPEND: self.budget.spend}
            self._context = _library().Context(variables=self._variables, functions=functions)
        return self._context


class Rule:
    """An expression, asked of `facts` or of the variables that are named.

    It is compiled once it is asked, and the evaluator is loaded with the first that is: a service
    has hundreds, of which most wait long for a command. Whatever asks one that is no CEL raises
    ValueError; those of a model are checked before they come here.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def compile(self) -> None:
        """For what must not wait until it is asked.

        Raises:
            ValueError: no CEL expression.
        """
        _ = self._compiled

    def holds(self, facts: Facts | None = None, /, **variables: Any) -> bool:
        """Whether the expression is true; one that fails to evaluate is not."""
        return self.value(facts, **variables) is True

    def value(self, facts: Facts | None = None, /, **variables: Any) -> Any:
        """What the expression comes to; None where it fails to evaluate."""
        try:
            return self.evaluated(facts, **variables)
        except ExpressionError as error:
            log.warning("expression_failed", expression=self.expression, error=error)
            return None

    def evaluated(self, facts: Facts | None = None, /, **variables: Any) -> Any:
        """What the expression comes to.

        Raises:
            ExpressionError: it cannot be evaluated with these variables, or only in more than
                `MOST_STEPS` and `MOST_SECONDS`.
        """
        program, loops = self._compiled
        known = facts or Facts(**variables)
        if loops:
            known.budget.begin()
        try:
            found = program.execute(known.context)
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            if not known.budget.spent:
                raise ExpressionError(str(error)) from error
        if known.budget.spent:
            raise ExpressionError(f"more than {MOST_STEPS} steps, or too slow ones")
        return found

    @cached_property
    def _compiled(self) -> tuple[cel.Program, bool]:
        return _compile(self.expression)


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
def _compile(expression: str) -> tuple[cel.Program, bool]:
    """The program, and whether it has loops, which are counted."""
    program: cel.Program = _library().compile(expression)
    bounded = counted(expression)
    return (program, False) if bounded is None else (_library().compile(bounded), True)


@cache
def _library() -> ModuleType:
    """CEL without the command line that it brings along, which takes a tenth of a service's start
    and of its memory.
    """
    with emptied("cel.cli"):
        import cel
    return cel
