"""Streams of a meeting."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from cloudsync.collaboration.video.v1 import video_pb2
from hall import Hall, play

Kinds = video_pb2.MeetingChangeKind


async def _next(call: Any) -> Any:
    return await asyncio.wait_for(call.read(), 10)


async def _first(call: Any, kind: int) -> Any:
    """The next change of a kind; people come and go meanwhile."""
    while (told := await _next(call)).kind != kind:
        assert told.kind == Kinds.MEETING_CHANGE_KIND_PARTICIPANT
    return told


def test_a_watcher_is_told_of_everything_until_the_end(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        channel, call = hall.watch(meeting["id"], "host")
        async with channel:
            first = await _next(call)
            assert first.kind == Kinds.MEETING_CHANGE_KIND_SNAPSHOT
            assert first.meeting.phase == video_pb2.MEETING_PHASE_LIVE
            [ann] = await hall.connect(meeting, "ann")
            seen: list[Any] = []
            while not seen or seen[-1].connected_count < 2:
                seen.append(await _next(call))
            assert ann["id"] in {each.participant.id for each in seen}
            await hall.done("LockMeeting", {"meetingId": meeting["id"], "locked": True})
            assert (await _first(call, Kinds.MEETING_CHANGE_KIND_LOCK)).meeting.locked
            film = await hall.done("StartRecording", {"meetingId": meeting["id"]})
            told = await _first(call, Kinds.MEETING_CHANGE_KIND_RECORDING)
            assert told.recording.id == film["id"]
            rooms = [{"roomLabel": "one", "participantIds": [ann["id"]]}]
            await hall.done("OpenBreakoutRooms", {"meetingId": meeting["id"], "rooms": rooms})
            await _first(call, Kinds.MEETING_CHANGE_KIND_ROOMS)
            await hall.done("EndMeeting", {"meetingId": meeting["id"]})
            rest = []
            while (told := await _next(call)) is not grpc.aio.EOF:
                rest.append(told)
            assert rest[-1].kind == Kinds.MEETING_CHANGE_KIND_PHASE
            assert rest[-1].meeting.phase == video_pb2.MEETING_PHASE_ENDED

    play(tmp_path, scene)


def test_who_is_removed_sees_no_more(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        [ann] = await hall.connect(meeting, "ann")
        channel, call = hall.watch(meeting["id"], "ann")
        async with channel:
            await _next(call)
            await hall.done("RemoveParticipant", {"participantId": ann["id"], "banned": False})
            assert await _next(call) == grpc.aio.EOF

    play(tmp_path, scene)


def test_strangers_watch_nothing(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        channel, call = hall.watch(meeting["id"], "bob")
        async with channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await _next(call)
            assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED

    play(tmp_path, scene)
