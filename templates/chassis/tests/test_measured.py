"""What is measured of callers, of what is stored and of sagas: each series by what moves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.projection import Projection
from cloudsync_chassis.events.store import Fact, Stored
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer
from cloudsync_chassis.store.system import saga_runs
from cloudsync_chassis.testing import Running
from purchase import event
from test_metrics import BOOK, scraped, shop, value
from test_tokens import KEY, signed
from trading import TENANT, ended, trade

__all__ = ["shop"]


async def test_tokens_that_prove_nothing_are_counted_by_reason(shop: Running) -> None:
    identity, runtime = shop.runtime.identity, shop.runtime
    mine, old = identity.issuer(), runtime.settings.issuer
    caller = Principal("u1")
    name = runtime.spec.name
    key = identity.keys.ensure()
    late = TokenIssuer(key, old, now=lambda: datetime.now(UTC).timestamp() - 10_000)
    elsewhere = TokenIssuer(key, "https://elsewhere.invalid/")
    good = mine.issue(caller, [name])
    head, _, signature = good.rpartition(".")
    forged = f"{head}.{signature[::-1]}"
    tokens = {
        "expired": late.issue(caller, [name]),
        "audience": mine.issue(caller, ["another-service"]),
        "issuer": elsewhere.issue(caller, [name]),
        "signature": forged,
        "key": signed(KEY),
        "malformed": "x" * 9_000,
    }
    for token in tokens.values():
        with pytest.raises(Problem, match="unauthenticated"):
            await identity.caller(f"Bearer {token}")
    await identity.caller(f"Bearer {good}")
    found = await scraped(shop)
    rejected = {dict(own)["reason"]: n for (name, own), n in found.items() if "jwt_rej" in name}
    assert rejected == dict.fromkeys(tokens, 1.0)


async def test_decisions_tell_who_made_them(shop: Running) -> None:
    ours = uuid7()
    clerk = shop.caller("clerk", organization=ours).headers
    visitor = shop.caller("visitor", organization=ours).headers
    made = await shop.http.post("/v1/books", json=BOOK, headers=clerk)
    url = f"/v1/books/{made.json()['id']}"
    assert (await shop.http.post("/v1/books", json=BOOK, headers=visitor)).status_code == 403
    assert (await shop.http.post(f"{url}/reserve", headers=visitor)).status_code == 403
    assert (await shop.http.get(url, headers=visitor)).status_code == 200
    assert (await shop.http.get(url)).status_code == 401
    shop.runtime.policies.supply("counting", lambda ctx: True)
    assert (await shop.http.delete(url, headers=clerk)).status_code == 403
    found = await scraped(shop)
    counted = "authz_decisions_total"
    assert value(found, counted, policy="roles", effect="deny") == 1
    assert value(found, counted, policy="roles", effect="allow") == 4
    assert value(found, counted, policy="relation", effect="deny") == 1
    assert value(found, counted, policy="no-removal-while-counting", effect="deny") == 1
    assert value(found, counted, policy="dear-needs-second-factor", effect="allow") == 1


async def test_repetitions_and_secrets(shop: Running) -> None:
    headers = {**shop.caller("clerk").headers, "Idempotency-Key": "k"}
    secret = {**BOOK, "notes": "from a shady dealer"}
    made = [await shop.http.post("/v1/books", json=secret, headers=headers) for _ in range(3)]
    assert {each.json()["id"] for each in made} == {made[0].json()["id"]}
    before = await scraped(shop)
    await shop.http.get(f"/v1/books/{made[0].json()['id']}", headers=headers)
    await shop.http.post("/v1/books", json=BOOK, headers=shop.caller("clerk").headers)
    found = await scraped(shop)
    assert value(found, "idempotent_replays_total", route="/v1/books") == 2
    timed = "field_crypto_duration_seconds_count"
    assert value(found, timed, direction="seal") == value(before, timed, direction="seal") >= 1
    assert value(found, timed, direction="open") >= 1


async def test_an_event_that_comes_again(shop: Running) -> None:
    topic = "shop.market.price.v1"
    again = Event(
        id=uuid7(), type="PriceSuggested", source="/market", topic=topic, subject="x",
        time=datetime.now(UTC), organization_id=uuid7(),
        data={"bookId": str(uuid7()), "priceMinor": 1},
    )  # fmt: skip
    seen: list[UUID] = []

    async def handle(ctx: Context, event: Event) -> None:
        seen.append(event.id)

    (subscription,) = (s for s in shop.runtime.subscriptions if s.type == "PriceSuggested")
    consumer = shop.runtime.consumer((subscription,))
    for _ in range(3):
        await shop.runtime.executor.consume(again, lambda ctx: consumer._once(ctx, again, handle))
    assert seen == [again.id]
    assert value(await scraped(shop), "inbox_duplicates_total", topic=topic) == 2


async def test_the_event_store_and_what_follows_it(shop: Running) -> None:
    runtime, applied = shop.runtime, list[Stored]()

    async def apply(connection: AsyncConnection, stored: Stored) -> None:
        applied.append(stored)

    async def clear(connection: AsyncConnection) -> None:
        applied.clear()

    projector = runtime.project(Projection("ledger", ("account",), apply, clear))

    async def append(ctx: Context) -> None:
        await runtime.events.append(ctx, "account", uuid7(), 0, [Fact("Paid", {}), Fact("Got", {})])

    told = replace(event("", uuid7()), organization_id=uuid7())
    await runtime.executor.consume(told, append)
    await projector.advance()
    found = await scraped(shop)
    name = "eventstore_append_duration_seconds_count"
    assert value(found, name, aggregate_type="account") == 1
    assert value(found, "cqrs_projection_lag_seconds_count", projection="ledger") == 2
    assert len(applied) == 2


async def test_sagas_end_are_undone_and_stay_open(tmp_path: Path) -> None:
    trouble: dict[str, str] = {}
    async with trade(tmp_path, "sqlite", trouble) as (buyer, store):
        for outcome, hindrance in (("completed", {}), ("undone", {"pay": "refuse"})):
            trouble.update(hindrance)
            order = uuid7()
            await buyer.place(order, TENANT)
            await ended((buyer, store), str(order), outcome)
        text = (await buyer.runtime.metrics.text()).decode()
        for outcome in ("completed", "undone"):
            assert sample(text, "saga_duration_seconds_count", outcome=outcome) == 1
        assert sample(text, "saga_compensations_total", step="place") == 1
        assert "saga_open{" not in text
        run: dict[str, Any] = {"saga": "purchase", "organization_id": TENANT, "reason": ""}
        now = datetime.now(UTC)
        ages = (timedelta(0), timedelta(hours=2), timedelta(hours=7), timedelta(days=3))
        rows = [{"id": uuid7(), **run, "state": "stuck", "started_at": now - age} for age in ages]
        late = {"deadline_at": now + timedelta(days=9), "ended_at": None}
        async with buyer.runtime.database.transaction(write=True) as connection:
            await connection.execute(sa.insert(saga_runs), [{**row, **late} for row in rows])
        text = (await buyer.runtime.metrics.text()).decode()
        for bucket in ("0m", "1h", "6h", "24h"):
            assert sample(text, "saga_open", saga="purchase", age_bucket=bucket) == 1


def sample(text: str, name: str, **labels: str) -> float:
    """The one value of a series with these labels among others."""
    wanted = {f'{key}="{each}"' for key, each in labels.items()}
    (line,) = (
        line
        for line in text.splitlines()
        if line.startswith(f"{name}{{") and all(each in line for each in wanted)
    )
    return float(line.rpartition(" ")[2])
