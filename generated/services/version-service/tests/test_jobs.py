"""What the clock does with versions, restores and comparisons, and what it leaves."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from version_service.deltas import applied, difference
from version_service.generated import models, port

from tests.test_histories import Archive, played
from tests.test_recording import _body, _noted, _streamed

_LONG = tuple(f"paragraph {each} " + "word " * 40 for each in range(60))


def _text(change: str) -> bytes:
    """A long content of which one paragraph is another."""
    return _body(*_LONG[:30], change, *_LONG[30:])


async def _kept(at: Archive, state: Path, *changes: str) -> list[models.ContentVersion]:
    """Versions with these changes, oldest first."""
    for number, change in enumerate(changes, len(await at.versions()) + 1):
        await _noted(at, state, number, _text(change))
        await at.service.tick()
        at.service.later(timedelta(minutes=1))
    return await at.versions()


async def _policy(at: Archive) -> None:
    await at.tell(
        "user.organization-created",
        organizationId=str(at.tenant),
        slug="acme",
        edition="team",
        dataResidency="euWest1",
        ownerUserId=str(uuid7()),
    )


def test_differences_make_the_new_of_the_old() -> None:
    pairs = [
        (b"", b""),
        (b"", b"new"),
        (b"old", b""),
        (b"same", b"same"),
        (_text("one"), _text("another one")),
        (_text("one"), _body(*_LONG)),
        (_body(*_LONG), _body(*_LONG[::-1])),
        (b"\x00\xff},{" * 50, b"\xff\x00},{" * 49),
    ]
    for old, new in pairs:
        assert applied(old, difference(old, new)) == new
    assert len(difference(_text("one"), _text("two"))) < 100


def test_everyday_versions_are_differences_up_to_the_limit_of_a_chain(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        found = await _kept(at, tmp_path, "a", "b", "c", "d", "e")
        encodings = [str(each.encoding) for each in found]
        assert encodings == ["full", "delta", "delta", "full", "delta"]
        assert [each.parent_number for each in found] == [None, 1, 2, None, 4]
        assert found[1].payload_bytes < found[0].payload_bytes
        for version, change in zip(found, "abcde", strict=True):
            assert await _streamed(at, at.owner, version) == _text(change)

    played(tmp_path, play, delta_chain_limit=2)


def test_what_is_restored_is_whole_for_others_to_read(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await _kept(at, tmp_path, "a", "b", "c")
        wish = {"documentId": str(at.document), "requestedBy": str(at.owner.subject)}
        await at.tell("restore-requested", **wish, versionNumber=2)
        await at.service.tick()
        [restored] = await at.said("version-restored")
        newest = (await at.versions())[-1]
        assert str(newest.encoding) == "full"
        assert restored["contentRef"] == f"payload:{newest.payload_key}"
        assert at.handlers.payloads.read(str(newest.payload_key)) == _text("b")

    played(tmp_path, play)


def test_thinning_rebases_what_stays(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await _policy(at)
        await at.created()
        found = await _kept(at, tmp_path, "a", "b", "c", "d")
        assert [str(each.encoding) for each in found[1:]] == ["delta"] * 3

        async def pin(ctx: Context) -> None:
            for each in found[1:3]:
                await at.handlers.content_version.rewrite(ctx, each, {"pinned": each == found[2]})

        await at.inside(pin)
        at.service.later(timedelta(days=4000))
        await at.service.tick()
        after = await at.versions()
        assert [str(each.status) for each in after] == [
            "thinned",
            "thinned",
            "superseded",
            "sealed",
        ]
        assert [str(each.encoding) for each in after[2:]] == ["full", "delta"]
        assert await _stored(at, after[2]) == _text("c")
        assert await _stored(at, after[3]) == _text("d")
        kept = {each.payload_key for each in after if each.payload_key}
        bucket = tmp_path / "buckets" / "versions"
        files = {str(each.relative_to(bucket)) for each in bucket.rglob("*.zst")}
        assert files == kept

    played(tmp_path, play)


async def _stored(at: Archive, version: models.ContentVersion) -> bytes | None:
    async def read(ctx: Context) -> bytes | None:
        return await at.handlers.content(ctx, version)

    found: bytes | None = await at.inside(read)
    return found


def test_moments_that_cannot_be_fetched_go_after_a_day_and_others_stay(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await _noted(at, tmp_path, 1, _body("lost"), stored=False)
        at.service.later(timedelta(hours=23))
        await at.service.tick()
        await _noted(at, tmp_path, 2, _body("late"), stored=False)
        at.service.later(timedelta(hours=2))
        await at.service.tick()
        [waiting] = await at.versions()
        assert waiting.to_sequence == 2

    played(tmp_path, play)


def test_damaged_payloads_are_found_by_the_scrub(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        first, second = await _kept(at, tmp_path, "a", "b")
        await at.service.tick("scrub-payloads")
        assert [str(each.status) for each in await at.versions()] == ["superseded", "sealed"]
        place = tmp_path / "buckets" / "versions" / str(second.payload_key)
        place.write_bytes(place.read_bytes()[:-4])
        assert await _streamed(at, at.owner, second) == "digest-mismatch"
        at.service.later(timedelta(days=1))
        await at.service.tick()
        states = {each.version_number: str(each.status) for each in await at.versions()}
        assert states == {first.version_number: "superseded", second.version_number: "corrupted"}
        assert len(await at.said("version-corrupted")) == 1

    played(tmp_path, play)


def test_restores_are_given_up_after_an_hour_and_forgotten_after_thirty_days(
    tmp_path: Path,
) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await _kept(at, tmp_path, "a", "b")
        [first, _] = await at.versions()
        at.handlers.payloads.delete(str(first.payload_key))
        wish = {"documentId": str(at.document), "requestedBy": str(at.owner.subject)}
        await at.tell("restore-requested", **wish, versionNumber=1)

        async def outcomes() -> list[str]:
            async def read(ctx: Context) -> list[str]:
                return [str(each.outcome) async for each in at.handlers.restore_job.each(ctx)]

            found: list[str] = await at.inside(read)
            return found

        await at.service.tick("restore-versions")
        assert await outcomes() == ["queued"]
        at.service.later(timedelta(minutes=61))
        await at.service.tick("restore-versions")
        assert await outcomes() == ["failed"]
        at.service.later(timedelta(days=29))
        await at.service.tick("drop-restores")
        assert await outcomes() == ["failed"]
        at.service.later(timedelta(days=2))
        await at.service.tick("drop-restores")
        assert await outcomes() == []

    played(tmp_path, play)


def test_comparisons_are_kept_for_a_week(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        diff = models.KeepDiffRequest(
            subject_id=at.document,
            left_number=1,
            right_number=2,
            granularity=models.DiffGranularity.block,
            hunks=[],
            truncated=False,
            computed_ms=1,
        )

        async def keep(ctx: Context) -> None:
            await at.handlers.keep_diff(ctx, port.KeepDiff(body=diff))

        async def count(ctx: Context) -> int:
            return await at.handlers.version_diff.count(ctx)

        await at.inside(keep)
        seen: list[Any] = []
        for days in (6, 2):
            at.service.later(timedelta(days=days))
            await at.service.tick()
            seen.append(await at.inside(count))
        assert seen == [1, 0]

    played(tmp_path, play)


def test_a_digest_says_whether_a_content_is_whole(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        first, second = await _kept(at, tmp_path, "a", "b")
        for version in (first, second):
            content = await _stored(at, version)
            assert content is not None
            assert hashlib.sha256(content).hexdigest() == version.content_digest
        at.handlers.payloads.delete(str(first.payload_key))
        assert await _stored(at, second) is None, "what it is built on is away"

    played(tmp_path, play)
