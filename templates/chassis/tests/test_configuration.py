"""Settings that follow configuration: typed, refused when bad, kept for the next start."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import SettingsConfigDict

from cloudsync_chassis.providers import following
from cloudsync_chassis.providers.configuration import Adjustments, Configuration
from cloudsync_chassis.providers.parts import adjustments_of
from cloudsync_chassis.providers.spec import Adjusted, ConfigurationProvider, ProviderCall
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Seconds, Settings
from provided import Provider, eventually


class ShopSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    share: float = 0.5
    most: int = 10
    patient: Seconds = 60.0
    carrier: str = "none"
    closed: bool = False
    rows: int = 3


ADJUSTED = {
    "share": Adjusted(key="shop.share", minimum=0.1, maximum=1.0),
    "most": Adjusted(key="shop.most"),
    "patient": Adjusted(key="shop.patient", maximum=3600.0),
    "carrier": Adjusted(key="shop.carrier", one_of=("none", "post", "2")),
    "closed": Adjusted(key="shop.closed"),
    "rows": Adjusted(key="shop.rows", reload="restart"),
}
SPEC = ConfigurationProvider(
    service="config",
    url="http://config.invalid",
    watch=ProviderCall(
        operation="watch",
        path="/config/Watch",
        stubs="",
        sends={"service": "{service}", "known": "{checksums}"},
        timeout=600.0,
    ),
    get=ProviderCall(
        operation="get", path="/config/Get", stubs="", sends={"keys": "{keys}"}, timeout=0.5
    ),
    poll=0.01,
    entries="items",
    key="key",
    value="text",
    checksum="sum",
    environments={"development": "dev"},
)


class Follower:
    """Settings with what keeps them current."""

    def __init__(self, place: Path, **told: Any) -> None:
        self.settings = ShopSettings(**told)
        self.adjustments = Adjustments(ADJUSTED, self.settings, place)
        self.provider = Provider()
        self.configuration = Configuration(
            SPEC, self.provider, {"service": "shop"}, self.adjustments
        )

    def take(self, whole: bool = False, **texts: str) -> None:
        """Values by the name of their setting."""
        entries = [(ADJUSTED[name].key, text, f"sum of {text}") for name, text in texts.items()]
        self.adjustments.take(entries, whole)


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    return Follower(tmp_path / "last.json")


def test_values_mean_what_their_setting_is(follower: Follower) -> None:
    follower.take(share="0.75", most="12", patient="PT1M30S", carrier="2", closed="true")
    now = follower.settings
    assert (now.share, now.most, now.patient, now.carrier, now.closed) == (
        0.75,
        12,
        90.0,
        "2",
        True,
    )
    follower.take(share="1", patient="12.5")
    assert (now.share, now.patient) == (1.0, 12.5)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("share", "0.05"),
        ("share", "1.01"),
        ("share", '"0.5"'),
        ("share", "NaN"),
        ("share", "Infinity"),
        ("share", "P"),
        ("share", ""),
        ("most", "12.5"),
        ("most", "true"),
        ("most", "1e400"),
        ("patient", "PT0S"),
        ("patient", "PT2H"),
        ("patient", "-1"),
        ("carrier", "pigeon"),
        ("closed", "1"),
        ("closed", "null"),
        ("closed", "[" * 100_000),
    ],
)
def test_a_bad_value_is_refused_and_the_good_one_stays(
    follower: Follower, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"share": "0.2", "most": "4", "patient": "5", "carrier": "post", "closed": "true"}
    follower.take(**{name: good[name]})
    before = getattr(follower.settings, name)
    follower.take(**{name: text})
    assert getattr(follower.settings, name) == before
    assert follower.adjustments.checksums == [f"sum of {good[name]}"]


def test_one_bad_value_keeps_no_other_out(follower: Follower) -> None:
    follower.take(share="7", most="5")
    assert (follower.settings.share, follower.settings.most) == (0.5, 5)


def test_a_roll_back_is_a_value_like_any_other(follower: Follower) -> None:
    for text in ("5", "6", "5"):
        follower.take(most=text)
    assert follower.settings.most == 5
    assert follower.adjustments.checksums == ["sum of 5"]


def test_what_a_whole_bundle_lacks_is_as_the_model_has_it(follower: Follower) -> None:
    follower.take(most="5", closed="true")
    follower.take(whole=True, closed="true")
    assert (follower.settings.most, follower.settings.closed) == (10, True)


def test_what_the_copy_was_told_otherwise_stays(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "last.json", most=99)
    follower.take(most="5", share="0.3")
    assert (follower.settings.most, follower.settings.share) == (99, 0.3)
    assert "shop.most" not in follower.adjustments.keys


def test_the_next_start_begins_where_the_last_one_ended(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "last.json"
    first = Follower(place)
    first.take(most="5", rows="8")
    assert (first.settings.most, first.settings.rows) == (5, 3)
    assert place.stat().st_mode & 0o777 == 0o600
    second = Follower(place)
    second.adjustments.restore()
    assert (second.settings.most, second.settings.rows) == (5, 8)
    assert second.adjustments.checksums == ["sum of 5", "sum of 8"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"shop.most": 5}', b'{"shop.most": ["x"]}']
)
def test_a_spoilt_file_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "last.json"
    place.write_bytes(content)
    follower = Follower(place)
    follower.adjustments.restore()
    assert follower.settings.most == 10
    follower.take(most="5")
    assert json.loads(place.read_bytes()) == {"shop.most": ["5", "sum of 5"]}


def test_what_fits_no_more_at_the_start_is_left(tmp_path: Path) -> None:
    place = tmp_path / "last.json"
    kept = {"shop.share": ["7", "a"], "shop.most": ["5", "b"], "shop.gone": ["1", "c"]}
    place.write_text(json.dumps(kept))
    follower = Follower(place)
    follower.adjustments.restore()
    assert (follower.settings.share, follower.settings.most) == (0.5, 5)


def test_nothing_is_followed_unless_the_copy_is_told_to(tmp_path: Path) -> None:
    spec = ServiceSpec(name="shop", access={}, configuration=SPEC, adjusted=ADJUSTED)
    assert adjustments_of(spec, ShopSettings(state_dir=tmp_path)) is None
    told = ShopSettings(state_dir=tmp_path, providers=frozenset({"configuration"}))
    assert adjustments_of(spec, told) is not None


@asynccontextmanager
async def following_it(follower: Follower) -> AsyncIterator[Provider]:
    [loop] = follower.configuration.loops()
    running = asyncio.create_task(loop)
    try:
        yield follower.provider
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def bundle(**texts: str) -> dict[str, Any]:
    """As a provider tells it, with what others follow."""
    items = [
        {"key": ADJUSTED[name].key, "text": text, "sum": f"sum of {text}"}
        for name, text in texts.items()
    ]
    return {"items": [*items, {"key": "of.others", "text": "1", "sum": "x"}]}


async def test_a_stream_is_taken_up_where_it_ended(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_FIRST_PAUSE", 0.01)
    async with following_it(follower) as provider:
        await provider.tell(bundle(most="5"))
        await eventually(lambda: follower.settings.most == 5)
        assert provider.asked[0].body == {"service": "shop", "known": []}
        await provider.tell(None)
        await eventually(lambda: len(provider.streams) == 2)
        assert provider.asked[-1].body == {"service": "shop", "known": ["sum of 5"]}
        await provider.tell(bundle(most="6"))
        await eventually(lambda: follower.settings.most == 6)


async def test_without_a_stream_it_is_asked_for_all(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_FIRST_PAUSE", 0.01)
    told = {"most": "5"}
    follower.provider.answers["get"] = lambda call: bundle(**told)
    async with following_it(follower) as provider:
        await provider.tell(429)
        await eventually(lambda: follower.settings.most == 5)
        asked = next(each for each in provider.asked if each.operation == "get")
        assert asked.body == {"keys": sorted(each.key for each in ADJUSTED.values())}
        told.clear()
        await eventually(lambda: len(provider.streams) >= 2)
        await provider.tell(429)
        await eventually(lambda: follower.settings.most == 10)


async def test_silence_changes_nothing_and_is_outlasted(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_FIRST_PAUSE", 0.01)
    follower.take(most="5")
    follower.provider.away = True
    async with following_it(follower) as provider:
        await eventually(lambda: len(provider.asked) >= 4)
        assert follower.settings.most == 5
        provider.away = False
        await provider.tell(bundle(most="6"))
        await eventually(lambda: follower.settings.most == 6)


async def test_what_cannot_be_kept_or_read_ends_no_following(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_FIRST_PAUSE", 0.01)
    full = OSError(28, "No space left on device")

    def refuse(*_: Any) -> None:
        raise full

    async with following_it(follower) as provider:
        with monkeypatch.context() as broken:
            broken.setattr("cloudsync_chassis.providers.configuration.files.replace", refuse)
            await provider.tell(bundle(most="5"))
            await eventually(lambda: len(provider.streams) == 2)
        assert follower.settings.most == 5
        await provider.tell({"items": ["no entry"]})
        await eventually(lambda: len(provider.streams) == 3)
        await provider.tell(bundle(most="6"))
        await eventually(lambda: follower.settings.most == 6)
