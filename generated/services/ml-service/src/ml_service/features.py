"""Features: numbers about a subject, computed from what happened to it lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from .memory import Mark

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_MARKS = 200
LONGEST = timedelta(days=60)

SIGNED_IN, FAILED, STOLEN = "signed-in", "failed", "stolen"
CAPTURED, DECLINED, DISPUTED = "captured", "declined", "disputed"
SEATS, PAST_DUE, CANCELLED = "seats", "past-due", "cancelled"


def features(marks: Sequence[Mark], now: datetime) -> dict[str, float]:
    """All numbers that marks tell of; views choose among them."""
    day, hour = _since(marks, now - DAY), _since(marks, now - HOUR)
    long = _since(marks, now - LONGEST)
    seats = [each.value for each in long if each.kind == SEATS]
    captured = [each.value for each in long if each.kind == CAPTURED]
    return {
        "sign_ins_day": _count(day, SIGNED_IN),
        "failures_hour": _count(hour, FAILED),
        "failures_day": _count(day, FAILED),
        "subjects_failing_hour": float(len({e.label for e in hour if e.kind == FAILED})),
        "countries_day": float(len({e.label for e in day if e.kind == SIGNED_IN})),
        "stolen_day": _count(day, STOLEN),
        "risk_last": _last(marks, SIGNED_IN),
        "captured_day": _count(day, CAPTURED),
        "declined_hour": _count(hour, DECLINED),
        "declined_day": _count(day, DECLINED),
        "disputed_sixty_days": _count(long, DISPUTED),
        "amount_last": _last(marks, CAPTURED),
        "amount_mean": sum(captured) / len(captured) if captured else 0.0,
        "seats_last": seats[-1] if seats else 0.0,
        "seats_lost": max(0.0, max(seats) - seats[-1]) if seats else 0.0,
        "past_due_sixty_days": _count(long, PAST_DUE),
        "cancelled_sixty_days": _count(long, CANCELLED),
    }


def with_mark(marks: Iterable[Mark], mark: Mark) -> list[Mark]:
    """The last marks of sixty days, this one among them, in the order of time."""
    found = sorted([*marks, mark], key=lambda each: each.at)
    return [each for each in found if each.at + LONGEST >= mark.at][-MOST_MARKS:]


def login_risk(known: Mapping[str, float]) -> float:
    """The rule that stands in for a model of sign-ins, from 0 to 1."""
    found = 0.05 + known.get("risk_last", 0.0) / 200
    found += 0.05 * min(known.get("failures_day", 0.0), 8)
    found += 0.1 * max(0.0, known.get("countries_day", 0.0) - 1)
    found += 0.9 if known.get("stolen_day", 0.0) else 0.0
    found += 0.2 if known.get("subjects_failing_hour", 0.0) >= 10 else 0.0
    return min(1.0, found)


def payment_risk(known: Mapping[str, float]) -> float:
    """The rule that stands in for a model of payments, from 0 to 1."""
    found = 0.05 + 0.15 * min(known.get("declined_hour", 0.0), 4)
    found += 0.25 * min(known.get("disputed_sixty_days", 0.0), 2)
    mean = known.get("amount_mean", 0.0)
    found += 0.1 if mean and known.get("amount_last", 0.0) > 5 * mean else 0.0
    return min(1.0, found)


def churn(known: Mapping[str, float]) -> float:
    """The rule that stands in for a model of churn, from 0 to 1."""
    before = known.get("seats_last", 0.0) + known.get("seats_lost", 0.0)
    lost = known.get("seats_lost", 0.0) / before if before else 0.0
    return min(1.0, 0.05 + 0.6 * lost + 0.2 * min(known.get("past_due_sixty_days", 0.0), 2))


RULES = {"login-risk": login_risk, "payment-risk": payment_risk, "churn": churn}
"""Defaults by model key; a key without one cannot be answered by anything but a model."""


def _since(marks: Sequence[Mark], moment: datetime) -> list[Mark]:
    return [each for each in marks if each.at >= moment]


def _count(marks: Sequence[Mark], kind: str) -> float:
    return float(sum(each.kind == kind for each in marks))


def _last(marks: Sequence[Mark], kind: str) -> float:
    return next((each.value for each in reversed(marks) if each.kind == kind), 0.0)
