"""The metrics that the service counts of events by itself. They are entered at the first start."""

from __future__ import annotations

from typing import Any
from uuid import UUID

AUTHOR = UUID("00000000-0000-7000-8000-000000000001")
STEWARD = UUID("00000000-0000-7000-8000-000000000002")
"""Stand for the two teams that agreed on them; no person has these ids."""

CASH = "revenue_cash_minor"
ORDERS = "orders_paid"
MRR = "revenue_mrr_movement_minor"
SEATS = "seats_movement"
SIGN_UPS = "sign_ups"
ACTIVE = "active_users"


def _metric(key: str, name: str, explanation: str, **more: Any) -> dict[str, Any]:
    return {
        "metricKey": key,
        "displayName": name,
        "explanation": explanation,
        "instrument": "counter",
        "unit": "1",
        "granularities": ["hour", "day", "month"],
        "ownerTeam": "analytics-team",
        "additive": True,
        "expression": "sum(value)",
        "sensitivity": "tenantVisible",
        **more,
    }


METRICS = (
    _metric(
        CASH,
        "Cash",
        "Captured payments less refunds, on the day on which the money moved.",
        unit="{minor}",
        dimensions=["currency"],
        sourceEventTypes=["cloudsync.billing.payment.PaymentProcessed"],
    ),
    _metric(
        ORDERS,
        "Paid orders",
        "Orders whose payment was captured, less those that were undone later.",
        sourceEventTypes=["cloudsync.billing.payment.PaymentProcessed"],
    ),
    _metric(
        MRR,
        "Movement of recurring revenue",
        "What orders, changes of seats and cancellations add to monthly revenue, by kind of movement.",
        unit="{minor}",
        dimensions=["currency", "movement", "plan_family"],
        sourceEventTypes=[
            "cloudsync.billing.payment.PaymentProcessed",
            "cloudsync.billing.subscription.SubscriptionChanged",
            "cloudsync.billing.subscription.SubscriptionCancelled",
        ],
    ),
    _metric(
        SEATS,
        "Movement of seats",
        "Seats that were sold, added, given back and lost, by kind of movement.",
        unit="{seat}",
        dimensions=["movement", "plan_family"],
        sourceEventTypes=[
            "cloudsync.billing.seat-reservation.SeatsCommitted",
            "cloudsync.billing.subscription.SubscriptionChanged",
            "cloudsync.billing.subscription.SubscriptionCancelled",
        ],
    ),
    _metric(
        SIGN_UPS,
        "Sign-ups",
        "New accounts by kind, those of programs among them.",
        unit="{user}",
        dimensions=["kind"],
        sourceEventTypes=["cloudsync.user.user.UserCreated"],
    ),
    _metric(
        ACTIVE,
        "Active users",
        "Different people who signed in within the bucket; pseudonyms, counted by a sketch.",
        instrument="uniqueCount",
        unit="{user}",
        additive=False,
        expression="unique(value)",
        dimensions=["channel"],
        sourceEventTypes=["cloudsync.user.session.LoginSucceeded"],
    ),
)
