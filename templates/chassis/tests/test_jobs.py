"""Jobs by the clock: each due thing once, by one replica, whatever fails; and what comes after."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import AwareDatetime, Field

import bookshop
from clerk import CLEAR, DAY, MONTH, SOLD, Clerk, left, operate, replica, sold
from cloudsync_chassis import clock, serve
from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs import runner
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.metrics.series import Registry
from cloudsync_chassis.metrics.spec import MetricSpec
from cloudsync_chassis.model import Model
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.document import DocumentStore
from cloudsync_chassis.store.system import job_runs
from cloudsync_chassis.testing import Running, running


async def test_each_thing_that_is_due_is_done_once_in_its_tenant(
    shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_MANY", 2)
    callers = [shop.caller("clerk") for _ in range(3)]
    old = {each.organization: set(await sold(shop, each, 3)) for each in callers}
    shop.later(MONTH)
    fresh = await sold(shop, callers[0])
    clerk = Clerk(shop)
    shop.runtime.work.add([clerk.job()])
    await shop.tick()
    assert {(tenant, book) for tenant, books in old.items() for book in books} == set(clerk.seen)
    assert len(clerk.seen) == 9
    assert await left(shop, callers[0]) == set(fresh)
    removed = [each for each in await shop.published() if each.type == "BookRemoved"]
    assert {each.organization_id for each in removed} == old.keys()


async def test_a_tenant_is_called_once_and_only_if_it_has_something(shop: Running) -> None:
    busy, idle = shop.caller("clerk"), shop.caller("clerk")
    await sold(shop, busy, 2)
    await shop.http.post("/v1/books", json={"title": "Emma", "priceMinor": 1}, headers=idle.headers)
    seen: list[tuple[Any, str, str]] = []

    async def note(ctx: Context) -> None:
        seen.append((ctx.tenant, ctx.principal.kind, ctx.operation.id))

    due = Due(aggregate="book", where={"status": ("sold", "reserved")})
    shop.runtime.work.every(60.0, "note-sales", note, due)
    await shop.tick()
    assert seen == [(busy.organization, "workload", "note-sales")]


async def test_without_anything_due_it_is_called_once_in_no_tenant(shop: Running) -> None:
    seen: list[Any] = []

    async def note(ctx: Context) -> None:
        seen.append(ctx.principal.organization_id)

    shop.runtime.work.every(60.0, "note-time", note)
    await shop.tick()
    await shop.tick()
    assert seen == [None]
    await shop.tick("note-time")
    assert seen == [None, None]


async def test_rounds_keep_their_distance_and_missed_ones_are_not_made_up(
    table_shop: Running,
) -> None:
    seen: list[Any] = []

    async def note(ctx: Context) -> None:
        seen.append(clock.now())

    table_shop.runtime.work.every(3600.0, "note-time", note)
    await table_shop.tick()
    table_shop.later(timedelta(minutes=59))
    await table_shop.tick()
    assert len(seen) == 1
    table_shop.later(timedelta(hours=5, minutes=2))
    await table_shop.tick()
    await table_shop.tick()
    assert len(seen) == 2
    table_shop.later(timedelta(minutes=58))
    await table_shop.tick()
    assert len(seen) == 2, "the sixth hour is not over"
    table_shop.later(timedelta(minutes=1))
    await table_shop.tick()
    assert len(seen) == 3


async def test_what_fails_stops_nobody_else_and_stays_due(table_shop: Running) -> None:
    caller = table_shop.caller("clerk")
    books = await sold(table_shop, caller, 3)
    table_shop.later(MONTH)
    clerk = Clerk(table_shop)
    clerk.broken = {books[1]}
    table_shop.runtime.work.add([clerk.job()])
    await table_shop.tick()
    assert await left(table_shop, caller) == {books[1]}
    told = (await table_shop.http.get("/metrics")).text
    for outcome, count in (("done", 2), ("failed", 1)):
        series = rf'job_duration_seconds_count{{.*job="clear-book",outcome="{outcome}".*}} {count}'
        assert re.search(series, told)
    clerk.broken.clear()
    await table_shop.tick("clear-book")
    assert await left(table_shop, caller) == set()


async def test_one_replica_at_a_time_and_another_when_it_is_gone(
    settings: bookshop.BookSettings,
) -> None:
    at_it, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async with replica(settings) as first, replica(settings) as second:

        async def slowly(_: Context) -> None:
            at_it.set()
            await go_on.wait()
            done.append("first")

        async def swiftly(_: Context) -> None:
            done.append("second")

        first.runtime.work.every(60.0, "count-books", slowly, timeout=10.0)
        second.runtime.work.every(60.0, "count-books", swiftly, timeout=10.0)
        under_way = asyncio.create_task(first.runtime.work.do())
        await at_it.wait()
        await second.runtime.work.do()
        assert done == []
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        async with first.runtime.database.transaction(write=True) as connection:
            # as it would be left by a process that was killed at work
            until = clock.now() + timedelta(seconds=20)
            dead = {"holder": "dead", "held_until": until, "due_at": clock.now()}
            await connection.execute(sa.update(job_runs).values(dead))
        await second.runtime.work.do()
        assert done == []
        second.later(timedelta(seconds=21))
        await second.runtime.work.do()
        assert done == ["second"]


async def test_what_is_asked_for_while_a_replica_is_at_it_is_done_again(
    settings: bookshop.BookSettings,
) -> None:
    async with replica(settings) as first, replica(settings) as second:
        calls: list[str] = []

        async def asked_meanwhile(_: Context) -> None:
            calls.append("first")
            if len(calls) == 1:
                await second.runtime.work.do(["count-books"])

        async def never(_: Context) -> None:
            calls.append("second")

        first.runtime.work.every(60.0, "count-books", asked_meanwhile)
        second.runtime.work.every(60.0, "count-books", never)
        await first.runtime.work.do()
        assert calls == ["first"]
        await first.runtime.work.do()
        assert calls == ["first", "first"]
        await first.runtime.work.do()
        assert calls == ["first", "first"]


class Reminder(Model):
    """When somebody wants to be reminded."""

    at: AwareDatetime


class Note(Model):
    """Words to a reader, kept as a document."""

    id: UUID
    organization_id: Annotated[UUID, Field(alias="organizationId")]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]
    version: int
    reminder: Reminder | None = None


NOTES = AggregateSpec(name="note", model=Note, store=DocumentStore(collection="notes"))


async def test_what_is_due_may_be_said_by_a_part_of_a_document(table_shop: Running) -> None:
    notes, tenant = table_shop.runtime.aggregate(NOTES), table_shop.caller().organization
    soon, late = (clock.now() + timedelta(hours=hours) for hours in (1, 3))
    seen: list[Any] = []

    async def leave(ctx: Context) -> None:
        for reminder in ({"at": soon}, {"at": late}, None):
            await notes.insert(ctx, {"reminder": reminder})

    async def remind(ctx: Context) -> None:
        async for each in notes.each(ctx, {"reminder.at": ctx.now}):
            seen.append(each.reminder)

    await operate(table_shop, tenant, leave)
    due = Due(aggregate="note", since="reminder.at")
    table_shop.runtime.work.every(60.0, "remind", remind, due)
    await table_shop.tick()
    assert seen == []
    table_shop.later(timedelta(hours=2))
    await table_shop.tick()
    assert seen == [Reminder(at=soon)]


KEPT = MetricSpec(name="books_kept", kind="gauge", about="Kept.", labels=("shelf",))
OLDEST = MetricSpec(name="books_oldest_seconds", kind="gauge", about="The oldest.")


class Counting:
    """Measures for all replicas; `shelves` are those that it finds."""

    def __init__(self, shop: Running, value: float) -> None:
        self._own = shop.runtime.metrics.own([KEPT, OLDEST])
        self._text = shop.runtime.metrics.text
        self._value = value
        self.shelves = ["north", "south"]
        shop.runtime.work.every(60.0, "count-books", self.count)

    async def count(self, _: Context) -> None:
        for shelf in self.shelves:
            self._own["books_kept"].record(self._value, shelf)
        if not self.shelves:
            raise NOT_FOUND("no shelf")
        self._own["books_oldest_seconds"].record(self._value)

    async def told(self) -> list[str]:
        """`shelf value` of what a scrape finds, the oldest without a shelf."""
        found = re.findall(
            r'^books_(?:kept|oldest_seconds){.*?(?:shelf="(\w+)")?} (\S+)$',
            (await self._text()).decode(),
            re.MULTILINE,
        )
        return sorted(" ".join(each).strip() for each in found)


async def test_what_a_job_measures_is_told_by_who_did_it_last(
    settings: bookshop.BookSettings,
) -> None:
    async with replica(settings) as first, replica(settings) as second:
        one, two = Counting(first, 1), Counting(second, 2)
        assert await one.told() == await two.told() == [], "not even zero"
        await first.runtime.work.do()
        await second.runtime.work.do()
        assert (await one.told(), await two.told()) == (["1.0", "north 1.0", "south 1.0"], [])
        first.later(timedelta(seconds=61))
        await second.runtime.work.do()
        assert await two.told() == ["2.0", "north 2.0", "south 2.0"]
        await first.runtime.work.do()
        assert await one.told() == []
        await second.runtime.work.do(["count-books"])
        assert await two.told() == ["2.0", "north 2.0", "south 2.0"]
        await first.runtime.work.do(["count-books"])
        await second.runtime.work.do()
        assert (await one.told(), await two.told()) == (["1.0", "north 1.0", "south 1.0"], [])


async def test_what_a_replica_cannot_begin_as_another_is_at_it_is_told_there(
    settings: bookshop.BookSettings,
) -> None:
    async with replica(settings) as first, replica(settings) as second:
        one = Counting(first, 1)
        await first.runtime.work.do()
        first.later(timedelta(seconds=61))
        seen: list[list[str]] = []

        async def meanwhile(_: Context) -> None:
            seen.append(await one.told())
            await first.runtime.work.do()
            seen.append(await one.told())

        second.runtime.work.every(60.0, "count-books", meanwhile)
        await second.runtime.work.do()
        assert seen == [["1.0", "north 1.0", "south 1.0"], []]


async def test_what_a_job_finds_no_more_is_no_longer_told(table_shop: Running) -> None:
    counting = Counting(table_shop, 1)
    table_shop.runtime.metrics.own([KEPT])["books_kept"].record(9, "window")
    await table_shop.tick()
    assert await counting.told() == ["1.0", "north 1.0", "south 1.0", "window 9.0"]
    counting.shelves = ["north"]
    await table_shop.tick("count-books")
    assert await counting.told() == ["1.0", "north 1.0", "window 9.0"], "others' stays"
    counting.shelves = []
    await table_shop.tick("count-books")
    assert await counting.told() == ["window 9.0"], "nor what a round that failed did not find"


async def test_a_job_about_what_is_due_keeps_what_it_measured(table_shop: Running) -> None:
    kept = table_shop.runtime.metrics.own([KEPT])["books_kept"]

    async def note(_: Context) -> None:
        kept.record(1, "sold")

    async def told() -> bool:
        return b'shelf="sold"' in await table_shop.runtime.metrics.text()

    caller = table_shop.caller("clerk")
    await sold(table_shop, caller)
    table_shop.later(MONTH)
    table_shop.runtime.work.every(DAY, "note-sold", note, SOLD)
    await table_shop.tick()
    for book in await left(table_shop, caller):
        await operate(table_shop, caller.organization, partial(remove, table_shop, book))
    await table_shop.tick("note-sold")
    assert await told()


async def remove(shop: Running, book: UUID, ctx: Context) -> None:
    await shop.runtime.aggregates["book"].delete(ctx, "remove-book", book)


def test_of_labels_beyond_the_bound_only_the_rest_is_kept() -> None:
    registry = Registry({})
    kept = registry.series(KEPT, most=2)
    with registry.round("count-books", whole=True):
        for number in range(50):
            kept.record(number, f"shelf-{number}")
    assert registry.text().count(b"books_kept{") == 3
    for counted_as in ("other", "shelf-9"):
        with registry.round("count-books", whole=True):
            kept.record(7, "shelf-9")
        told = f'books_kept{{shelf="{counted_as}"}} 7.0'
        assert re.findall(r"books_kept{.*", registry.text().decode()) == [told]


def test_what_a_round_moves_is_forgotten_like_what_it_sets() -> None:
    registry = Registry({})
    kept = registry.series(KEPT)
    with registry.round("count-books", whole=True):
        kept.add(2, "top")
        kept.add(3, "low")
    with registry.round("count-books", whole=True):
        kept.add(-1, "low")
    assert re.findall(r"books_kept{.*", registry.text().decode()) == ['books_kept{shelf="low"} 2.0']
    kept.add(1, "low")
    registry.forget("count-books")
    assert re.findall(r"books_kept{.*", registry.text().decode()) == ['books_kept{shelf="low"} 3.0']


async def test_what_comes_after_an_operation_comes_only_if_it_commits(
    table_shop: Running,
) -> None:
    tenant = table_shop.caller().organization
    seen: list[tuple[str, Any]] = []
    traces: list[str] = []

    async def after(ctx: Context) -> None:
        assert ctx.trace.trace_id in traces
        seen.append((ctx.operation.id, ctx.tenant))

    async def count(ctx: Context) -> None:
        seen.append((ctx.operation.id, None))

    table_shop.runtime.work.every(3600.0, "count-books", count)
    await table_shop.tick()
    seen.clear()

    async def fail(ctx: Context) -> None:
        table_shop.runtime.work.soon(ctx, "tidy", after)
        table_shop.runtime.work.wake(ctx, "count-books")
        raise NOT_FOUND("nothing here")

    async def succeed(ctx: Context) -> None:
        table_shop.runtime.work.soon(ctx, "tidy", after)
        table_shop.runtime.work.wake(ctx, "count-books")
        traces.append(ctx.trace.trace_id)
        assert seen == []

    with pytest.raises(Exception, match="nothing here"):
        await operate(table_shop, tenant, fail)
    await table_shop.tick()
    assert seen == []
    await operate(table_shop, tenant, succeed)
    await table_shop.settle()
    assert seen == [("tidy", tenant)]
    await table_shop.tick()
    assert seen == [("tidy", tenant), ("count-books", None)]


async def test_a_running_service_does_jobs_by_itself_and_when_woken(
    settings: bookshop.BookSettings,
) -> None:
    runtime = Runtime(bookshop.SERVICE, settings.model_copy(update={"jobs": True}))
    began: list[str] = []
    rounds = asyncio.Queue[str]()

    async def prepare() -> None:
        began.append("prepared")
        assert not runtime.health.started

    async def often(_: Context) -> None:
        rounds.put_nowait("often")

    async def seldom(_: Context) -> None:
        rounds.put_nowait("seldom")

    runtime.work.at_start(prepare)
    runtime.work.every(0.01, "often", often)
    runtime.work.every(3600.0, "seldom", seldom)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        assert began == ["prepared"]
        seen = {await asyncio.wait_for(rounds.get(), 10) for _ in range(2)}
        while "seldom" not in seen:
            seen.add(await asyncio.wait_for(rounds.get(), 10))

        async def wake(ctx: Context) -> None:
            runtime.work.wake(ctx, "seldom")

        await operate(shop, shop.caller().organization, wake)
        while await asyncio.wait_for(rounds.get(), 10) != "seldom":
            pass


async def test_a_service_that_cannot_prepare_does_not_start(
    settings: bookshop.BookSettings,
) -> None:
    runtime = Runtime(bookshop.SERVICE, settings)

    async def fail() -> None:
        raise RuntimeError("no catalogue")

    runtime.work.at_start(fail)
    with pytest.raises(RuntimeError, match="no catalogue"):
        await runtime.start()
    assert not runtime.health.started
    await runtime.stop()


async def test_jobs_that_cannot_be_are_refused(table_shop: Running) -> None:
    async def nothing(_: Context, key: UUID) -> None:
        del key

    work = table_shop.runtime.work
    work.add([Job(operation=CLEAR, every=1.0, per="service", call=nothing)])
    with pytest.raises(ValueError, match="two jobs are called clear-book"):
        work.add([Job(operation=CLEAR, every=1.0, per="service", call=nothing)])
    other = Operation(id="other")
    with pytest.raises(ValueError, match="does not say for which"):
        work.add([Job(operation=other, every=1.0, per="tenant", call=nothing)])
    due = Due(aggregate="magazine")
    with pytest.raises(ValueError, match="magazine, which is not here"):
        work.add([Job(operation=other, every=1.0, per="tenant", due=due, call=nothing)])


def test_jobs_run_once_from_outside(
    settings: bookshop.BookSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def build(runtime: Runtime) -> Any:
        async def note(ctx: Context) -> None:
            seen.append(ctx.operation.id)

        runtime.work.every(3600.0, "count-books", note)
        return bookshop.build(runtime, bookshop.Books(runtime))

    def run(*arguments: str) -> int:
        given: Any = lambda: settings  # noqa: E731 - stands for the class of the settings
        return serve.main(bookshop.SERVICE, given, build, ["jobs", *arguments])

    assert run() == 0
    assert run() == 0
    assert seen == ["count-books"], "it is due again in an hour"
    assert run("count-books") == 0
    assert len(seen) == 2
    assert run("burn-books") == serve.WRONG_USAGE
    assert "no job is called burn-books; there are: count-books" in capsys.readouterr().err
