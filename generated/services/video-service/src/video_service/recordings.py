"""What is kept of a meeting: capture with everybody's word, composition, and the way to a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .base import PHASES, STAGES, STATES, Base, itself, traced
from .films import TracksMissingError
from .generated import models, port, problems

COMPOSE = "compose-recordings"
_SAGA = "recorded-meeting"
_TRIED_FOR = timedelta(hours=1)
_SHARED_WITH = 1_000
_UNDONE = "film-not-taken-in"

log = logger("recordings")


class Recordings(Base):
    """Captures, films, and who agreed to them."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.sagas.compensate(
            {
                (_SAGA, "Compose the film"): self._undo_composition,
                (_SAGA, "Share it"): self._undo_sharing,
            }
        )

    async def start_recording(self, ctx: Context, request: port.StartRecording) -> models.Recording:
        """Begin to keep a meeting; whoever began it already is answered with what runs.

        Raises:
            Problem: `not-found`, `forbidden`, `meeting-not-live`, `recording-forbidden`,
                `already-recording`, `consent-missing`.
        """
        wish = request.body
        meeting = await self.meeting.find(ctx, id=wish.meeting_id)
        if meeting is None:
            raise NOT_FOUND("no such meeting")
        await self.recording.grants.require_new(ctx, {"meetingId": meeting.id})
        await self.lock(ctx, meeting.id)
        meeting = await self.known(ctx, meeting.id)
        running = await self.capturing(ctx, meeting.id)
        if running is not None:
            if str(running.started_by) == ctx.principal.subject:
                return running
            raise problems.ALREADY_RECORDING("another host began a recording that runs")
        if meeting.phase is not PHASES.live:
            raise problems.MEETING_NOT_LIVE(f"the meeting is {meeting.phase.value}")
        off = meeting.recording_policy is models.RecordingPolicy.off
        if off or meeting.encryption is models.EncryptionMode.end_to_end:
            raise problems.RECORDING_FORBIDDEN("the meeting may not be kept")
        if await self._silent(ctx, meeting):
            raise problems.CONSENT_MISSING("somebody who is connected has not agreed")
        return await self._capture(ctx, meeting, UUID(ctx.principal.subject), wish.layout)

    async def capturing(self, ctx: Context, meeting_id: UUID) -> models.Recording | None:
        """The capture of a meeting that runs."""
        return await self.recording.find(ctx, meetingId=meeting_id, stage=STAGES.capturing)

    def asks_all(self, meeting: models.Meeting) -> bool:
        """Whether the law where the media flow asks for everybody's word."""
        regions = {each.strip() for each in self.settings.two_party_consent_regions.split(",")}
        return meeting.media_region is not None and meeting.media_region.value in regions

    async def _silent(self, ctx: Context, meeting: models.Meeting) -> bool:
        """Whether a word is missing that is asked for."""
        if not self.asks_all(meeting):
            return False
        inside = await self.people(ctx, meeting.id, STATES.connected)
        return any(each.consented_at is None for each in inside)

    async def _capture(
        self,
        ctx: Context,
        meeting: models.Meeting,
        by: UUID,
        layout: models.RecordingLayout | None = None,
    ) -> models.Recording:
        inside = await self.people(ctx, meeting.id, STATES.connected)
        agreed = [each.id for each in inside if each.consented_at is not None]
        fields = {
            "meetingId": meeting.id,
            "layout": layout,
            "startedBy": by,
            "stage": STAGES.capturing,
            "consentGiven": len(agreed),
            "expiresAt": ctx.now + timedelta(seconds=self.settings.recording_retention),
        }
        made = await self.recording.insert(ctx, fields)
        await self.tracks.begin(made.id, agreed, ctx.now)
        traced(recording_layout=made.layout.value)
        self.told(ctx)
        return made

    async def capture_by_itself(self, ctx: Context, meeting: models.Meeting) -> None:
        """Begin the recording that a meeting asks for from its first minute, once."""
        if meeting.recording_policy is not models.RecordingPolicy.automatic:
            return
        if await self.recording.count(ctx, meetingId=meeting.id):
            return
        if not await self._silent(ctx, meeting):
            await self._capture(ctx, meeting, meeting.host_id)

    async def stop_recording(self, ctx: Context, request: port.StopRecording) -> models.Recording:
        """End the capture. It lasted no longer than the clock says."""
        key = request.recording_id
        before = await self.recording.find(ctx, id=key)
        seconds = request.body.duration_seconds
        if before is not None:
            seconds = min(seconds, _seconds(ctx, before))
        fields = {"durationSeconds": seconds}
        stopped = await self.recording.transition(ctx, "stop-recording", key, fields)
        if before is not None and before.stage is STAGES.capturing:
            await self.tracks.end(key, ctx.now)
            self.runtime.work.wake(ctx, COMPOSE)
            self.told(ctx)
        return stopped

    async def stop_capture(self, ctx: Context, meeting_id: UUID) -> None:
        """What a media node does when its room closes, or may not go on."""
        running = await self.capturing(ctx, meeting_id)
        if running is not None:
            body = models.StopRecordingRequest(duration_seconds=_seconds(ctx, running))
            request = port.StopRecording(recording_id=running.id, body=body)
            await self.stop_recording(itself(ctx), request)

    async def agree_to_recording(
        self, ctx: Context, request: port.AgreeToRecording
    ) -> models.Participant:
        agreed = await super().agree_to_recording(ctx, request)
        running = await self.capturing(ctx, agreed.meeting_id)
        if running is not None and agreed.joined_at is not None:
            await self.tracks.let_in(running.id, agreed.id, ctx.now)
        elif agreed.join_state is STATES.connected:
            await self.capture_by_itself(ctx, await self.known(ctx, agreed.meeting_id))
        self.told(ctx)
        return agreed

    async def withdraw_consent(
        self, ctx: Context, request: port.WithdrawConsent
    ) -> models.Participant:
        """The film goes on without them, or not at all where everybody's word is asked for."""
        silent = await super().withdraw_consent(ctx, request)
        running = await self.capturing(ctx, silent.meeting_id)
        if running is not None:
            await self.tracks.leave_out(running.id, silent.id, ctx.now)
            if self.asks_all(await self.known(ctx, silent.meeting_id)):
                await self.stop_capture(ctx, silent.meeting_id)
        self.told(ctx)
        return silent

    async def compose(self, ctx: Context, key: UUID) -> None:
        """Make the film of a capture; after an hour without tracks there will be none."""
        found = await self.recording.find(ctx, id=key, stage=STAGES.composing)
        if found is None:
            return
        ending = "m4a" if found.layout is models.RecordingLayout.audio_only else "mp4"
        place = f"{ctx.tenant}/{found.created_at:%Y/%m}/{found.id}.{ending}"
        try:
            film = await self.composer.compose(found.id, place)
        except TracksMissingError:
            if ctx.now - found.updated_at >= _TRIED_FOR:
                gone = models.FailRecordingRequest(cause="tracks-missing")
                request = port.FailRecording(recording_id=key, body=gone)
                await self.fail_recording(ctx, request)
            return
        body = models.FinishRecordingRequest(
            bucket_key=film.key,
            size_bytes=film.size,
            duration_seconds=found.duration_seconds,
            sha256=film.sha256,
        )
        await self.finish_recording(ctx, port.FinishRecording(recording_id=key, body=body))

    async def finish_recording(self, ctx: Context, request: port.FinishRecording) -> None:
        """Hand the film over, for those members of the organisation who were connected."""
        found = await self.recording.find(ctx, id=request.recording_id)
        fields = given(request.body)
        if found is not None:
            fields["shareWith"] = await self._seen_by(ctx, found.meeting_id)
        await self.recording.transition(ctx, "finish-recording", request.recording_id, fields)
        self.told(ctx)

    async def _seen_by(self, ctx: Context, meeting_id: UUID) -> list[UUID]:
        members = {
            each.participant_id
            async for each in self.places.each(ctx, meetingId=meeting_id)
            if each.member
        }
        return [
            each.user_id
            for each in await self.people(ctx, meeting_id)
            if each.user_id is not None and each.joined_at is not None and each.id in members
        ][:_SHARED_WITH]

    async def fail_recording(self, ctx: Context, request: port.FailRecording) -> None:
        await super().fail_recording(ctx, request)
        self.told(ctx)

    async def share_recording(self, ctx: Context, request: port.ShareRecording) -> None:
        """A file with the recording's id and digest is the film; any other is none of ours."""
        told = request.body
        found = await self.recording.find(ctx, id=told.file_id, stage=STAGES.uploading)
        if found is None:
            return
        if found.sha256 != told.content_sha256:
            log.warning("film_is_another", recording=str(found.id))
            return
        fields = {"fileId": told.file_id, "sizeBytes": told.size_bytes}
        await self.recording.transition(ctx, "share-recording", found.id, fields)
        stopped = found.created_at + timedelta(seconds=found.duration_seconds)
        waited = max(0.0, (ctx.now - stopped).total_seconds())
        self.metrics.video_recording_ready_seconds(waited, layout=found.layout.value)
        self.told(ctx)

    async def withdraw_recording(self, ctx: Context, request: port.WithdrawRecording) -> None:
        """A film that the scanner condemned is none."""
        await self._withdraw(ctx, request.body.file_id, "film-condemned")

    async def _withdraw(self, ctx: Context, key: Any, cause: str) -> None:
        stages = (STAGES.uploading, STAGES.available)
        found = await self.recording.find(ctx, id=key)
        if found is None or found.stage not in stages:
            return
        await self.recording.transition(ctx, "withdraw-recording", found.id, {"cause": cause})
        self.drop_film(ctx, found.bucket_key)
        self.told(ctx)

    async def _undo_composition(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """Give up a film that nobody takes in."""
        found = await self.recording.find(ctx, id=UUID(str(data["recordingId"])))
        if found is not None and found.stage in (STAGES.composing, STAGES.uploading):
            body = models.FailRecordingRequest(cause=_UNDONE)
            await self.fail_recording(ctx, port.FailRecording(recording_id=found.id, body=body))

    async def _undo_sharing(self, ctx: Context, data: Mapping[str, Any]) -> None:
        await self._withdraw(ctx, UUID(str(data["fileId"])), _UNDONE)

    async def delete_recording(
        self, ctx: Context, request: port.DeleteRecording
    ) -> models.Recording:
        before = await self.recording.find(ctx, id=request.recording_id)
        deleted = await super().delete_recording(ctx, request)
        self.drop_film(ctx, before.bucket_key if before is not None else None)
        return deleted

    async def expire_recording(self, ctx: Context, request: port.ExpireRecording) -> None:
        before = await self.recording.find(ctx, id=request.recording_id)
        await super().expire_recording(ctx, request)
        self.drop_film(ctx, before.bucket_key if before is not None else None)

    def drop_film(self, ctx: Context, key: str | None) -> None:
        """Empty the bucket of a film once this has committed."""
        if key is None:
            return

        async def drop(_: Context) -> None:
            await self.composer.drop(key)

        self.runtime.work.soon(ctx, "drop-film", drop)

    async def on_file_uploaded(self, ctx: Context, event: Received[models.FileUploaded]) -> None:
        await self.share_recording(ctx, port.ShareRecording(body=event.data))

    async def on_file_quarantined(
        self, ctx: Context, event: Received[models.FileQuarantined]
    ) -> None:
        await self.withdraw_recording(ctx, port.WithdrawRecording(body=event.data))


def _seconds(ctx: Context, recording: models.Recording) -> int:
    """Whole seconds since the capture began; a day at most."""
    passed = (ctx.now - recording.created_at).total_seconds()
    return min(86_400, max(0, math.ceil(passed)))
