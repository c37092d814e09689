"""Secrets by reference: leased, renewed, rotated, kept through an outage, shown nowhere."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudsync_chassis import clock
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.named import NamedCall
from cloudsync_chassis.client.policy import Budget
from cloudsync_chassis.providers.secrets import Leased, Secrets
from cloudsync_chassis.providers.spec import SecretProvider
from provided import Provider

SPEC = SecretProvider(
    service="vault",
    get=NamedCall(
        operation="get",
        path="/vault/Get",
        stubs="",
        sends={"path": "{path}", "number": "{version}"},
    ),
    value="bytes",
    until="until",
    version="number",
    keep=300.0,
    prove=NamedCall(
        operation="prove",
        path="/vault/Prove",
        stubs="",
        sends={"secret": "{id}", "number": "{version}", "print": "{fingerprint}"},
    ),
    proof={"id": "secret", "version": "number", "fingerprint": "print"},
)
KEY = "secret://mail/key"


class Bench:
    """A vault and who borrows from it, at a time of its own."""

    def __init__(self, folder: Path, stands_in: float = 3600.0, leased: Leased = "always") -> None:
        self.provider = Provider()
        self.time = 0.0
        self.value = b"first"
        self.lease = 86_400.0
        self.number, self.staged = 1, False
        self.provider.answers["get"] = self._answer
        self.provider.answers["prove"] = lambda _: {}
        budget = Budget(timeout=0.1, fallback="cached", max_age=stands_in)
        self.secrets = Secrets(
            folder, SPEC, lambda: self.provider, budget, leased, now=lambda: self.time
        )

    def _answer(self, call: Call) -> Any:
        number = call.body.get("number", self.number)
        if number > self.number and not self.staged:
            return 404
        until = (clock.now() + timedelta(seconds=self.lease)).isoformat()
        value = base64.b64encode(self.value).decode()
        known = {"secret": "a", "number": number, "print": f"p{number}"}
        return {**known, "bytes": value, "until": until}

    def asked(self, operation: str = "get") -> list[Any]:
        """Bodies of the requests so far, but for those that look for a next version."""
        next_one = {"path": "mail/key", "number": self.number + 1}
        bodies = [each.body for each in self.provider.asked if each.operation == operation]
        return [each for each in bodies if each != next_one]

    async def get(self, reference: str = KEY) -> bytes:
        return (await self.secrets.get(reference)).get_secret_value()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_secret_is_borrowed_once_for_its_time(bench: Bench) -> None:
    assert [await bench.get(), await bench.get()] == [b"first", b"first"]
    assert bench.asked() == [{"path": "mail/key"}]
    bench.value, bench.time = b"second", 299.0
    assert await bench.get() == b"first"
    bench.time = 300.0
    assert await bench.get() == b"second"


async def test_a_lease_is_renewed_before_its_end(bench: Bench) -> None:
    bench.lease = 100.0
    await bench.get()
    bench.time, bench.value = 79.0, b"second"
    assert await bench.get() == b"first"
    bench.time = 81.0
    assert await bench.get() == b"second"


async def test_what_was_rotated_is_asked_for_with_the_next_use(bench: Bench) -> None:
    await bench.get()
    bench.value = b"second"
    bench.secrets.forget(KEY)
    bench.secrets.forget("secret://never/used")
    assert await bench.get() == b"second"
    bench.value = b"third"
    bench.secrets.forget("mail/key")
    assert await bench.get() == b"third"


async def test_an_outage_is_outlasted_as_long_as_the_edge_says(bench: Bench) -> None:
    await bench.get()
    bench.provider.away = True
    bench.secrets.forget(KEY)
    bench.time = 3600.0
    assert await bench.get() == b"first"
    bench.time = 3600.1
    with pytest.raises(NoAnswerError):
        await bench.get()
    with pytest.raises(NoAnswerError):
        await bench.get("secret://mail/other")


async def test_what_was_dropped_stands_in_for_nothing(bench: Bench) -> None:
    await bench.get()
    bench.secrets.drop(KEY)
    bench.secrets.drop("secret://never/used")
    bench.provider.away = True
    with pytest.raises(NoAnswerError):
        await bench.get()


async def test_what_is_refused_is_used_no_more(bench: Bench) -> None:
    await bench.get()
    bench.time = 300.0
    bench.provider.answers["get"] = lambda _: 410
    with pytest.raises(RefusedError):
        await bench.get()
    bench.provider.away = True
    with pytest.raises(NoAnswerError):
        await bench.get()


async def test_those_who_come_together_ask_once(bench: Bench) -> None:
    assert await asyncio.gather(*(bench.get() for _ in range(5))) == [b"first"] * 5
    assert len(bench.asked()) == 1


async def test_a_version_that_is_about_to_take_over_is_proven_with_each_renewal(
    bench: Bench,
) -> None:
    await bench.get()
    assert bench.asked("prove") == []
    bench.time, bench.staged = 300.0, True
    assert await bench.get() == b"first"
    assert bench.asked("prove") == [{"secret": "a", "number": 2, "print": "p2"}]
    bench.provider.answers["prove"] = lambda _: 409
    bench.time = 600.0
    assert await bench.get() == b"first"


async def test_a_version_is_fetched_as_it_is_and_not_kept(bench: Bench) -> None:
    await bench.get()
    bench.value, bench.number = b"old", 7
    assert (await bench.secrets.get(KEY, version=3)).get_secret_value() == b"old"
    assert bench.asked()[-1] == {"path": "mail/key", "number": 3}
    assert await bench.get() == b"first"


@pytest.mark.parametrize(
    "reference",
    ["", "mail/key", "secret://", "secret:///etc/passwd", "secret://a/../b", "secret://a/b\n",
     "secret://a//b", "secret://a/.b", "file://a"],
)  # fmt: skip
async def test_what_is_no_reference_leads_nowhere(tmp_path: Path, reference: str) -> None:
    with pytest.raises(ValueError, match="no reference"):
        await Secrets(tmp_path).get(reference)
    assert list(tmp_path.iterdir()) == []


async def test_without_a_provider_secrets_are_files_of_our_own(tmp_path: Path) -> None:
    first = (await Secrets(tmp_path).get(KEY)).get_secret_value()
    assert len(first) == 32
    assert (await Secrets(tmp_path).own(KEY)).get_secret_value() == first
    assert (tmp_path / "mail" / "key").stat().st_mode & 0o777 == 0o600


async def test_what_a_service_is_run_with_is_leased_where_it_is_told_to_ask(tmp_path: Path) -> None:
    never = Bench(tmp_path, leased="never")
    own = (await never.secrets.own(KEY)).get_secret_value()
    assert own != b"first"
    assert never.provider.asked == []
    known = Bench(tmp_path, leased="known")
    assert (await known.secrets.own(KEY)).get_secret_value() == b"first"
    known.provider.answers["get"] = lambda _: 404
    known.secrets.forget(KEY)
    assert (await known.secrets.own(KEY)).get_secret_value() == own
    known.provider.answers["get"] = lambda _: 403
    with pytest.raises(RefusedError):
        await known.secrets.own(KEY)
    always = Bench(tmp_path, leased="always")
    always.provider.answers["get"] = lambda _: 404
    with pytest.raises(RefusedError):
        await always.secrets.own(KEY)


async def test_no_value_shows(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    secret = await bench.secrets.get(KEY)
    bench.provider.away = True
    bench.secrets.forget(KEY)
    await bench.get()
    shown = [repr(secret), str(secret), f"{secret}", repr(bench.secrets), repr(vars(bench.secrets))]
    output = capsys.readouterr()
    for each in (*shown, output.out, output.err):
        assert "first" not in each
        assert base64.b64encode(b"first").decode() not in each
