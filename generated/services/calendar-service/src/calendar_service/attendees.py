"""Who is asked to come to an event, and what they answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, REFERENCE_UNKNOWN, breaks_rule
from cloudsync_chassis.store.query import Page

from .generated import models, port, problems, tables
from .series_changes import SeriesChanges

_MOST_ATTENDEES = 500
_DAY = timedelta(days=1)


class Attendees(SeriesChanges):
    """Commands and queries on lines of attendees."""

    async def invite_attendee(
        self, ctx: Context, request: port.InviteAttendee
    ) -> models.EventAttendee:
        body = request.body
        if (body.user_id is None) == (body.email_address is None):
            raise breaks_rule("an account or an address, and not both", pointer="/userId")
        strangers = await self.strangers([body.user_id]) if body.user_id is not None else set()
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        await self.check_thawed(ctx)
        if event.source_task_id is not None:
            raise CONDITION_NOT_MET("nobody comes to a due date")
        if strangers:
            raise REFERENCE_UNKNOWN("no member of the organisation")
        caller = self.person(ctx)
        fields: dict[str, Any] = body.model_dump(by_alias=True, exclude_unset=True)
        fields["invitedBy"] = caller
        await self._check_new(ctx, event, fields)
        if body.email_address is not None:
            await self._check_outside(ctx, caller)
        line = await self.event_attendee.create(
            ctx, "invite-attendee", fields, calendarEventId=event.id
        )
        if body.user_id is not None and body.user_id not in event.attendee_user_ids:
            people = [*event.attendee_user_ids, body.user_id]
            after = await self.calendar_event.rewrite(ctx, event, {"attendeeUserIds": people})
            await self.block_people(ctx, after, [body.user_id])
        return line

    async def _check_new(
        self, ctx: Context, event: models.CalendarEvent, fields: dict[str, Any]
    ) -> None:
        """Not on the list yet, and there is a seat.

        Raises:
            Problem: `already-invited`, `room-too-small`, `condition-not-met`.
        """
        if "emailAddress" in fields:
            fields["emailAddress"] = str(fields["emailAddress"]).lower()
            who = {"emailAddress": fields["emailAddress"]}
        else:
            who = {"userId": fields["userId"]}
        known = await self.event_attendee.find(ctx, calendarEventId=event.id, **who)
        if known is not None or fields.get("userId") in event.attendee_user_ids:
            raise problems.ALREADY_INVITED("the person or address is on the list")
        if len(event.attendee_user_ids) >= _MOST_ATTENDEES:
            raise CONDITION_NOT_MET(f"{_MOST_ATTENDEES} people are the most")
        outside = await self.event_attendee.count(ctx, calendarEventId=event.id, userId=None)
        people = len({event.organizer_id, *event.attendee_user_ids}) + outside + 1
        for room in event.resource_ids:
            found = await self.calendar.find(ctx, id=room)
            if found is not None and people > (found.capacity or 0):
                raise problems.ROOM_TOO_SMALL(f"{found.name} has {found.capacity} seats")

    async def _check_outside(self, ctx: Context, caller: UUID) -> None:
        """Nobody floods the world with invitations.

        Raises:
            Problem: `outside-limit-reached`.
        """
        table = tables.event_attendees
        statement = sa.select(sa.func.count()).where(
            table.c.organization_id == ctx.tenant,
            table.c.invited_by == caller,
            table.c.email_bidx.is_not(None),
            table.c.created_at > ctx.now - _DAY,
        )
        invited = (await (await ctx.unit.connection()).execute(statement)).scalar_one()
        most = (await self.policy(ctx)).outside_invitations_per_day
        if invited >= most:
            raise problems.OUTSIDE_LIMIT_REACHED(f"{most} people from outside a day are the most")

    async def uninvite_attendee(self, ctx: Context, request: port.UninviteAttendee) -> None:
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        await self.check_thawed(ctx)
        path = {"id": request.event_attendee_id, "calendarEventId": event.id}
        line = await self.event_attendee.find(ctx, **path)
        if line is None:
            return
        await self.event_attendee.remove(ctx, line)
        if line.user_id is None:
            return
        for each in [event, *await self.overrides(ctx, event.id)]:
            people = [user for user in each.attendee_user_ids if user != line.user_id]
            if people != each.attendee_user_ids:
                await self.calendar_event.rewrite(ctx, each, {"attendeeUserIds": people})
                await self.free_people(ctx, each.id, line.user_id)

    async def respond_to_invitation(
        self, ctx: Context, request: port.RespondToInvitation
    ) -> models.EventAttendee:
        caller, body = self.person(ctx), request.body
        self._check_answer(caller, body)
        event = await self.calendar_event.find(ctx, id=request.calendar_event_id)
        if event is None:
            raise NOT_FOUND("no such calendar-event")
        if caller not in event.attendee_user_ids:
            raise problems.NOT_INVITED("you are not on the list of the event")
        ctx.grant.given = True
        if event.status == "cancelled" or await self._over(ctx, event):
            raise problems.EVENT_ALREADY_OVER("too late to come")
        await self.seat(ctx, event)
        line = await self.event_attendee.find(ctx, calendarEventId=event.id, userId=caller)
        if line is None:
            raise problems.NOT_INVITED("you are not on the list of the event")
        proposed = body.proposed_start
        answered = (str(line.response), line.proposed_start, line.answered_sequence)
        if answered == (str(body.response), proposed, event.sequence):
            return line
        if body.delegate_id is not None:
            event = await self._seat_delegate(ctx, event, body.delegate_id, caller)
        fields = {
            "response": str(body.response),
            "respondedAt": ctx.now,
            "answeredSequence": event.sequence,
            "proposedStart": proposed,
        }
        after = await self.event_attendee.update(ctx, "seat-attendees", line.id, fields)
        await self.event_attendee.announce(ctx, "invitation-answered", after)
        if body.response in ("declined", "delegated"):
            await self.free_people(ctx, event.id, caller)
        else:
            await self.block_people(ctx, event, [caller])
        return after

    def _check_answer(self, caller: UUID, body: models.RespondToInvitationRequest) -> None:
        hesitates = body.response in ("declined", "tentative")
        if body.proposed_start is not None and not hesitates:
            raise breaks_rule("goes with a no or a perhaps", pointer="/proposedStart")
        if (body.delegate_id is not None) != (body.response == "delegated"):
            raise breaks_rule("goes with a delegation, and has to", pointer="/delegateId")
        if body.delegate_id == caller:
            raise breaks_rule("somebody else", pointer="/delegateId")

    async def _over(self, ctx: Context, event: models.CalendarEvent) -> bool:
        ends = [end for _, end in self.occurrences(event)]
        ends += [each.ends_at for each in await self.overrides(ctx, event.id)]
        return max(ends, default=event.ends_at) <= ctx.now

    async def _seat_delegate(
        self, ctx: Context, event: models.CalendarEvent, delegate: UUID, caller: UUID
    ) -> models.CalendarEvent:
        if delegate in event.attendee_user_ids:
            return event
        if len(event.attendee_user_ids) >= _MOST_ATTENDEES:
            raise CONDITION_NOT_MET(f"{_MOST_ATTENDEES} people are the most")
        people = [*event.attendee_user_ids, delegate]
        event = await self.calendar_event.rewrite(ctx, event, {"attendeeUserIds": people})
        line = {"userId": delegate, "invitedBy": caller}
        await self.event_attendee.create(ctx, "invite-attendee", line, calendarEventId=event.id)
        await self.block_people(ctx, event, [delegate])
        return event

    async def list_attendees(
        self, ctx: Context, request: port.ListAttendees
    ) -> Page[models.EventAttendee]:
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        filters = {"response": request.response, "attendance": request.attendance}
        found = await self.event_attendee.list(ctx, request.page, filters, calendarEventId=event.id)
        if str(event.organizer_id) == ctx.principal.subject:
            return found
        # `model_copy` does not check: without the address a line is not whole, and need not be.
        shown = tuple(
            each if each.email_address is None else each.model_copy(update={"email_address": None})
            for each in found.items
        )
        return Page(shown, found.following)

    async def seat_attendees(self, ctx: Context, request: port.SeatAttendees) -> None:
        await self.lock(ctx, request.body.event_id)
        event = await self.calendar_event.find(ctx, id=request.body.event_id)
        if event is not None:
            await self.seat(ctx, event)
            await self.block_people(ctx, event)

    async def reopen_answers(self, ctx: Context, request: port.ReopenAnswers) -> None:
        for key in (request.body.event_id, request.body.split_series_id):
            event = await self.calendar_event.find(ctx, id=key) if key is not None else None
            if event is not None:
                for each in [event, *await self.overrides(ctx, event.id)]:
                    await self.block_people(ctx, each)
        if request.body.scope == "this":
            return  # the moved date has lines of its own, which nobody has answered yet
        moved = request.body.split_series_id or request.body.event_id
        async for line in self.event_attendee.each(ctx, calendarEventId=moved):
            older = (line.answered_sequence or 0) < request.body.sequence
            if older and line.response not in ("declined", "needsAction"):
                names = ("respondedAt", "answeredSequence", "proposedStart")
                fields = {"response": "needsAction", **dict.fromkeys(names)}
                await self.event_attendee.update(ctx, "reopen-answers", line.id, fields)

    async def on_event_scheduled(
        self, ctx: Context, event: Received[models.EventScheduled]
    ) -> None:
        await self.seat_attendees(ctx, port.SeatAttendees(body=event.data))

    async def on_event_rescheduled(
        self, ctx: Context, event: Received[models.EventRescheduled]
    ) -> None:
        await self.reopen_answers(ctx, port.ReopenAnswers(body=event.data))
