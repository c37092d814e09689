"""What must hold over several services, whatever happens to them: each fault as a sentence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from cloudsync_chassis.audit.trail import AuditTrail
from cloudsync_chassis.masking import Masking
from cloudsync_chassis.store.database import Database

from demo.system import Running, UnhappyError

_HOLDING = ("held", "committed")
_IN_FORCE = ("active", "trialing")


def settled(found: Running, organization: str) -> list[str]:
    """What does not fit together of an organisation, once all that was announced has been heard."""
    with suppress(UnhappyError):
        found.until("agreement", lambda: not faults(found, organization), 30)
    return faults(found, organization)


def faults(found: Running, organization: str) -> list[str]:
    """What does not fit together at the moment."""
    return [
        *_orders(found, organization),
        *_seats(found, organization),
        *_money(found, organization),
    ]


async def trails(found: Running, organization: str) -> int:
    """Rows in the audit trails of all services, once each chain has been found intact.

    Raises:
        BrokenChainError: one is not.
    """
    rows = 0
    for name in found.supervisor.all:
        key = (found.state / "keys" / "audit.key").read_bytes()
        store = Database(f"sqlite+aiosqlite:///{found.state / name / 'store.sqlite'}")
        try:
            rows += await AuditTrail(key, Masking(frozenset())).verify(store, UUID(organization))
        finally:
            await store.dispose()
    return rows


def _orders(found: Running, organization: str) -> Iterator[str]:
    """All orders have come to an end; one that was cancelled holds no seats."""
    held = {each["id"].replace("-", ""): each for each in _kept(found, organization, "reservation")}
    for order, (state, _) in _of(found, organization).items():
        seats = held.get(order, {"status": "", "seats": 0})
        if state not in ("fulfilled", "cancelled"):
            yield f"order {order} is {state}"
        if state == "cancelled" and seats["status"] in _HOLDING:
            yield f"order {order} is cancelled and has {seats['seats']} seats {seats['status']}"


def _seats(found: Running, organization: str) -> Iterator[str]:
    """No order without seats: what is in force has as many as were sold, and pools count them."""
    sold, pools = Counter[str](), Counter[str]()
    for each in _kept(found, organization, "reservation"):
        if each["status"] in _HOLDING:
            pools[f"{each['poolCode']} {each['status']}"] += each["seats"]
        if each["status"] == "committed":
            sold[each["subscriptionId"].replace("-", "")] += each["seats"]
    statement = "select id, status, seat_quantity from subscriptions where organization_id = ?"
    owner = organization.replace("-", "")
    for subscription, state, seats in found.rows("subscription-service", statement, owner):
        if state in _IN_FORCE and sold[subscription] != seats:
            yield f"{subscription} is {state} with {sold[subscription]} of {seats} seats"
    for each in _kept(found, organization, "seat-pool"):
        for state, counted in (("held", each["heldSeats"]), ("committed", each["committedSeats"])):
            if pools[f"{each['poolCode']} {state}"] != counted:
                yield f"pool {each['poolCode']} counts {counted} seats {state}, which are not there"


def _money(found: Running, organization: str) -> Iterator[str]:
    """No charge without an order, and none twice."""
    statement = (
        "select cause_id, captured_minor - refunded_minor from payments where organization_id = ?"
    )
    taken = Counter[str]()
    for order, amount in found.rows("payment-service", statement, organization.replace("-", "")):
        taken[order] += amount
    orders = _of(found, organization)
    for order in taken.keys() - orders.keys():
        yield f"{taken[order]} were taken for {order}, which is no order"
    for order, (state, total) in orders.items():
        due = total if state == "fulfilled" else 0
        if taken[order] != due:
            yield f"order {order} is {state}: {taken[order]} were taken, not {due}"


def _of(found: Running, organization: str) -> dict[str, tuple[str, int]]:
    """Order → state, amount."""
    statement = "select id, status, total_minor from orders where organization_id = ?"
    rows = found.rows("subscription-service", statement, organization.replace("-", ""))
    return {row[0]: (row[1], row[2]) for row in rows}


def _kept(found: Running, organization: str, collection: str) -> list[dict[str, Any]]:
    """Documents of usage-service."""
    statement = "select body from aggregate_documents where collection = ? and organization_id = ?"
    owner = organization.replace("-", "")
    return [json.loads(row[0]) for row in found.rows("usage-service", statement, collection, owner)]
