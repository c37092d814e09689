"""Many calls at a time within their bounds, and what the clock finds again."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from receiver import DAY, Desk, play, wish
from webhook_service.egress import Answer


class Slow:
    """A way out on which calls take as long as a test says, and are counted while they are open."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.full = asyncio.Event()
        self.open: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.ended: list[str] = []

    async def is_public(self, url: str) -> bool:
        return True

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        who = str(json.loads(body)["endpointId"])
        self.open[who] += 1
        self.most[who] = max(self.most[who], self.open[who])
        if self.open.total() >= self.enough:
            self.full.set()
        async with asyncio.timeout(20):
            await self.full.wait()
        await asyncio.sleep(0.02)
        self.open[who] -= 1
        self.ended.append(who)
        return Answer(5, status=200)


def test_an_endpoint_has_as_many_calls_open_as_it_says(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        narrow = (await at.endpoint(maxConcurrency=2))["endpoint"]["id"]
        wide = (await at.endpoint(maxConcurrency=5))["endpoint"]["id"]
        for _ in range(7):
            await at.done()
        slow = Slow(enough=7)
        at.handlers.egress = slow
        await at.service.tick()
        assert slow.most == {narrow: 2, wide: 5}
        assert Counter(slow.ended) == {narrow: 7, wide: 7}
        assert len(await at.said("webhook-delivered")) == 14

    play(tmp_path, scene)


def test_a_slow_tenant_holds_up_nobody_else(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        busy = (await at.endpoint(maxConcurrency=50))["endpoint"]["id"]
        for _ in range(20):
            await at.done()
        at.owner = at.service.caller("org-admin")
        other = (await at.endpoint())["endpoint"]["id"]
        await at.done()
        slow = Slow(enough=17)
        at.handlers.egress = slow
        await at.service.tick()
        assert slow.most == {busy: 16, other: 1}
        assert Counter(slow.ended) == {busy: 20, other: 1}

    play(tmp_path, scene)


def test_a_host_is_nobodys_victim(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        few = {"concurrent_per_host": 3}
        at.handlers.settings = at.handlers.settings.model_copy(update=few)
        ends = [(await at.endpoint())["endpoint"]["id"] for _ in range(2)]
        for _ in range(3):
            await at.done()
        slow = Slow(enough=3)
        at.handlers.egress = slow
        peaks: list[int] = []
        post = slow.post

        async def counted(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
            peaks.append(slow.open.total() + 1)
            return await post(url, headers, body)

        slow.post = counted  # type: ignore[method-assign]
        await at.service.tick()
        assert Counter(slow.ended) == dict.fromkeys(ends, 3)
        assert max(peaks) == 3

    play(tmp_path, scene)


def test_a_call_whose_worker_died_is_made_again(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        await at.done()
        egress = at.handlers.egress

        class Dead(Slow):
            async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
                raise RuntimeError("killed at work")

        at.handlers.egress = Dead(enough=1)
        await at.service.tick()
        at.handlers.egress = egress
        at.service.later(timedelta(seconds=40))
        await at.service.tick()
        assert (await at.deliveries(made))[0]["outcome"] == "sending"
        at.service.later(timedelta(seconds=40))
        await at.service.tick()
        [delivery] = await at.deliveries(made)
        assert (delivery["outcome"], delivery["attempt"]) == ("delivered", 2)
        path = f"deliveries/{delivery['id']}/attempts?sort=attemptNumber"
        first, second = (await at.get(path))["items"]
        assert (first["failureKind"], second["httpStatus"]) == ("timeout", 200)
        assert len(at.calls) == 1

    play(tmp_path, scene)


def test_endpoints_are_challenged_within_the_hour(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        at.echo = False
        late = await at.post("endpoints", wish())
        await at.service.tick()
        at.service.later(DAY)
        young = await at.post("endpoints", wish())
        await at.service.tick()
        assert (await at.state(young))["state"] == "unverified"
        at.echo = True
        at.service.later(timedelta(minutes=2))
        await at.service.tick()
        assert (await at.state(young))["state"] == "active"
        assert (await at.state(late))["state"] == "unverified"

    play(tmp_path, scene)
