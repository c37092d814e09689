"""Layer 01: why the system exists."""

from __future__ import annotations

from typing import Literal

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link, Links
from cloudsync_gen.model.values import Duration, Short


class Goal(Element, frozen=True, kw_only=True):
    """A measurable aim.

    Attributes:
        kpi: what is measured.
        target: the figure to reach.
        baseline: today's figure.
        stakeholders: who wants it.
        outcomes: results that show that it was reached.
    """

    kpi: Short
    target: Short
    baseline: Short | None = None
    stakeholders: Links
    outcomes: tuple[Link, ...] = ()


class RecoveryObjective(Part, frozen=True, kw_only=True):
    """How soon stores are back after a loss, and how much they lose.

    Attributes:
        tiers: tiers of the services whose stores are meant.
        rto: recovery time objective: how soon they are back.
        rpo: recovery point objective: from how long before the loss on what was written may be
            gone.
    """

    tiers: tuple[Literal[1, 2, 3], ...]
    rto: Duration
    rpo: Duration


class Requirement(Element, frozen=True, kw_only=True):
    """A need with the test that decides whether it is met.

    Attributes:
        goals: goals that need it.
        priority: how much it matters (MoSCoW, without what will not be had).
        acceptance: the test that decides whether it is met.
        recovery: what it demands of stores, which rules hold against their backups.
        constrained_by: limits that it has to live with.
    """

    goals: Links
    priority: Literal["must", "should", "could"]
    acceptance: Short
    recovery: RecoveryObjective | None = None
    constrained_by: tuple[Link, ...] = ()


class Stakeholder(Element, frozen=True, kw_only=True):
    """A person or body with an interest in the system.

    Attributes:
        concerns: what they care about.
        influence: how much their word weighs.
    """

    concerns: tuple[Short, ...]
    influence: Literal["high", "medium", "low"]


class Principle(Element, frozen=True, kw_only=True):
    """A rule of design: what it says and what follows from it.

    Attributes:
        statement: the rule itself.
        implication: what follows from it for those who build.
    """

    statement: Short
    implication: Short


class Constraint(Element, frozen=True, kw_only=True):
    """A limit that nobody here can move.

    Attributes:
        origin: where the limit comes from: a law, a contract, another system.
    """

    origin: Short


class Value(Element, frozen=True, kw_only=True):
    """What a stakeholder gains.

    Attributes:
        stakeholders: who gains it.
    """

    stakeholders: tuple[Link, ...] = ()


class Outcome(Element, frozen=True, kw_only=True):
    """A result that shows a goal was reached.

    Attributes:
        goal: the goal that it shows.
        measure: by what it is seen.
    """

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
