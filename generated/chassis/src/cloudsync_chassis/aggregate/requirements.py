"""What commands ask for before they change anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cloudsync_chassis.aggregate.rules import Facts, Rule, facts
from cloudsync_chassis.aggregate.spec import Command, Requirement
from cloudsync_chassis.context import Context
from cloudsync_chassis.expressions import ExpressionError
from cloudsync_chassis.model import Record
from cloudsync_chassis.problem import ALREADY_EXISTS, FieldError, Problem, json_pointer

_CHOICES = ("||", "&&", "?")
"""Of CEL: what stands beside them may decide alone (language definition, "Logical Operators")."""


class Count(Protocol):
    """How many entities of an aggregate of this service pass filters."""

    async def __call__(self, ctx: Context, aggregate: str, filters: Mapping[str, Any]) -> int:
        """Their number."""
        ...


class Requirements:
    """The requirements of an aggregate's commands.

    A count is no lock: where transactions run side by side, two commands may both see room for
    one. What must never happen twice is a unique set of fields.
    """

    def __init__(self, commands: Mapping[str, Command], count: Count) -> None:
        self._asked = {
            name: tuple(_Asked.of(each) for each in command.requires if each.condition)
            for name, command in commands.items()
        }
        self._unique = {
            (name, frozenset(each.unique)): each
            for name, command in commands.items()
            for each in command.requires
            if each.unique
        }
        self._count = count

    async def check(
        self, ctx: Context, command: str, record: Record, inputs: Mapping[str, Any]
    ) -> None:
        """Refuse a command by the first requirement that does not hold.

        Raises:
            Problem: what the requirement names.
        """
        asked = self._asked.get(command)
        if not asked:
            return
        known = facts(ctx, record, inputs)
        for each in asked:
            if not await self._holds(ctx, each, known):
                raise each.requirement.problem(each.requirement.detail)

    def taken(self, command: str, fields: Iterable[str]) -> Problem:
        """The refusal of a command whose unique values are another entity's."""
        names = tuple(fields)
        errors = [FieldError("taken", json_pointer([name])) for name in names]
        named = self._unique.get((command, frozenset(names) - {"organizationId"}))
        if named is not None:
            return named.problem(named.detail, errors=errors)
        return ALREADY_EXISTS(errors=errors)

    async def _holds(self, ctx: Context, asked: _Asked, known: Facts) -> bool:
        counted = asked.requirement.counted
        if counted is None:
            return asked.rule.holds(known)
        decided = asked.uncounted(known)
        if decided is not None:
            return decided
        filters = {name: _filter(rule.value(known)) for name, rule in asked.where.items()}
        if any(value is None for value in filters.values()):
            return False
        count = await self._count(ctx, counted.aggregate, filters)
        return asked.rule.holds(known.also(count=count))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A requirement and its compiled expressions."""

    requirement: Requirement
    rule: Rule
    where: Mapping[str, Rule]

    @classmethod
    def of(cls, requirement: Requirement) -> _Asked:
        counted = requirement.counted
        where = {name: Rule(each) for name, each in counted.where.items()} if counted else {}
        return cls(requirement, Rule(requirement.condition), where)

    def uncounted(self, known: Facts) -> bool | None:
        """What the condition comes to however many there are, as in `!has(input.folderId) || count
        == 1`; None where it depends on that.
        """
        if not any(each in self.rule.expression for each in _CHOICES):
            return None
        try:
            found = self.rule.evaluated(known)
        except ExpressionError:
            return None
        return found if isinstance(found, bool) else None


def _filter(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
