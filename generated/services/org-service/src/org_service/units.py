"""The tree of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record, given, to_record
from cloudsync_chassis.problem import (
    ALREADY_EXISTS,
    NOT_FOUND,
    REFERENCE_UNKNOWN,
    FieldError,
    Problem,
)

from .base import Base
from .generated import models, port, problems, tables

_LEVELS = 8
"""Levels that a tree can have."""

_NODES = 2_000
"""Nodes of an answer."""

_ASKED = 200
"""Units whose children or members are looked up by one query."""


@dataclass(frozen=True)
class _Tree:
    """Units by parent, and how many people are directly in each."""

    children: dict[UUID | None, list[models.OrgUnit]]
    people: dict[UUID, int]

    def total(self, unit: models.OrgUnit) -> int:
        """People in the unit and below it."""
        below = sum(self.total(each) for each in self.children.get(unit.id, ()))
        return self.people.get(unit.id, 0) + below

    def nodes(
        self, units: Sequence[models.OrgUnit], depth: int, levels: int
    ) -> list[models.HierarchyNode]:
        """So many levels of nodes from here down, depth first."""
        found: list[models.HierarchyNode] = []
        for unit in units if levels else ():
            node = models.HierarchyNode(
                org_unit_id=unit.id,
                parent_unit_id=unit.parent_unit_id,
                unit_name=unit.unit_name,
                unit_type=unit.unit_type,
                head_user_id=unit.head_user_id,
                depth=depth,
                head_count=self.people.get(unit.id, 0),
                total_head_count=self.total(unit),
            )
            below = self.children.get(unit.id, ())
            found += [node, *self.nodes(below, depth + 1, levels - 1)]
        return found


class Units(Base):
    """Handlers of units."""

    async def create_org_unit(self, ctx: Context, request: port.CreateOrgUnit) -> models.OrgUnit:
        """Add a node at the top or below another."""
        body = request.body
        organization = await self.locked(ctx, request.organization_id)
        await self._require_head(ctx, body.head_user_id)
        above = await self._place(ctx, body.parent_unit_id)
        if len(above) >= organization.max_unit_depth:
            raise problems.TREE_TOO_DEEP(f"{organization.max_unit_depth} levels are allowed")
        taken = {"parentUnitId": body.parent_unit_id, "unitName": body.unit_name}
        if await self.org_unit.find(ctx, **taken) is not None:
            raise problems.UNIT_NAME_TAKEN("a sibling has the name")
        try:
            made = await self.org_unit.create(
                ctx, "create-org-unit", body, organizationId=organization.id
            )
        except Problem as problem:
            if problem.kind is not ALREADY_EXISTS:
                raise
            raise problems.UNIT_NAME_TAKEN("a sibling has the name") from problem
        record = to_record(made) | {"path": ".".join((*above, made.id.hex))}
        placed = from_record(models.OrgUnit, record)
        await self.org_unit.repository.replace(ctx, placed, made.version)
        return placed

    async def update_org_unit(self, ctx: Context, request: port.UpdateOrgUnit) -> models.OrgUnit:
        """As the model says; whoever heads the unit is a member."""
        await self._require_head(ctx, request.body.head_user_id)
        return await super().update_org_unit(ctx, request)

    async def _require_head(self, ctx: Context, user_id: UUID | None) -> None:
        if user_id is not None and await self.member(ctx, user_id) is None:
            error = FieldError("no member of the organisation", "/headUserId")
            raise REFERENCE_UNKNOWN(errors=(error,))

    async def _place(self, ctx: Context, unit_id: UUID | None) -> list[str]:
        """The labels of the path that ends with a unit; none for the top.

        Raises:
            Problem: `reference-unknown`.
        """
        if unit_id is not None and await self.org_unit.find(ctx, id=unit_id) is None:
            error = FieldError("no such unit", "/parentUnitId")
            raise REFERENCE_UNKNOWN(errors=(error,))
        path = await self.unit_path(ctx, unit_id)
        return path.split(".") if path else []

    async def move_unit(self, ctx: Context, request: port.MoveUnit) -> models.OrgUnit:
        """Hang a unit and all below it elsewhere; paths of units and members follow."""
        organization = await self.locked(ctx, request.organization_id)
        unit = await self.org_unit.find(ctx, id=request.org_unit_id)
        if unit is None:
            raise NOT_FOUND("no such org-unit")
        parent_id = request.body.parent_unit_id
        above = await self._place(ctx, parent_id)
        if unit.id.hex in above:
            raise problems.UNIT_CYCLE("the new parent lies below the unit, or is it")
        levels = await self._below(ctx, [unit])
        if len(above) + len(levels) > organization.max_unit_depth:
            raise problems.TREE_TOO_DEEP(f"{organization.max_unit_depth} levels are allowed")
        path = ".".join((*above, unit.id.hex))
        before = await self.unit_path(ctx, unit.id)
        fields = given(request.body) | {"parentUnitId": parent_id, "path": path}
        moved = await self.org_unit.update(
            ctx, "move-unit", unit.id, fields, fromPath=before, toPath=path
        )
        await self._follow(ctx, moved, levels[1:])
        return moved

    async def _below(
        self, ctx: Context, units: Sequence[models.OrgUnit]
    ) -> list[list[models.OrgUnit]]:
        """The units and all below them, level by level."""
        levels: list[list[models.OrgUnit]] = []
        level = list(units)
        while level and len(levels) < _LEVELS:
            levels.append(level)
            below: list[models.OrgUnit] = []
            for start in range(0, len(level), _ASKED):
                parents = tuple(each.id for each in level[start : start + _ASKED])
                below += [each async for each in self.org_unit.each(ctx, parentUnitId=parents)]
            level = below
        return levels

    async def _follow(
        self, ctx: Context, moved: models.OrgUnit, below: list[list[models.OrgUnit]]
    ) -> None:
        """Rewrite the paths of everything below a unit that moved, and of the members in it."""
        paths = {moved.id: moved.path or moved.id.hex}
        for level in below:
            for each in level:
                parent = paths[each.parent_unit_id] if each.parent_unit_id else ""
                paths[each.id] = f"{parent}.{each.id.hex}"
                await self.org_unit.rewrite(ctx, each, {"path": paths[each.id]})
        ids = list(paths)
        for start in range(0, len(ids), _ASKED):
            units = tuple(ids[start : start + _ASKED])
            async for member in self.membership.each(ctx, unitId=units, endedAt=None):
                if member.unit_id is not None:
                    fields = {"unitPath": paths[member.unit_id]}
                    await self.membership.rewrite(ctx, member, fields)

    async def delete_org_unit(self, ctx: Context, request: port.DeleteOrgUnit) -> None:
        """Take an empty unit out of the tree."""
        await self.locked(ctx, request.organization_id)
        unit_id = request.org_unit_id
        kept = {
            "units": await self.org_unit.count(ctx, parentUnitId=unit_id),
            "teams": await self.team.count(ctx, unitId=unit_id),
            "members": await self.membership.count(ctx, unitId=unit_id, endedAt=None),
            "open invitations": await self.invitation.count(
                ctx, unitId=unit_id, outcome=models.InvitationOutcome.open
            ),
        }
        left = [f"{number} {name}" for name, number in kept.items() if number]
        if left:
            raise problems.UNIT_NOT_EMPTY(", ".join(left))
        place = {"organizationId": request.organization_id}
        await self.org_unit.delete(ctx, "delete-org-unit", unit_id, **place)

    async def get_hierarchy(self, ctx: Context, request: port.GetHierarchy) -> models.Hierarchy:
        """The tree with head counts: `depth` levels from the root, or the tops, down."""
        if await self.organization.find(ctx, id=request.organization_id) is None:
            raise NOT_FOUND("no such organization")
        top: dict[str, Any] = {"parentUnitId": None}
        depth = 1
        if request.root_unit_id is not None:
            top = {"id": request.root_unit_id}
            depth = len(await self._labels(ctx, request.root_unit_id))
        units = [each async for each in self.org_unit.each(ctx, **top)]
        levels = await self._below(ctx, units)
        children: dict[UUID | None, list[models.OrgUnit]] = {}
        for level in levels[1:]:
            for each in sorted(level, key=lambda unit: unit.unit_name):
                children.setdefault(each.parent_unit_id, []).append(each)
        tree = _Tree(children, await self._people(ctx))
        units.sort(key=lambda unit: unit.unit_name)
        nodes = tree.nodes(units, depth, min(request.depth or _LEVELS, _LEVELS))
        return models.Hierarchy(nodes=nodes[:_NODES], truncated=len(nodes) > _NODES)

    async def _labels(self, ctx: Context, unit_id: UUID) -> list[str]:
        if await self.org_unit.find(ctx, id=unit_id) is None:
            raise NOT_FOUND("no such org-unit")
        return await self._place(ctx, unit_id)

    async def _people(self, ctx: Context) -> dict[UUID, int]:
        """How many members of the tenant are directly in each unit."""
        table = tables.memberships
        statement = sa.select(table.c.unit_id, sa.func.count()).where(
            table.c.organization_id == ctx.tenant,
            table.c.ended_at.is_(None),
            table.c.unit_id.is_not(None),
        )
        statement = statement.group_by(table.c.unit_id)
        rows = (await (await ctx.unit.connection()).execute(statement)).all()
        return {row[0]: row[1] for row in rows}
