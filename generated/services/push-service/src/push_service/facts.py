"""Facts of other services, told on devices; words, quiet hours and wishes that come with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event, Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import CONDITION_NOT_MET
from profile_client import models as profiles

from . import catalogue
from .catalogue import ROUTES
from .fanout import FanOut
from .generated import models, port

Told = tuple[list[UUID], dict[str, str]]
_ALL_WEEK = list(range(1, 8))

log = logger("facts")


def fact_of(ctx: Context) -> Event:
    """The event that is being handled.

    Raises:
        Problem: `condition-not-met`: the command was called without one.
    """
    if ctx.cause is None:
        raise CONDITION_NOT_MET("this command answers an event")
    return ctx.cause


def name_of(event: Event) -> str:
    """`task-assigned` of `cloudsync.collaboration.task-assigned.v1`."""
    return event.type.removesuffix(".v1").rpartition(".")[2]


class Facts(FanOut):
    """Whom a fact concerns is in the event, or was in one before it."""

    async def tell(
        self,
        ctx: Context,
        people: Iterable[UUID],
        name: str,
        variables: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> None:
        """Order a notification on the present event for each of them, once."""
        event = fact_of(ctx)
        for each in dict.fromkeys(people):
            await self.alert(ctx, each, event.id, ROUTES[name], event.data, variables, text)

    async def involve(self, ctx: Context, about: str, people: Iterable[UUID]) -> None:
        """Remember who has to do with a thing."""
        for each in people:
            if await self.involved.find(ctx, about=about, userId=each) is None:
                await self.involved.insert(ctx, {"about": about, "userId": each})

    async def involved_in(self, ctx: Context, about: str) -> list[UUID]:
        """Who has to do with a thing, as far as events said."""
        return [each.user_id async for each in self.involved.each(ctx, about=about)][:500]

    async def on_message_posted(self, ctx: Context, event: Received[models.MessagePosted]) -> None:
        """A message was posted."""
        await self.push_message(ctx, port.PushMessage(body=event.data))

    async def push_message(self, ctx: Context, request: port.PushMessage) -> None:
        """Tell those whom it mentions, and in a direct channel whoever else is in it."""
        body = request.body
        mentioned = [each for each in body.mentioned_user_ids or () if each != body.author_id]
        await self.tell(ctx, mentioned, "message-mention", text=body.excerpt)
        if body.channel_type == models.ChannelType.direct:
            others = body.recipient_user_ids or ()
            people = [each for each in others if each != body.author_id]
            await self.tell(ctx, people, "message-direct", text=body.excerpt)

    async def on_message_retracted(
        self, ctx: Context, event: Received[models.MessageRetracted]
    ) -> None:
        """A message was taken back."""
        await self.withdraw_push(ctx, port.WithdrawPush(body=event.data))

    async def push_topic_alert(self, ctx: Context, request: port.PushTopicAlert) -> None:
        """Tell whom the present event concerns."""
        del request
        event = fact_of(ctx)
        name = name_of(event)
        people, variables = _TOLD[name](event.data)
        await self.tell(ctx, people, name, variables)

    async def _alert(self, ctx: Context) -> None:
        await self.push_topic_alert(ctx, port.PushTopicAlert())

    async def on_task_assigned(self, ctx: Context, event: Received[models.TaskAssigned]) -> None:
        """Tell the assignees, but nobody who took it themselves."""
        del event
        await self._alert(ctx)

    async def on_task_due_date_changed(
        self, ctx: Context, event: Received[models.TaskDueDateChanged]
    ) -> None:
        """Tell the assignees of the new date."""
        del event
        await self._alert(ctx)

    async def on_document_shared(
        self, ctx: Context, event: Received[models.DocumentShared]
    ) -> None:
        """Tell the person it was shared with."""
        del event
        await self._alert(ctx)

    async def on_comment_added(self, ctx: Context, event: Received[models.CommentAdded]) -> None:
        """Tell those who were named, and who began the thread of an answer."""
        data = event.data
        about = f"thread:{data.comment_thread_id}"
        authors = await self.involved_in(ctx, about)
        people = [each for each in (*data.mentions, *authors[:1]) if each != data.author_id]
        await self.tell(ctx, people, "comment-added")
        if not authors:
            await self.involve(ctx, about, [data.author_id])

    async def on_saved_search_matched(
        self, ctx: Context, event: Received[models.SavedSearchMatched]
    ) -> None:
        """Tell the owner of the search how much is new."""
        del event
        await self._alert(ctx)

    async def on_event_scheduled(
        self, ctx: Context, event: Received[models.EventScheduled]
    ) -> None:
        """Tell the invited, and remember them for when the meeting begins."""
        data = event.data
        about = f"event:{data.event_id}"
        await self.involve(ctx, about, [data.organizer_id, *data.attendee_user_ids])
        await self._alert(ctx)

    async def on_event_rescheduled(
        self, ctx: Context, event: Received[models.EventRescheduled]
    ) -> None:
        """Tell the invited of the new hour."""
        await self.involve(ctx, f"event:{event.data.event_id}", event.data.attendee_user_ids)
        await self._alert(ctx)

    async def on_event_cancelled(
        self, ctx: Context, event: Received[models.EventCancelled]
    ) -> None:
        """Remove what was shown before, and tell the invited."""
        data = event.event.data
        await self.withdraw(ctx, catalogue.link_of(ROUTES["event-cancelled"], data))
        await self._alert(ctx)
        if event.data.scope is None:
            await self.gone(ctx, self.involved, about=f"event:{event.data.event_id}")

    async def on_quota_exceeded(self, ctx: Context, event: Received[models.QuotaExceeded]) -> None:
        """Tell the billing administrators."""
        people = await self.world.directory.billing(ctx.tenant)
        if not people:
            log.warning("no_billing_contact", meter=event.data.meter_code)
        await self.tell(ctx, people, "quota-exceeded")

    async def on_meeting_started(
        self, ctx: Context, event: Received[models.MeetingStarted]
    ) -> None:
        """A meeting has begun."""
        await self.push_meeting_call(ctx, port.PushMeetingCall(body=event.data))

    async def push_meeting_call(self, ctx: Context, request: port.PushMeetingCall) -> None:
        """Ring for thirty seconds with those invited, but not with the host."""
        body = request.body
        people: list[UUID] = []
        for kind, key in (("event", body.calendar_event_id), ("channel", body.channel_id)):
            if key is not None:
                people += await self.involved_in(ctx, f"{kind}:{key}")
        await self.tell(ctx, [each for each in people if each != body.host_id], "meeting-started")

    async def push_to_operators(self, ctx: Context, request: port.PushToOperators) -> None:
        """Tell the operators on call of the present event, in the tenant that they are of."""
        del request
        event = fact_of(ctx)
        name = name_of(event)
        told = {"text": _operators_read(name, event.data)}
        for tenant, user_id in await self.world.directory.operators():
            await self.tell(ctx.within(tenant), [user_id], name, told)

    async def _operators(self, ctx: Context) -> None:
        await self.push_to_operators(ctx, port.PushToOperators())

    async def on_metric_anomaly_detected(
        self, ctx: Context, event: Received[models.MetricAnomalyDetected]
    ) -> None:
        """A metric left its band."""
        del event
        await self._operators(ctx)

    async def on_model_canary_started(
        self, ctx: Context, event: Received[models.ModelCanaryStarted]
    ) -> None:
        """A version has its first users."""
        del event
        await self._operators(ctx)

    async def on_model_deployed(self, ctx: Context, event: Received[models.ModelDeployed]) -> None:
        """A version serves all."""
        del event
        await self._operators(ctx)

    async def on_model_drift_detected(
        self, ctx: Context, event: Received[models.ModelDriftDetected]
    ) -> None:
        """What a model sees has changed."""
        del event
        await self._operators(ctx)

    async def on_model_rolled_back(
        self, ctx: Context, event: Received[models.ModelRolledBack]
    ) -> None:
        """A version was taken back."""
        del event
        await self._operators(ctx)

    async def on_model_trained(self, ctx: Context, event: Received[models.ModelTrained]) -> None:
        """Tell whoever asked for the training, if they are on call; else all who are."""
        asked = event.data.requested_by
        on_call = {user: tenant for tenant, user in await self.world.directory.operators()}
        if asked is None or asked not in on_call:
            await self._operators(ctx)
            return
        told = {"text": _operators_read("model-trained", event.event.data)}
        await self.tell(ctx.within(on_call[asked]), [asked], "model-trained", told)

    async def on_template_published(
        self, ctx: Context, event: Received[models.TemplatePublished]
    ) -> None:
        """Words of some channel were published."""
        del event
        await self.compile_push_template(ctx, port.CompilePushTemplate())

    async def on_template_retired(
        self, ctx: Context, event: Received[models.TemplateRetired]
    ) -> None:
        """Words of some channel were retired."""
        del event
        await self.compile_push_template(ctx, port.CompilePushTemplate())

    async def compile_push_template(self, ctx: Context, request: port.CompilePushTemplate) -> None:
        """Compile the words that the present event publishes, or drop those that it retires.

        Whatever order the events come in, the highest revision counts.
        """
        del request
        event = fact_of(ctx)
        data, platform = event.data, ctx.within(PLATFORM)
        if data["deliveredBy"] != "push":
            return
        same = {"templateKey": data["templateKey"], "language": data["language"]}
        found = await self.compiled.find(platform, **same)
        revision = int(data["revision"])
        if name_of(event) == "template-retired":
            if found is not None and found.revision <= revision:
                await self.compiled.remove(platform, found)
            return
        fields = {"revision": revision, "pieces": catalogue.compiled(str(data["plainBody"]))}
        if found is None:
            await self.compiled.insert(platform, {**same, **fields})
        elif found.revision < revision:
            await self.compiled.rewrite(platform, found, fields)

    async def on_preferences_changed(
        self, ctx: Context, event: Received[models.PreferencesChanged]
    ) -> None:
        """Somebody wishes something else."""
        await self.copy_quiet_hours(ctx, port.CopyQuietHours(body=event.data))

    async def copy_quiet_hours(self, ctx: Context, request: port.CopyQuietHours) -> None:
        """Read the preferences anew, since the event does not carry them: when it is quiet, and
        which topics the person wants on no device. A copy stays while nobody answers.

        Raises:
            CallError: profile-service does not answer; the event comes again.
        """
        user_id = request.body.user_id
        try:
            found = await self.clients.profile.client.get_preferences(user_id=user_id)
        except RefusedError as error:
            if error.status != 404:
                raise
            await self.gone(ctx, self.quiet_hours, ownerUserId=user_id)
            await self.gone(ctx, self.unwanted, userId=user_id)
            return
        except CallError as error:
            log.warning("preferences_unread", error=error)
            raise
        await self._keep_hours(ctx, user_id, found)
        on_push = profiles.NotificationChannel.push
        topics = sorted(name for name, each in found.channels.items() if on_push not in each.root)
        copy = await self.unwanted.find(ctx, userId=user_id)
        if copy is None:
            await self.unwanted.insert(ctx, {"userId": user_id, "topics": topics})
        else:
            await self.unwanted.rewrite(ctx, copy, {"topics": topics})

    async def _keep_hours(self, ctx: Context, user_id: UUID, found: profiles.PreferenceSet) -> None:
        hours = found.quiet_hours
        if hours is None or hours.from_ == hours.to:
            await self.gone(ctx, self.quiet_hours, ownerUserId=user_id)
            return
        fields = {
            "startsAtLocal": hours.from_,
            "endsAtLocal": hours.to,
            "timeZone": hours.time_zone,
            "weekdays": _ALL_WEEK,
        }
        copy = await self.quiet_hours.find(ctx, ownerUserId=user_id)
        if copy is None:
            await self.quiet_hours.insert(ctx, {"ownerUserId": user_id, **fields})
        else:
            await self.quiet_hours.rewrite(ctx, copy, fields)


def _ids(values: Any, *without: Any) -> list[UUID]:
    left = {str(each) for each in without if each}
    return [UUID(str(each)) for each in values or () if str(each) not in left]


def _assigned(data: Mapping[str, Any]) -> Told:
    people = _ids(data["addedAssigneeIds"], data["assignedBy"])
    return people, {"task": f"{data['boardKey']}-{data['number']}", "headline": data["headline"]}


def _due(data: Mapping[str, Any]) -> Told:
    told = {
        "task": f"{data['boardKey']}-{data['number']}",
        "dueOn": str(data.get("newDueOn") or "no more"),
    }
    return _ids(data["assigneeIds"]), told


def _shared(data: Mapping[str, Any]) -> Told:
    kind, _, key = str(data["principal"]).partition(":")
    return _ids([key] if kind == "user" else ()), {}


def _matched(data: Mapping[str, Any]) -> Told:
    return _ids([data["ownerId"]]), {"number": str(data["matchCount"])}


def _scheduled(data: Mapping[str, Any]) -> Told:
    people = _ids(data["attendeeUserIds"], data["organizerId"])
    return people, {"summary": str(data.get("summaryMasked") or "You are invited")}


def _invited(data: Mapping[str, Any]) -> Told:
    return _ids(data["attendeeUserIds"], data.get("cancelledBy")), {}


_TOLD = {
    "task-assigned": _assigned,
    "task-due-date-changed": _due,
    "document-shared": _shared,
    "saved-search-matched": _matched,
    "event-scheduled": _scheduled,
    "event-rescheduled": _invited,
    "event-cancelled": _invited,
}


def _operators_read(name: str, data: Mapping[str, Any]) -> str:
    """An event of the platform in a line."""
    if name == "metric-anomaly-detected":
        low, high = data["expectedLow"], data["expectedHigh"]
        return f"{data['metricKey']} is {data['observed']:g}, expected {low:g} to {high:g}"
    key = f"{data['modelKey']} {data.get('semver', '')}".strip()
    if name == "model-canary-started":
        return f"{key} serves {data['trafficPercent']} % of requests"
    if name == "model-drift-detected":
        return f"{key} drifts, most by {data['worstFeature']}"
    if name == "model-rolled-back":
        return f"{key} was rolled back"
    return f"{key} is trained" if name == "model-trained" else f"{key} is deployed"
