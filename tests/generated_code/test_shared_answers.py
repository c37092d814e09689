"""What the gateway keeps on a real server: replicas share it, and nobody reads it there."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from support import valkey

ROOT = Path(__file__).parents[2]
ROUTE, TENANT, OTHER = (UUID(int=number) for number in (1, 2, 3))
SECRET = b"k" * 32
ENGLISH, GERMAN = {"accept-language": "en"}, {"accept-language": "de"}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Any]:
    """The modules that say where answers lie and that keep them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "generated" / "services" / "api-gateway" / "src"))
        answers = import_module("api_gateway.answers")
        shared_answers = import_module("api_gateway.shared_answers")
        patch.setattr(shared_answers, "PATIENCE", 10.0)
        yield answers, shared_answers
    for name in [each for each in sys.modules if each.partition(".")[0] == "api_gateway"]:
        del sys.modules[name]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with valkey.server(tmp_path) as found:
        yield found


@pytest.fixture
async def replicas(gateway: Any, port: int) -> AsyncIterator[list[Any]]:
    made = [gateway[1].SharedAnswers(f"redis://127.0.0.1:{port}", SECRET) for _ in range(2)]
    yield made
    for each in made:
        await each.aclose()


def place(gateway: Any, target: str = "/v1/docs/7?x=1", tenant: UUID | None = TENANT) -> Any:
    return gateway[0].Place("organization/" if tenant else "public", tenant, ROUTE, target)


def answer(gateway: Any, text: str, vary: str = "Accept-Language") -> Any:
    headers = (("content-type", "text/plain"), ("vary", vary))
    now = time.time()
    return gateway[0].Answer(200, headers, text.encode(), now, now + 60)


async def test_what_one_replica_keeps_the_other_gives(gateway: Any, replicas: list[Any]) -> None:
    one, other = replicas
    at = place(gateway)
    assert await other.find(at, ENGLISH) is None
    kept = answer(gateway, "hello")
    await one.keep(at, ENGLISH, kept)
    assert await other.find(at, ENGLISH) == kept
    assert await other.find(at, GERMAN) is None
    await other.keep(at, GERMAN, answer(gateway, "hallo"))
    assert (await one.find(at, GERMAN)).body == b"hallo"
    assert await one.find(place(gateway, tenant=OTHER), ENGLISH) is None


async def test_a_change_drops_what_was_kept_of_the_address(
    gateway: Any, replicas: list[Any]
) -> None:
    one, other = replicas
    theirs = place(gateway, tenant=OTHER)
    public, beside = place(gateway, tenant=None), place(gateway, "/v1/docs/8")
    for each in (place(gateway), theirs, public, beside):
        await one.keep(each, ENGLISH, answer(gateway, "x"))
    await other.drop("/v1/docs/7", TENANT)
    found = [await one.find(e, ENGLISH) for e in (place(gateway), public, theirs, beside)]
    assert [each is None for each in found] == [True, True, False, False]


async def test_a_purge_counts_what_it_drops(gateway: Any, replicas: list[Any]) -> None:
    one, other = replicas
    for target, tenant in (("/a", TENANT), ("/b", TENANT), ("/a", OTHER)):
        await one.keep(place(gateway, target, tenant), ENGLISH, answer(gateway, target))
    assert await other.purge(organization=TENANT) == 2
    assert await other.purge(organization=TENANT) == 0
    assert await other.purge(route=ROUTE) == 1
    assert await one.find(place(gateway, "/a", OTHER), ENGLISH) is None


async def test_nobody_reads_or_changes_what_is_kept(
    gateway: Any, replicas: list[Any], port: int
) -> None:
    """Neither addresses nor bodies stand there, and an answer is good under its own key alone."""
    one, _ = replicas
    secret = f"canary{uuid4().hex}"
    here, there = place(gateway, f"/v1/{secret}"), place(gateway)
    await one.keep(here, ENGLISH, answer(gateway, secret))
    await one.keep(there, ENGLISH, answer(gateway, "other"))
    server: Any = Redis(port=port)
    async with server as raw:
        keys = await raw.keys("*")
        lasting = [await raw.ttl(each) for each in keys]
        assert all(0 < each <= 7200 for each in lasting)
        texts = {each: await raw.get(each) for each in keys if await raw.type(each) == b"string"}
        assert not any(secret.encode() in each for each in (*keys, *texts.values()))
        sealed = [each for each in texts if not each.endswith(b":vary")]
        assert len(sealed) == 2
        await raw.set(sealed[0], texts[sealed[1]])
        await raw.set(sealed[1], texts[sealed[0]])
    assert await one.find(here, ENGLISH) is None
    assert await one.find(there, ENGLISH) is None


async def test_without_the_server_the_upstream_is_asked(gateway: Any) -> None:
    alone = gateway[1].SharedAnswers("redis://127.0.0.1:1", SECRET)
    await alone.keep(place(gateway), ENGLISH, answer(gateway, "x"))
    assert await alone.find(place(gateway), ENGLISH) is None
    await alone.drop("/v1/docs/7", TENANT)
    assert await alone.purge(route=ROUTE) == 0
    await alone.aclose()
