"""Answers of the stores to erasures: each event ticks its store."""

from __future__ import annotations

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .erasures import Erasures
from .generated import models, port


class Answers(Erasures):
    """One handler for each store that answers."""

    async def on_auth_erasure_completed(
        self, ctx: Context, event: Received[models.AuthErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_calendar_erasure_completed(
        self, ctx: Context, event: Received[models.CalendarErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_chat_erasure_completed(
        self, ctx: Context, event: Received[models.ChatErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_document_erasure_completed(
        self, ctx: Context, event: Received[models.DocumentErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_email_erasure_completed(
        self, ctx: Context, event: Received[models.EmailErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_events_erasure_completed(
        self, ctx: Context, event: Received[models.EventsErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_file_erasure_completed(
        self, ctx: Context, event: Received[models.FileErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_membership_erasure_completed(
        self, ctx: Context, event: Received[models.MembershipErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_ml_erasure_completed(
        self, ctx: Context, event: Received[models.MlErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_profile_erasure_completed(
        self, ctx: Context, event: Received[models.ProfileErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_push_erasure_completed(
        self, ctx: Context, event: Received[models.PushErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_reporting_erasure_completed(
        self, ctx: Context, event: Received[models.ReportingErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_search_erasure_completed(
        self, ctx: Context, event: Received[models.SearchErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_sms_erasure_completed(
        self, ctx: Context, event: Received[models.SmsErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_task_erasure_completed(
        self, ctx: Context, event: Received[models.TaskErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_usage_erasure_completed(
        self, ctx: Context, event: Received[models.UsageErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_version_erasure_completed(
        self, ctx: Context, event: Received[models.VersionErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_video_erasure_completed(
        self, ctx: Context, event: Received[models.VideoErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())

    async def on_webhook_erasure_completed(
        self, ctx: Context, event: Received[models.WebhookErasureCompleted]
    ) -> None:
        """Tick the store."""
        await self.record_erasure(ctx, port.RecordErasure())
