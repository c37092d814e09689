"""Recording, streaming and restoring contents."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import object_id
from cloudsync_chassis.testing import Caller
from version_grpc_client import VersionGrpcClient
from version_grpc_client.models import StreamContentRequest
from version_service.generated import models, port

from tests.test_histories import Archive, played


def _body(*texts: str) -> bytes:
    blocks = [
        {"blockId": f"b{place}", "kind": "paragraph", "text": each}
        for place, each in enumerate(texts)
    ]
    return json.dumps(blocks).encode()


async def _noted(
    at: Archive, state: Path, sequence: int, content: bytes, stored: bool = True
) -> None:
    """A moment that the recorder has to seal."""
    reference = object_id()
    if stored:
        place = state / "buckets" / "bodies" / reference
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    request = models.CreateVersionRequest(
        subject_kind=models.SubjectKind.document,
        subject_id=at.document,
        trigger=models.VersionTrigger.interval,
        content_ref=f"body:{reference}",
        content_digest=hashlib.sha256(content).hexdigest(),
        from_sequence=sequence,
        to_sequence=sequence,
        contributor_ids=[at.owner.subject],
    )

    async def create(ctx: Context) -> Any:
        return await at.handlers.create_version(ctx, port.CreateVersion(body=request))

    await at.inside(create)


async def _streamed(at: Archive, by: Caller, version: models.ContentVersion) -> Any:
    """The content that somebody gets, or the slug of a refusal."""

    async def token() -> str:
        return by.token

    client = VersionGrpcClient(f"http://{at.service.address}", token=token)
    try:
        wish = StreamContentRequest(content_version_id=version.id)
        chunks = [each async for each in client.stream_content(wish)]
        assert chunks[-1].last
        return b"".join(base64.b64decode(each.data) for each in chunks)
    except RefusedError as error:
        return error.slug
    finally:
        await client.aclose()


def test_moments_become_versions_that_can_be_read(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await _noted(at, tmp_path, 1, _body("one two"))
        await at.service.tick()
        long = _body("one", "word " * 100_000)
        await _noted(at, tmp_path, 2, long)
        await at.service.tick()
        first, second = await at.versions()
        assert [str(first.status), str(second.status)] == ["superseded", "sealed"]
        assert (first.version_number, second.version_number) == (1, 2)
        assert second.change_summary.blocks_added == 1
        assert second.change_summary.words_delta == 99_999
        assert await _streamed(at, at.owner, second) == long
        assert await _streamed(at, at.reader, second) == "forbidden"
        stranger = at.service.caller("member")
        assert await _streamed(at, stranger, second) == "not-found"
        assert len(await at.said("version-created")) == 2
        (tmp_path / "buckets" / "versions" / str(first.payload_key)).write_bytes(
            (tmp_path / "buckets" / "versions" / str(second.payload_key)).read_bytes()
        )
        assert await _streamed(at, at.owner, first) == "digest-mismatch"

    played(tmp_path, play)


def test_what_cannot_be_fetched_in_a_day_is_dropped(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        await _noted(at, tmp_path, 1, _body("gone"), stored=False)
        await at.service.tick()
        [waiting] = await at.versions()
        assert str(waiting.status) == "recording"
        at.service.later(timedelta(hours=25))
        await at.service.tick()
        assert await at.versions() == []

    played(tmp_path, play)


def test_an_earlier_content_becomes_the_newest(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        for sequence, text in ((1, "old"), (2, "new")):
            await _noted(at, tmp_path, sequence, _body(text))
            await at.service.tick()
        wish = {"documentId": str(at.document), "requestedBy": str(at.owner.subject)}
        await at.tell("restore-requested", **wish, versionNumber=1)
        await at.tell("restore-requested", **wish, versionNumber=9)
        await at.service.tick()
        [restored] = await at.said("version-restored")
        assert (restored["restoredNumber"], restored["newNumber"]) == (1, 3)
        assert restored["safetyVersionNumber"] == 2
        newest = (await at.versions())[-1]
        assert restored["contentRef"] == f"payload:{newest.payload_key}"
        assert await _streamed(at, at.owner, newest) == _body("old")

        async def jobs(ctx: Context) -> list[str]:
            return [str(each.outcome) async for each in at.handlers.restore_job.each(ctx)]

        assert await at.inside(jobs) == ["applied", "refused"]
        await at.service.tick()
        assert len(await at.versions()) == 3

    played(tmp_path, play)
