"""Teams and the seats in them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import CONDITION_NOT_MET, FORBIDDEN, NOT_FOUND

from .base import Base
from .generated import models, port, problems

_PEOPLE = 2_500
"""People in a team at most."""

_TEAMS = 500
"""Teams of a person at most."""


class Teams(Base):
    """Handlers of seats in teams."""

    async def _team(self, ctx: Context, team_id: UUID) -> models.Team:
        found = await self.team.find(ctx, id=team_id)
        if found is None:
            raise NOT_FOUND("no such team")
        return found

    async def add_team_members(self, ctx: Context, request: port.AddTeamMembers) -> models.Team:
        """Put members of the organisation into a team; those inside are passed over."""
        team = await self._team(ctx, request.team_id)
        wanted = request.body.user_ids
        self._admit(ctx, team, wanted)
        if team.archived_at is not None:
            raise problems.TEAM_ARCHIVED("the team takes nobody in any more")
        members = []
        for each in wanted:
            member = await self.member(ctx, each)
            if member is None or member.resting_since is not None:
                raise problems.NOT_A_MEMBER_422(f"{each} does not belong to the organisation")
            members.append(member)
        adder = self.person(ctx, team.lead_user_ids[0])
        return await self.seat_in_team(ctx, team, members, adder)

    def _admit(self, ctx: Context, team: models.Team, wanted: Iterable[UUID]) -> None:
        """Leads and administrators add anybody; everybody else themselves, to an open team.

        Raises:
            Problem: `team-closed`, `forbidden`.
        """
        caller = ctx.principal.subject
        if ctx.grant.given or caller in {str(each) for each in team.lead_user_ids}:
            ctx.grant.given = True
            return
        if {str(each) for each in wanted} != {caller}:
            raise FORBIDDEN("only leads and administrators add other people")
        if team.join_policy != models.JoinPolicy.open:
            raise problems.TEAM_CLOSED("people do not join this team by themselves")
        ctx.grant.given = True

    async def seat_in_team(
        self,
        ctx: Context,
        team: models.Team,
        members: Iterable[models.Membership],
        adder: UUID,
    ) -> models.Team:
        """The team with these people in it; only those who were not are announced.

        Raises:
            Problem: `team-full`, `condition-not-met`: somebody is in too many teams.
        """
        added = []
        for each in members:
            seat = {"teamId": team.id, "userId": each.user_id}
            if await self.team_member.find(ctx, **seat) is not None:
                continue
            if len(each.team_ids) >= _TEAMS:
                raise CONDITION_NOT_MET(f"{each.user_id} is in {_TEAMS} teams already")
            added.append(each)
        if not added:
            return team
        if team.member_count + len(added) > _PEOPLE:
            raise problems.TEAM_FULL(f"{team.member_count} people are in the team")
        for each in added:
            seat = {"teamId": team.id, "userId": each.user_id, "addedBy": adder}
            await self.team_member.insert(ctx, seat)
            teams = list(dict.fromkeys((*each.team_ids, team.id)))
            await self.membership.rewrite(ctx, each, {"teamIds": teams})
        told = {"teamId": team.id, "userIds": [each.user_id for each in added]}
        await self.team_member.announce(ctx, "team-member-added", told)
        return await self.team.rewrite(ctx, team, {"memberCount": team.member_count + len(added)})

    async def remove_team_member(self, ctx: Context, request: port.RemoveTeamMember) -> None:
        """Take one person out of a team; everybody may leave by themselves."""
        team = await self._team(ctx, request.team_id)
        caller = ctx.principal.subject
        leads = {str(each) for each in team.lead_user_ids}
        if not ctx.grant.given:
            if caller != str(request.user_id) and caller not in leads:
                raise FORBIDDEN("only leads and administrators remove other people")
            ctx.grant.given = True
        if leads == {str(request.user_id)}:
            raise problems.LAST_LEAD("the person is the only lead of the team")
        await self.leave_team(ctx, team, request.user_id, None)
        member = await self.member(ctx, request.user_id)
        if member is not None:
            teams = [each for each in member.team_ids if each != team.id]
            await self.membership.rewrite(ctx, member, {"teamIds": teams})

    async def leave_team(
        self, ctx: Context, team: models.Team, user_id: UUID, heir: UUID | None
    ) -> bool:
        """Whether the person had a seat, which is gone now; as lead the heir follows, if any.

        A team without a lead is led by whoever answers for the organisation.
        """
        fields: dict[str, object] = {}
        if user_id in team.lead_user_ids:
            others = [each for each in team.lead_user_ids if each != user_id]
            if heir is not None and heir not in others:
                others.append(heir)
            if not others:
                owners = [each.user_id for each in await self.owners(ctx)]
                others = [each for each in owners if each != user_id][:1] or [user_id]
            fields["leadUserIds"] = others
        seat = await self.team_member.find(ctx, teamId=team.id, userId=user_id)
        if seat is not None:
            await self.team_member.remove(ctx, seat)
            fields["memberCount"] = max(0, team.member_count - 1)
            told: dict[str, object] = {"teamId": team.id, "userIds": [user_id]}
            await self.team_member.announce(ctx, "team-member-removed", told)
        await self.team.rewrite(ctx, team, fields)
        return seat is not None

    async def leave_teams(
        self,
        ctx: Context,
        membership: models.Membership,
        heir: UUID | None,
    ) -> int:
        """Take somebody who goes out of every team and its lead; how many seats that were."""
        user_id = membership.user_id
        seats = [each.team_id async for each in self.team_member.each(ctx, userId=user_id)]
        led = [each.id async for each in self.team.each(ctx, leadUserIds=user_id)]
        left = 0
        for team_id in dict.fromkeys((*seats, *led)):
            team = await self.team.find(ctx, id=team_id)
            if team is not None:
                left += await self.leave_team(ctx, team, user_id, heir)
        if membership.team_ids:
            await self.membership.rewrite(ctx, membership, {"teamIds": []})
        return left

    async def teams_of(self, ctx: Context, user_id: UUID) -> list[models.Team]:
        """The teams that somebody has a seat in."""
        seats = [each.team_id async for each in self.team_member.each(ctx, userId=user_id)]
        found = [await self.team.find(ctx, id=each) for each in seats]
        return [each for each in found if each is not None]
