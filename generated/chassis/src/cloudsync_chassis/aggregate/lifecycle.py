"""Which transition a command takes, and why it may not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from cloudsync_chassis.aggregate.rules import Rule, facts
from cloudsync_chassis.aggregate.spec import Transition
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record
from cloudsync_chassis.problem import CONDITION_NOT_MET, FORBIDDEN, ILLEGAL_TRANSITION
from cloudsync_chassis.security.access import heirs

Stands = Callable[[frozenset[str]], Awaitable[bool]]


class Lifecycle:
    """The transitions of an aggregate, by command."""

    def __init__(
        self,
        state_field: str | None,
        transitions: tuple[Transition, ...],
        inherits: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._state_field = state_field or ""
        self._by_command: dict[str, list[tuple[Transition, Rule | None]]] = {}
        for each in transitions:
            rule = Rule(each.condition) if each.condition else None
            row = replace(each, roles=heirs(each.roles, inherits))
            self._by_command.setdefault(each.command, []).append((row, rule))

    def governs(self, command: str) -> bool:
        """Whether the command has transitions at all."""
        return command in self._by_command

    def arrived(self, command: str, record: Record) -> bool:
        """Whether the entity is already where the command leads, and cannot go there again."""
        state = record.get(self._state_field)
        rows = [each for each, _ in self._by_command.get(command, ())]
        return any(each.to == state for each in rows) and not any(
            state in each.sources for each in rows
        )

    async def target(
        self,
        ctx: Context,
        command: str,
        record: Record,
        inputs: Mapping[str, Any],
        stands: Stands,
    ) -> str:
        """The state that the command leads to from the record's (an empty record: from nothing).

        Raises:
            Problem: `illegal-transition`, `forbidden` or `condition-not-met`, in this order.
        """
        state = record.get(self._state_field)
        rows = [row for row in self._by_command[command] if _starts(row[0], state)]
        if not rows:
            raise self._illegal(command, state)
        allowed = [row for row in rows if await _may(ctx, row[0], stands)]
        if not allowed:
            raise FORBIDDEN(f"{command} is for other roles or relations")
        known = facts(ctx, record, inputs)
        for transition, rule in allowed:
            if rule is None or rule.holds(known):
                return transition.to
        raise CONDITION_NOT_MET(allowed[0][0].guard or f"{command} is not possible now")

    def _illegal(self, command: str, state: Any) -> Exception:
        sources = {source for each, _ in self._by_command[command] for source in each.sources}
        return ILLEGAL_TRANSITION(
            f"{command} is not possible in state {state}",
            command=command,
            state=None if state is None else str(state),
            possible=sorted(sources),
        )


def _starts(transition: Transition, state: Any) -> bool:
    return state in transition.sources if state is not None else not transition.sources


async def _may(ctx: Context, transition: Transition, stands: Stands) -> bool:
    if not transition.roles and not transition.relations:
        return True
    if transition.roles & ctx.principal.roles:
        return True
    return bool(transition.relations) and await stands(transition.relations)
