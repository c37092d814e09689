"""The same key and request get the same answer, once carried out."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import KEY_REUSED, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.idempotency import (
    Answer,
    Request,
    begin,
    begun,
    digest,
    forget_answer,
    forget_made,
    keep_made,
    made,
    request_of,
)
from cloudsync_chassis.store.keys import GivenKeys
from cloudsync_chassis.store.system import idempotency_keys
from cloudsync_chassis.testing import Caller, Running

BODY = {"title": "Emma", "priceMinor": 700}


async def post(
    shop: Running, caller: Caller, key: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    headers = {**caller.headers, "Idempotency-Key": key}
    return await shop.http.post("/v1/books", json=body or BODY, headers=headers)


async def test_a_repeated_request_gets_the_kept_answer(shop: Running) -> None:
    clerk = shop.caller("clerk")
    first, again = [await post(shop, clerk, "k1") for _ in range(2)]
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == '"1"'
    other = await post(shop, clerk, "k2")
    assert other.json()["id"] != first.json()["id"]
    assert len(await shop.published()) == 2


async def test_kept_answers_are_sealed_and_open_though_field_keys_have_gone(
    shop: Running,
) -> None:
    clerk = shop.caller("clerk")
    first = await post(shop, clerk, "k")
    async with shop.runtime.database.transaction(write=True) as connection:
        kept = await connection.scalar(sa.select(idempotency_keys.c.response))
    assert set(kept) == {"status", "headers", "sealed"}
    sealed = base64.b64decode(kept["sealed"])
    assert b"Emma" in first.content
    assert b"Emma" not in sealed
    shop.runtime.cipher.keys = GivenKeys(b"n" * 32)
    again = await post(shop, clerk, "k")
    assert again.content == first.content


async def test_requests_are_kept_as_digests_that_nobody_can_try_out(shop: Running) -> None:
    """Those of before, which had no key, are known until they go."""
    clerk = shop.caller("clerk")
    first = await post(shop, clerk, "k")
    body = shop.http.build_request("POST", "/v1/books", json=BODY).content
    unkeyed = digest(b"POST /v1/books?", body)
    async with shop.runtime.database.transaction(write=True) as connection:
        kept = await connection.scalar(sa.select(idempotency_keys.c.request_hash))
        known = Request.of(unkeyed, shop.runtime.cipher.lasting_key)
        assert kept == known.keyed != unkeyed
        before = sa.update(idempotency_keys).values(request_hash=unkeyed)
        await connection.execute(before)
    again = await post(shop, clerk, "k")
    assert again.content == first.content
    other = await post(shop, clerk, "k", {**BODY, "title": "Persuasion"})
    assert other.status_code == 422


async def test_what_was_made_is_known_by_either_digest(shop: Running) -> None:
    runtime, entity = shop.runtime, uuid7()
    request = request_of(runtime.cipher.lasting_key, "bind", {"b": 1, "a": [2]})
    assert request == request_of(runtime.cipher.lasting_key, "bind", {"a": [2], "b": 1})
    assert request.keyed != request_of(lambda _: b"k" * 32, "bind", {"b": 1, "a": [2]}).keyed
    found: list[UUID | None] = []
    rows: list[str] = []

    async def act(ctx: Context) -> None:
        connection = await ctx.unit.connection()
        await keep_made(ctx, request, entity)
        rows.extend((await connection.execute(sa.select(idempotency_keys.c.key))).scalars())
        found.append(await made(ctx, request))
        before = f"natural {request.unkeyed}"
        await connection.execute(sa.update(idempotency_keys).values(key=before))
        found.append(await made(ctx, request))
        await forget_made(ctx, request)
        found.append(await made(ctx, request))

    incoming = Incoming(principal=workload("binder", uuid7()), trace=Trace.new())
    await runtime.executor.run(Operation(id="bind", writes=True), incoming, act)
    assert found == [entity, entity, None]
    assert rows == [f"natural {request.keyed}"]


async def test_an_answer_is_not_taken_for_another_one(shop: Running) -> None:
    clerk = shop.caller("clerk")
    await post(shop, clerk, "k")
    await post(shop, clerk, "l", {**BODY, "title": "Persuasion"})
    table = idempotency_keys
    async with shop.runtime.database.transaction(write=True) as connection:
        other = await connection.scalar(sa.select(table.c.response).where(table.c.key == "l"))
        await connection.execute(sa.update(table).where(table.c.key == "k").values(response=other))
    assert (await post(shop, clerk, "k")).status_code == 500


async def test_a_key_belongs_to_its_request_and_caller(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    colleague = table_shop.caller("clerk", organization=clerk.organization)
    first = await post(table_shop, clerk, "k")
    reused = await post(table_shop, clerk, "k", {**BODY, "title": "Persuasion"})
    others = await post(table_shop, colleague, "k", {**BODY, "title": "Persuasion"})
    assert reused.status_code == 422
    assert reused.json()["type"].endswith("/idempotency-key-reused")
    assert others.status_code == 201
    assert others.json()["id"] != first.json()["id"]


async def test_parallel_requests_with_one_key_are_carried_out_once(shop: Running) -> None:
    """Also where the first takes values that may be there once."""
    clerk = shop.caller("clerk")
    unique = {**BODY, "isbn": "1"}
    answers = await asyncio.gather(*(post(shop, clerk, "k", unique) for _ in range(12)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    listed = await shop.http.get("/v1/books", headers=clerk.headers)
    assert len(listed.json()["items"]) == 1


async def test_a_refusal_is_not_kept(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    taken = {**BODY, "isbn": "1"}
    made = await post(table_shop, clerk, "a", taken)
    assert (await post(table_shop, clerk, "b", taken)).status_code == 409
    await table_shop.http.delete(f"/v1/books/{made.json()['id']}", headers=clerk.headers)
    assert (await post(table_shop, clerk, "b", taken)).status_code == 201


async def test_an_answer_is_forgotten_after_a_day(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    first = await post(table_shop, clerk, "k")
    async with table_shop.runtime.database.transaction(write=True) as connection:
        expires = await connection.scalar(sa.select(idempotency_keys.c.expires_at))
        made = datetime.fromisoformat(first.json()["createdAt"])
        assert expires == made + timedelta(hours=24)
        await connection.execute(sa.update(idempotency_keys).values(expires_at=made))
    again = await post(table_shop, clerk, "k")
    assert again.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("key", ["", "a" * 129, "two words", "é"])
async def test_an_unusable_key_is_refused(table_shop: Running, key: str) -> None:
    clerk = table_shop.caller("clerk")
    headers = {
        name.encode(): value.encode("latin-1")
        for name, value in {**clerk.headers, "Idempotency-Key": key}.items()
    }
    answer = await table_shop.http.post("/v1/books", json=BODY, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_an_answer_that_nobody_may_keep_is_given_anew(shop: Running) -> None:
    runtime, asked = shop.runtime, []

    async def lend(ctx: Context) -> Answer:
        asked.append(ctx.idempotency_key)
        ctx.unit.before_commit(lambda: forget_answer(ctx))
        return Answer(200, (), b"a password")

    incoming = Incoming(
        principal=workload("lender", uuid7()), trace=Trace.new(), idempotency_key="k", digest="d"
    )
    lending = Operation(id="lend", writes=True, idempotency="key")
    for _ in range(2):
        await runtime.executor.answer(lending, incoming, lend)
    assert asked == ["k", "k"]
    async with runtime.database.transaction(write=False) as connection:
        kept = sa.select(sa.func.count()).select_from(idempotency_keys)
        assert (await connection.execute(kept)).scalar_one() == 0


async def test_what_was_cut_off_between_two_commits_is_gone_on_with(shop: Running) -> None:
    executor, made = shop.runtime.executor, []
    ordering = Operation(id="order", writes=True, idempotency="key")
    caller = workload("buyer", uuid7())

    async def order(ctx: Context) -> Answer:
        known = await begun(ctx)
        if known is None:
            made.append(known := uuid7())
            await begin(ctx, known)
            await ctx.unit.commit()
            if len(made) == 1:
                raise ConnectionAbortedError
        return Answer(202, (), known.bytes)

    def request(key: str | None, told: str) -> Incoming:
        return Incoming(principal=caller, trace=Trace.new(), idempotency_key=key, digest=told)

    with pytest.raises(ConnectionAbortedError):
        await executor.answer(ordering, request("k", "a"), order)
    with pytest.raises(Problem) as other:
        await executor.answer(ordering, request("k", "b"), order)
    assert other.value.kind is KEY_REUSED
    for _ in range(2):
        answer = await executor.answer(ordering, request("k", "a"), order)
        assert answer.body == made[0].bytes
    assert len(made) == 1
    for _ in range(2):
        await executor.answer(ordering, request(None, "a"), order)
    assert len(made) == 3


async def test_an_answer_of_any_bytes_is_kept(shop: Running) -> None:
    body, asked = bytes(range(256)), []

    async def act(ctx: Context) -> Answer:
        asked.append(ctx.idempotency_key)
        return Answer(0, (), body)

    incoming = Incoming(
        principal=workload("teller", uuid7()), trace=Trace.new(), idempotency_key="k", digest="d"
    )
    telling = Operation(id="tell", writes=True, idempotency="key")
    run = shop.runtime.executor.answer
    answers = [await run(telling, incoming, act) for _ in range(2)]
    assert [each.body for each in answers] == [body, body]
    assert asked == ["k"]
