"""Facts of other services: who is told of them, in which words, at once or in a digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event, Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import CONDITION_NOT_MET, RATE_LIMITED, UNAVAILABLE

from .base import Wanted
from .catalogue import ROUTES
from .generated import models, port
from .receipts import Receipts
from .world import APP

_RETRY = frozenset({"sourceUnavailable", "timeout"})

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


def when(moment: datetime) -> str:
    """A moment as mails say it, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


class Facts(Receipts):
    """Everything but billing, calendars and erasure."""

    async def tell(
        self,
        ctx: Context,
        people: Iterable[UUID],
        variables: Mapping[str, str],
        name: str | None = None,
    ) -> None:
        """Order a mail on the present event for each of them, once."""
        event = fact_of(ctx)
        route = ROUTES[name or name_of(event)]
        for each in dict.fromkeys(people):
            await self.order(
                ctx, Wanted(source=event.id, route=route, variables=variables, user=each)
            )

    async def notify_by_email(self, ctx: Context, request: port.NotifyByEmail) -> None:
        """Order mails on the present event for whom it names."""
        del request
        event = fact_of(ctx)
        people, variables = _NOTICES[name_of(event)](event.data)
        await self.tell(ctx, people, variables)

    async def on_user_created(self, ctx: Context, event: Received[models.UserCreated]) -> None:
        """Welcome a person; programs are not written to, and the invited were already."""
        if event.data.kind != models.AccountKind.service_account:
            await self.notify_by_email(ctx, port.NotifyByEmail())

    async def on_recording_ready(
        self, ctx: Context, event: Received[models.RecordingReady]
    ) -> None:
        """A link to the film for those it is shared with."""
        del event
        await self.notify_by_email(ctx, port.NotifyByEmail())

    async def on_report_ready(self, ctx: Context, event: Received[models.ReportReady]) -> None:
        """A link to the report."""
        del event
        await self.notify_by_email(ctx, port.NotifyByEmail())

    async def on_report_failed(self, ctx: Context, event: Received[models.ReportFailed]) -> None:
        """Why the report did not come."""
        del event
        await self.notify_by_email(ctx, port.NotifyByEmail())

    async def on_device_revoked(self, ctx: Context, event: Received[models.DeviceRevoked]) -> None:
        """A warning where the device moved to another account; else the person did it."""
        if event.data.moved_to_another:
            await self.notify_by_email(ctx, port.NotifyByEmail())

    async def collect_for_digest(self, ctx: Context, request: port.CollectForDigest) -> None:
        """Order what the present event tells; who does not want it at once finds it in a digest."""
        del request
        event = fact_of(ctx)
        people, variables = _COLLECTED[name_of(event)](event.data)
        await self.tell(ctx, people, variables)

    async def on_task_assigned(self, ctx: Context, event: Received[models.TaskAssigned]) -> None:
        """Tell the new assignees, and remember who follows the task."""
        data = event.data
        for each in (*data.added_assignee_ids, data.assigned_by):
            if await self.followers.find(ctx, taskId=data.task_id, userId=each) is None:
                await self.followers.insert(ctx, {"taskId": data.task_id, "userId": each})
        for each in data.removed_assignee_ids:
            found = await self.followers.find(ctx, taskId=data.task_id, userId=each)
            if found is not None and each != data.assigned_by:
                await self.followers.remove(ctx, found)
        await self.collect_for_digest(ctx, port.CollectForDigest())

    async def on_task_completed(self, ctx: Context, event: Received[models.TaskCompleted]) -> None:
        """Tell those who follow the task, but not who did it."""
        data = event.data
        people = [
            each.user_id
            async for each in self.followers.each(ctx, taskId=data.task_id)
            if each.user_id != data.completed_by
        ]
        _, variables = _task(event.event.data)
        await self.tell(ctx, people, variables)

    async def on_document_shared(
        self, ctx: Context, event: Received[models.DocumentShared]
    ) -> None:
        """Tell the person it was shared with; teams and links have no address."""
        del event
        await self.collect_for_digest(ctx, port.CollectForDigest())

    async def on_comment_added(self, ctx: Context, event: Received[models.CommentAdded]) -> None:
        """Tell those who were named, but not who named them."""
        del event
        await self.collect_for_digest(ctx, port.CollectForDigest())

    async def on_member_invited(self, ctx: Context, event: Received[models.MemberInvited]) -> None:
        """The invitation."""
        await self.mail_invitation(ctx, port.MailInvitation(body=event.data))

    async def mail_invitation(self, ctx: Context, request: port.MailInvitation) -> None:
        """Quote the inviter's and the organisation's name and nothing else, without links.

        Raises:
            Problem: `unavailable` while nobody says what the inviter is called; `rate-limited`
                beyond what a tenant on trial may send in a day; `rule-broken`: sealed by somebody
                else.
        """
        body = request.body
        if body.expires_at <= ctx.now or body.sealed_invitee is None:
            return
        name = body.organization_name or "an organisation"
        inviter = await self._name_of(body.invited_by) or name
        (address,) = self.world.contacts.opened("org-service", body.sealed_invitee, ctx.tenant)
        most, state = self.settings.trial_invitations_per_day, await self.tenant_state(ctx)
        trial = state is None or not state.paying
        if trial and await self.tally(ctx, "invitations", ctx.now) >= most:
            raise RATE_LIMITED(f"{most} invitations a day")
        await self.tally(ctx, "invitations", ctx.now, 1)
        variables = {
            "inviter": inviter,
            "organization": name,
            "role": str(body.role),
            "expires": when(body.expires_at),
            "invitationLink": f"{APP}/invitations/{body.invitation_id}",
        }
        wanted = Wanted(
            source=body.invitation_id,
            route=ROUTES["member-invited"],
            variables=variables,
            address=address,
        )
        await self.order(ctx, wanted)

    async def _name_of(self, user_id: UUID | None) -> str | None:
        """What somebody is called; None who is gone.

        Raises:
            Problem: `unavailable`: user-service does not say.
        """
        if user_id is None:
            return None
        try:
            found = await self.clients.user.client.get_user(user_id=user_id)
        except CallError as error:
            if isinstance(error, RefusedError) and error.status in (404, 410):
                return None
            raise UNAVAILABLE("user-service does not say who invites") from error
        return found.display_name

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        """The notice to the owners."""
        await self.mail_off_boarding(ctx, port.MailOffBoarding(body=event.data))

    async def mail_off_boarding(self, ctx: Context, request: port.MailOffBoarding) -> None:
        """Tell the owners when the data go, and suppress all else to the tenant but warnings."""
        body = request.body
        await self.note_tenant(ctx, {"purgeAfter": body.purge_after})
        await self.note_contact(ctx, body.deletion_requested_by, "owner")
        variables = {
            "purgeAfter": when(body.purge_after),
            "organizationLink": f"{APP}/settings/organization",
        }
        owners = await self.contacts_of(ctx, "owner")
        await self.tell(ctx, owners, variables, "organization-deleted")
        waiting = [
            each
            async for each in self.email_message.each(ctx, status=models.EmailStatus.queued)
            if each.category != models.NotificationCategory.security
            and each.notification_key != ROUTES["organization-deleted"].key
        ]
        for each in waiting:
            await self.suppress(ctx, each, models.SuppressionReason.tenant_deleted)

    async def on_webhook_disabled(
        self, ctx: Context, event: Received[models.WebhookDisabled]
    ) -> None:
        """The notice to the endpoint's contacts."""
        await self.warn_endpoint_contacts(ctx, port.WarnEndpointContacts(body=event.data))

    async def warn_endpoint_contacts(
        self, ctx: Context, request: port.WarnEndpointContacts
    ) -> None:
        """Open the sealed contacts and write to each; a seal that does not open is a dead letter.

        Raises:
            Problem: `rule-broken`: sealed by somebody else.
        """
        body, event = request.body, ctx.cause
        if body.sealed_contacts is None:
            return
        variables = {
            "label": body.label,
            "reason": str(body.disabled_reason),
            "waiting": str(body.pending_deliveries or 0),
            "endpointLink": f"{APP}/settings/webhooks/{body.endpoint_id}",
        }
        source = event.id if event is not None else body.endpoint_id
        for address in self.world.contacts.opened(
            "webhook-service", body.sealed_contacts, ctx.tenant
        ):
            route = ROUTES["webhook-disabled"]
            wanted = Wanted(source=source, route=route, variables=variables, address=address)
            await self.order(ctx, wanted)


Told = tuple[list[UUID], dict[str, str]]


def _people(values: Any) -> list[UUID]:
    return [UUID(str(each)) for each in values or ()]


def _created(data: Mapping[str, Any]) -> Told:
    return _people([data["userId"]]), {"appLink": APP}


def _recording(data: Mapping[str, Any]) -> Told:
    minutes = str(max(1, round(int(data["durationSeconds"]) / 60)))
    link = f"{APP}/recordings/{data['recordingId']}"
    return _people(data.get("shareWith")), {"minutes": minutes, "recordingLink": link}


def _report(data: Mapping[str, Any]) -> Told:
    expires = when(datetime.fromisoformat(str(data["expiresAt"])))
    link = f"{APP}/reports/{data['reportId']}"
    told = {"title": str(data["title"]), "expires": expires, "reportLink": link}
    return _people(data["recipientIds"]), told


def _report_failed(data: Mapping[str, Any]) -> Told:
    again = data["failureCode"] in _RETRY
    told = {
        "reason": str(data["failureCode"]),
        "advice": "Ask for it again later." if again else "Asking again does not help.",
        "reportLink": f"{APP}/reports",
    }
    return _people(data.get("recipientIds")), told


def _device(data: Mapping[str, Any]) -> Told:
    told = {"platform": str(data["platform"]), "accountLink": f"{APP}/settings/account"}
    return _people([data["userId"]]), told


def _task(data: Mapping[str, Any]) -> Told:
    author = str(data.get("assignedBy"))
    people = [each for each in data.get("addedAssigneeIds", ()) if str(each) != author]
    name = f"{data['boardKey']}-{data['number']}"
    link = f"{APP}/tasks/{data['taskId']}"
    return _people(people), {"task": name, "headline": str(data["headline"]), "taskLink": link}


def _shared(data: Mapping[str, Any]) -> Told:
    kind, _, key = str(data["principal"]).partition(":")
    told = {"access": str(data["access"]), "documentLink": f"{APP}/documents/{data['documentId']}"}
    return _people([key] if kind == "user" else ()), told


def _mentioned(data: Mapping[str, Any]) -> Told:
    people = [each for each in data["mentions"] if str(each) != str(data["authorId"])]
    return _people(people), {"documentLink": f"{APP}/documents/{data['documentId']}"}


_NOTICES = {
    "user-created": _created,
    "recording-ready": _recording,
    "report-ready": _report,
    "report-failed": _report_failed,
    "device-revoked": _device,
}
_COLLECTED = {
    "task-assigned": _task,
    "task-completed": _task,
    "document-shared": _shared,
    "comment-added": _mentioned,
}
