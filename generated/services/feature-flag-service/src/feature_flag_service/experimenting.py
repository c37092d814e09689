"""Experiments: how many units they need, and who has won."""

from __future__ import annotations

import math
from typing import Protocol

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime

from .base import Base
from .generated import models, port, problems

_Z = 1.959964 + 0.841621
"""Quantiles of the normal distribution for two-sided 5 % significance and 80 % power."""


class Baselines(Protocol):
    """Knows how often things happen at present."""

    async def rate(self, metric: str) -> float:
        """The share of units, between 0 and 1, for which a metric happens."""
        ...


class OneInTen:
    """Takes every metric to happen for one unit in ten."""

    async def rate(self, metric: str) -> float:
        """See `Baselines.rate`."""
        return 0.1


class Experimenting(Base):
    """Splits."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.baselines: Baselines = OneInTen()

    async def start_experiment(
        self, ctx: Context, request: port.StartExperiment
    ) -> models.FlagExperiment:
        """Begin a split.

        Raises:
            Problem: `wrong-purpose`, `experiment-running`, `not-found`.
        """
        inside, body = ctx.within(PLATFORM), request.body
        flag = await self.flag(ctx, body.feature_flag_id)
        if flag.purpose is not models.FlagPurpose.experiment:
            raise problems.WRONG_PURPOSE(f"{flag.key} is for {flag.purpose.value}")
        running = models.ExperimentState.running
        if await self.flag_experiment.count(inside, featureFlagId=str(flag.id), state=running):
            raise problems.EXPERIMENT_RUNNING(f"{flag.key} is being tried already")
        rate = await self.baselines.rate(body.primary_metric)
        fields = {
            **body.model_dump(by_alias=True),
            "requiredSample": required_sample(rate, body.minimum_effect),
            "startedBy": ctx.principal.subject,
        }
        return await self.flag_experiment.create(inside, "start-experiment", fields)

    async def decide_experiment(
        self, ctx: Context, request: port.DecideExperiment
    ) -> models.FlagExperiment:
        """End a split.

        Raises:
            Problem: `rule-broken`: the flag has no such variant; what the model says.
        """
        decided = await super().decide_experiment(ctx.within(PLATFORM), request)
        flag = await self.feature_flag.find(ctx, id=decided.feature_flag_id)
        if flag is not None and request.body.winner not in {each.name for each in flag.variants}:
            raise breaks_rule("the flag has no such variant", pointer="/winner")
        return decided


def required_sample(rate: float, effect: float) -> int:
    """Units per variant that show a relative `effect` on what happens with `rate`, by the test of
    two proportions (Fleiss, Statistical Methods for Rates and Proportions, ch. 4).
    """
    other = min(1.0, rate * (1 + effect))
    spread = rate * (1 - rate) + other * (1 - other)
    return math.ceil(_Z**2 * spread / (other - rate) ** 2)
