"""Comparisons and blame through gRPC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.testing import Caller
from version_grpc_client import VersionGrpcClient
from version_grpc_client.models import BlameRangeRequest, DiffGranularity, DiffVersionsRequest

from tests.test_histories import Archive, played
from tests.test_recording import _body, _noted


async def _asked(at: Archive, by: Caller, question: Any) -> Any:
    async def token() -> str:
        return by.token

    client = VersionGrpcClient(f"http://{at.service.address}", token=token)
    try:
        if isinstance(question, BlameRangeRequest):
            return await client.blame_range(question)
        return [hunk async for part in client.diff_versions(question) for hunk in part.hunks]
    except RefusedError as error:
        return error.slug
    finally:
        await client.aclose()


def test_differences_and_blame(tmp_path: Path) -> None:
    async def play(at: Archive) -> None:
        await at.created()
        for number, texts in enumerate([("the old plan", "x"), ("the new plan",)], 1):
            await _noted(at, tmp_path, number, _body(*texts))
            await at.service.tick()
        first, second = await at.versions()
        wish = DiffVersionsRequest(
            left_content_version_id=second.id,
            right_content_version_id=first.id,
            granularity=DiffGranularity.word,
        )
        hunks = await _asked(at, at.owner, wish)
        told = [(str(each.change), each.path, each.before, each.after) for each in hunks]
        assert told == [("removed", "b1", "x", None), ("changed", "b0/4", "old", "new")]
        assert await _asked(at, at.owner, wish) == hunks

        async def kept(ctx: Any) -> int:
            return await at.handlers.version_diff.count(ctx)

        assert await at.inside(kept) == 1
        assert await _asked(at, at.reader, wish) == "forbidden"
        blame = await _asked(
            at, at.owner, BlameRangeRequest(content_version_id=second.id, block_id="b0")
        )
        parts = [(each.start_offset, each.end_offset, each.version_number) for each in blame.parts]
        assert parts == [(0, 4, 1), (4, 7, 2), (7, 12, 1)]
        unknown = BlameRangeRequest(content_version_id=second.id, block_id="b9")
        assert await _asked(at, at.owner, unknown) == "block-unknown"
        at.document = uuid7()
        await at.created()
        await _noted(at, tmp_path, 1, _body("another"))
        await at.service.tick()
        other = (await at.versions())[-1]
        wish = DiffVersionsRequest(
            left_content_version_id=other.id,
            right_content_version_id=first.id,
            granularity=DiffGranularity.block,
        )
        assert await _asked(at, at.owner, wish) == "different-subjects"

    played(tmp_path, play)
