"""How often something happened: totals, funnels and cohorts, without groups that are too small.

A group of fewer people than `smallest_group` is left out. So are events of clients that name no
person, where they are few: whoever did not agree to be counted is no less a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import breaks_rule

from .generated import models, port, problems
from .reading import Reading
from .wordings import snake

_WIDEST = timedelta(days=400)
_WEEK = timedelta(days=7)
_MOST = 5_000
_LONGEST = 64
_MISSING = "none"
_OWN = frozenset({"event_type", "source", "country", "locale", "app_version"})
_SHAPES = models.CountShape

Group = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Tally:
    """Events of a group, who did them, and how many of clients name nobody."""

    events: int = 0
    nameless: int = 0
    actors: set[str] = field(default_factory=set)

    @property
    def people(self) -> int:
        """How many people it is certain that there are."""
        return len(self.actors)

    def few(self, smallest: int) -> bool:
        """Whether it would tell of so few people that one could be found out."""
        return self.people < smallest and bool(self.actors or self.nameless)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did."""

    kind: str
    at: datetime
    actor: str | None
    group: Group
    client: bool


class Counting(Reading):
    """Counts."""

    async def count_events(self, ctx: Context, request: port.CountEvents) -> models.EventCounts:
        """Count events of the tenant as they are, as steps of a funnel, or as cohorts.

        Raises:
            Problem: `unknown-dimension`; `rule-broken`: a range that runs backwards or is over 400
                days, a funnel of one step, cohorts without weeks.
        """
        began, wish = perf_counter(), request.body
        _check(wish)
        names = [each.root for each in wish.group_by or ()]
        kinds = [each.root for each in wish.event_types]
        unknown = set(names) - _OWN
        unknown -= await self.dimensions(ctx, kinds) if unknown else set()
        if unknown:
            raise problems.UNKNOWN_DIMENSION(f"in no schema: {', '.join(sorted(unknown))}")
        deeds = [
            await self._deed(ctx, each, names)
            async for each in self.between(ctx, wish.since, wish.until, eventType=tuple(kinds))
        ]
        if wish.shape is _SHAPES.funnel:
            counted = _funnel(deeds, kinds)
        elif wish.shape is _SHAPES.retention:
            counted = _retention(deeds, kinds, wish.since, wish.cohort_weeks or 1)
        else:
            counted = _totals(deeds)
        self.metrics.events_query_seconds(perf_counter() - began, question=wish.shape.value)
        return self._told(counted)

    async def _deed(self, ctx: Context, event: models.CollectedEvent, names: Iterable[str]) -> Deed:
        told: Mapping[str, Any] = {}
        if set(names) - _OWN:
            payload = await self.unsealed(ctx, event)
            told = json.loads(payload) if payload is not None else {}
        known = {snake(name): each for name, each in told.items()} | _own(event)
        group = tuple((name, _value(known.get(name))) for name in names)
        client = event.source is not models.EventSource.service
        return Deed(event.event_type, event.occurred_at, event.actor_key, group, client)

    def _told(self, counted: Mapping[tuple[Group, int | None], Tally]) -> models.EventCounts:
        few = [key for key, each in counted.items() if each.few(self.settings.smallest_group)]
        shown = [(key, each) for key, each in counted.items() if key not in set(few)]
        shown.sort(key=lambda each: (each[0][1] or 0, -each[1].events, each[0][0]))
        return models.EventCounts(
            counts=[
                models.EventCount(
                    group={name: models.DimensionValuesValue(value) for name, value in group},
                    step=step,
                    events=each.events,
                    actors=each.people,
                )
                for (group, step), each in shown[:_MOST]
            ],
            suppressed_groups=len(few) + len(shown[_MOST:]),
        )


def _check(wish: models.CountEventsRequest) -> None:
    if wish.since >= wish.until:
        raise breaks_rule("the range runs backwards", pointer="/until")
    if wish.until - wish.since > _WIDEST:
        raise breaks_rule("events are kept for 400 days", pointer="/since")
    if wish.shape is _SHAPES.funnel and len(wish.event_types) < 2:
        raise breaks_rule("a funnel has two steps or more", pointer="/eventTypes")
    if wish.shape is _SHAPES.retention and wish.cohort_weeks is None:
        raise breaks_rule("cohorts are followed for a number of weeks", pointer="/cohortWeeks")


def _totals(deeds: Iterable[Deed]) -> dict[tuple[Group, int | None], Tally]:
    found: dict[tuple[Group, int | None], Tally] = {}
    for each in deeds:
        _count(found.setdefault((each.group, None), Tally()), each)
    return found


def _funnel(deeds: Iterable[Deed], steps: list[str]) -> dict[tuple[Group, int | None], Tally]:
    """People by the steps that they did one after the other; each is in the group of their first.

    A step counts once for each person.
    """
    found: dict[tuple[Group, int | None], Tally] = {}
    reached: dict[str, tuple[Group, int]] = {}
    for each in deeds:
        if each.actor is None:
            continue
        group, done = reached.get(each.actor, (each.group, 0))
        if done < len(steps) and each.kind == steps[done]:
            reached[each.actor] = (group, done + 1)
            _count(found.setdefault((group, done + 1), Tally()), each)
    return found


def _retention(
    deeds: Iterable[Deed], kinds: list[str], since: datetime, weeks: int
) -> dict[tuple[Group, int | None], Tally]:
    """People by the week of their first event of the first type, and by the weeks after it in which
    they did the last type; week 0 is the cohort.
    """
    found: dict[tuple[Group, int | None], Tally] = {}
    began: dict[str, tuple[Group, datetime, str]] = {}
    for each in deeds:
        if each.actor is None:
            continue
        if each.actor not in began and each.kind == kinds[0]:
            week = since + (each.at - since) // _WEEK * _WEEK
            began[each.actor] = (each.group, each.at, week.date().isoformat())
            _count(
                found.setdefault((_cohort(each.group, began[each.actor][2], 0), None), Tally()),
                each,
            )
        elif each.actor in began and each.kind == kinds[-1]:
            group, start, cohort = began[each.actor]
            later = (each.at - start) // _WEEK
            if 1 <= later <= weeks:
                key = (_cohort(group, cohort, later), None)
                _count(found.setdefault(key, Tally()), each)
    return found


def _cohort(group: Group, cohort: str, week: int) -> Group:
    return (*group, ("cohort", cohort), ("week", str(week)))


def _count(tally: Tally, deed: Deed) -> None:
    tally.events += 1
    if deed.actor is not None:
        tally.actors.add(deed.actor)
    elif deed.client:
        tally.nameless += 1


def _own(event: models.CollectedEvent) -> dict[str, Any]:
    """Dimensions that every event has."""
    where = event.client_context
    return {
        "event_type": event.event_type,
        "source": event.source.value,
        "country": where.country if where is not None else None,
        "locale": where.locale if where is not None else None,
        "app_version": where.app_version if where is not None else None,
    }


def _value(value: Any) -> str:
    if value is None or value == "":
        return _MISSING
    return (value if isinstance(value, str) else json.dumps(value))[:_LONGEST]
