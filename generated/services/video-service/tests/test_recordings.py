"""What is kept of a meeting, and whose word that takes."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis.ids import uuid7
from hall import DAY, HOUR, MINUTE, Hall, play

FILMS = ("file-service", "objects", "meetings")


async def _recorded(hall: Hall, region: str = "usEast1") -> tuple[Any, Any]:
    """A meeting with a recording that has stopped after a minute."""
    meeting = await hall.live(region)
    [ann] = await hall.connect(meeting, "ann")
    await hall.done("AgreeToRecording", {"participantId": ann["id"]}, "ann")
    film = await hall.done("StartRecording", {"meetingId": meeting["id"]})
    hall.service.later(MINUTE)
    stopped = await hall.done("StopRecording", {"recordingId": film["id"], "durationSeconds": 3600})
    return meeting, stopped


async def _film(hall: Hall, key: str) -> Any:
    return await hall.run(lambda ctx: hall.handlers.recording.find(ctx, id=UUID(key)))


def _uploaded(film: Any) -> dict[str, Any]:
    return {
        "fileId": str(film.id),
        "sizeBytes": film.size_bytes,
        "mediaType": "video/mp4",
        "contentSha256": film.sha256,
        "origin": "recording",
        "uploaderId": str(uuid7()),
    }


def test_a_film_becomes_a_file_of_those_who_were_there(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting, stopped = await _recorded(hall)
        assert (stopped["stage"], stopped["consentGiven"]) == ("composing", 1)
        assert stopped["durationSeconds"] in (60, 61)
        await hall.service.tick()
        [ready] = await hall.said("recording-ready")
        assert set(ready["shareWith"]) == {
            str(hall.person(each).subject) for each in ("host", "ann")
        }
        content = tmp_path.joinpath(*FILMS, ready["bucketKey"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == ready["sha256"]
        assert len(content) == ready["sizeBytes"]
        assert content[4:12] == b"ftypisom"
        film = await _film(hall, stopped["id"])
        await hall.tell("content.file-uploaded", **{**_uploaded(film), "contentSha256": "0" * 64})
        assert (await _film(hall, stopped["id"])).stage == "uploading"
        for _ in range(2):
            await hall.tell("content.file-uploaded", **_uploaded(film))
        found = await _film(hall, stopped["id"])
        assert (found.stage, found.file_id) == ("available", film.id)
        [shared] = await hall.said("recording-shared")
        assert shared["meetingId"] == meeting["id"]
        listed = await hall.done("ListRecordings", {"meetingId": meeting["id"]}, "ann")
        assert [each["id"] for each in listed] == [stopped["id"]]
        hall.service.later(91 * DAY)
        await hall.service.tick()
        assert (await _film(hall, stopped["id"])).stage == "deleted"
        assert not tmp_path.joinpath(*FILMS, ready["bucketKey"]).exists()

    play(tmp_path, scene)


@pytest.mark.parametrize("region", ["euWest1", "usEast1"])
def test_where_the_law_asks_for_it_everybody_agrees(tmp_path: Path, region: str) -> None:
    strict = region == "euWest1"

    async def scene(hall: Hall) -> None:
        meeting = await hall.live(region)
        host, ann = await hall.connect(meeting, "host", "ann")
        wish = {"meetingId": meeting["id"]}
        await hall.done("AgreeToRecording", {"participantId": host["id"]})
        theirs = {"participantId": ann["id"]}
        assert await hall.refused("AgreeToRecording", theirs) == "forbidden"
        if strict:
            assert await hall.refused("StartRecording", wish) == "consent-missing"
            await hall.done("AgreeToRecording", theirs, "ann")
        film = await hall.done("StartRecording", wish)
        assert film["consentGiven"] == (2 if strict else 1)
        assert (await hall.done("StartRecording", wish))["id"] == film["id"]
        await hall.done("WithdrawConsent", theirs, "ann")
        stage = (await _film(hall, film["id"])).stage
        assert stage == ("composing" if strict else "capturing")

    play(tmp_path, scene)


def test_what_may_not_be_kept(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        booked = await hall.booked()
        wish = {"meetingId": booked["id"]}
        assert await hall.refused("StartRecording", wish) == "meeting-not-live"
        assert await hall.refused("StartRecording", wish, "ann") == "forbidden"
        sealed = await hall.live(encryption="endToEnd")
        assert await hall.refused("StartRecording", {"meetingId": sealed["id"]}) == (
            "recording-forbidden"
        )
        meeting = await hall.live()
        await hall.connect(meeting, "host", "ann")
        wish = {"meetingId": meeting["id"]}
        await hall.done("StartRecording", wish)
        heir = {**wish, "hostId": str(hall.person("ann").subject)}
        await hall.done("HandOverHost", heir)
        assert await hall.refused("StartRecording", wish, "ann") == "already-recording"

    play(tmp_path, scene)


def test_a_stopped_recording_can_be_followed_by_another(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting, first = await _recorded(hall)
        second = await hall.done("StartRecording", {"meetingId": meeting["id"]})
        assert second["id"] != first["id"]
        await hall.done("EndMeeting", {"meetingId": meeting["id"]})
        assert (await _film(hall, second["id"])).stage == "composing"

    play(tmp_path, scene)


def test_an_automatic_recording_begins_once(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live("euWest1", recordingPolicy="automatic")
        [host] = await hall.connect(meeting, "host")
        assert await hall.run(lambda ctx: hall.handlers.recording.count(ctx)) == 0
        await hall.done("AgreeToRecording", {"participantId": host["id"]})
        film = await hall.run(
            lambda ctx: hall.handlers.recording.find(ctx, meetingId=UUID(meeting["id"]))
        )
        assert (film.stage, film.consent_given) == ("capturing", 1)
        stop = {"recordingId": str(film.id), "durationSeconds": 1}
        await hall.done("StopRecording", stop)
        await hall.connect(meeting, "ann")
        assert await hall.run(lambda ctx: hall.handlers.recording.count(ctx)) == 1

    play(tmp_path, scene)


def test_a_film_that_is_lost_or_condemned_fails(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        _, lost = await _recorded(hall)
        await hall.handlers.tracks.drop(UUID(lost["id"]))
        _, bad = await _recorded(hall)
        await hall.service.tick()
        assert (await _film(hall, lost["id"])).stage == "composing"
        hall.service.later(HOUR + timedelta(seconds=1))
        await hall.service.tick()
        assert (await _film(hall, lost["id"])).cause == "tracks-missing"
        film = await _film(hall, bad["id"])
        await hall.tell("content.file-uploaded", **_uploaded(film))
        condemned = {"fileId": bad["id"], "threatName": "EICAR", "scanVerdict": "infected"}
        await hall.tell("content.file-quarantined", **condemned)
        assert (await _film(hall, bad["id"])).cause == "film-condemned"
        causes = {each["cause"] for each in await hall.said("recording-failed")}
        assert causes == {"tracks-missing", "film-condemned"}
        await hall.done("DeleteRecording", {"recordingId": bad["id"]})
        assert (await _film(hall, bad["id"])).stage == "deleted"

    play(tmp_path, scene)


def test_tracks_are_kept_for_a_week(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        await _recorded(hall)
        tracks = tmp_path / "buckets" / "recording-tracks"
        assert len(list(tracks.iterdir())) == 1
        await hall.service.tick("drop-tracks")
        assert len(list(tracks.iterdir())) == 1
        hall.service.later(8 * DAY)
        await hall.service.tick("drop-tracks")
        assert list(tracks.iterdir()) == []

    play(tmp_path, scene)
