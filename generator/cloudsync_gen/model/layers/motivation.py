"""Layer 01: why the system exists."""

from __future__ import annotations

from typing import Literal

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link, Links
from cloudsync_gen.model.values import Duration, Short


class Goal(Element, frozen=True, kw_only=True):
    """A measurable aim; `baseline` is today's figure, `target` the one to reach."""

    kpi: Short
    target: Short
    baseline: Short | None = None
    stakeholders: Links
    outcomes: tuple[Link, ...] = ()


class RecoveryObjective(Part, frozen=True, kw_only=True):
    """How soon stores of services of these tiers are back (RTO) and how much they lose (RPO)."""

    tiers: tuple[Literal[1, 2, 3], ...]
    rto: Duration
    rpo: Duration


class Requirement(Element, frozen=True, kw_only=True):
    """A need with the test that decides whether it is met."""

    goals: Links
    priority: Literal["must", "should", "could"]
    acceptance: Short
    recovery: RecoveryObjective | None = None
    constrained_by: tuple[Link, ...] = ()


class Stakeholder(Element, frozen=True, kw_only=True):
    """A person or body with an interest in the system."""

    concerns: tuple[Short, ...]
    influence: Literal["high", "medium", "low"]


class Principle(Element, frozen=True, kw_only=True):
    """A rule of design: what it says and what follows from it."""

    statement: Short
    implication: Short


class Constraint(Element, frozen=True, kw_only=True):
    """A limit that nobody here can move."""

    origin: Short


class Value(Element, frozen=True, kw_only=True):
    """What a stakeholder gains."""

    stakeholders: tuple[Link, ...] = ()


class Outcome(Element, frozen=True, kw_only=True):
    """A result that shows a goal was reached."""

    goal: Link
    measure: Short


TYPES: dict[str, type[Element]] = {
    "goal": Goal,
    "requirement": Requirement,
    "stakeholder": Stakeholder,
    "principle": Principle,
    "constraint": Constraint,
    "value": Value,
    "outcome": Outcome,
}
