"""The folder tree: names, depth, places, and what a change of shares means for what lies below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import ALREADY_EXISTS, INVARIANT_BROKEN, REFERENCE_UNKNOWN, Problem

from .generated import models, port, problems
from .people import People

_DEEPEST = 20
_MOST_INSIDE = 10_000


class Folders(People):
    """Commands on folders."""

    async def create_folder(self, ctx: Context, request: port.CreateFolder) -> models.Folder:
        await self.check_writable(ctx)
        owner, body = self.person(ctx), request.body
        above = None
        if body.parent_folder_id is not None:
            above = await self.folder.find(ctx, id=body.parent_folder_id)
            if above is None:
                raise problems.FOLDER_GONE("the folder above is not there any more")
            if owner not in above.writer_ids:
                raise problems.FOLDER_FORBIDDEN("nothing may be added to the folder above")
            if above.child_count >= _MOST_INSIDE:
                raise INVARIANT_BROKEN("a folder holds ten thousand things at most")
        if _level(above) + 1 > _DEEPEST:
            raise problems.FOLDER_TOO_DEEP("the tree would be deeper than twenty levels")
        fields = {**given(body), "ownerId": owner}
        fields |= _path_below(above)
        own = [(each.principal, str(each.access)) for each in body.shared_with or ()]
        if above is not None and body.inherit_shares is not False:
            own += await self.shares_in(ctx, above.id)
        fields |= await self.readers_of_folder(ctx, owner, own)
        try:
            folder = await self.folder.create(ctx, "create-folder", fields)
        except Problem as problem:
            raise _named(problem) from problem
        await self.recount(ctx, folder.parent_folder_id)
        return folder

    async def update_folder(self, ctx: Context, request: port.UpdateFolder) -> models.Folder:
        folder = await self.folder.get(ctx, request.folder_id)
        self.check_version(ctx, folder.version)
        await self.check_writable(ctx)
        fields = given(request.body)
        shares = bool({"sharedWith", "inheritShares"} & fields.keys())
        before = await self._readers_below(ctx, folder) if shares else {}
        try:
            after = await self.folder.telling().update(ctx, "update-folder", folder.id, fields)
        except Problem as problem:
            raise _named(problem) from problem
        if not shares:
            return after
        for each in await self.tree(ctx, after):
            await self.refresh_readers(ctx, each)
        await self._tell_moved(ctx, before, await self._readers_below(ctx, after))
        return await self.folder.find(ctx, id=folder.id) or after

    async def move_folder(self, ctx: Context, request: port.MoveFolder) -> models.Folder:
        folder = await self.folder.get(ctx, request.folder_id)
        self.check_version(ctx, folder.version)
        await self.check_writable(ctx)
        target = request.body.to_parent_folder_id
        if target == folder.parent_folder_id:
            return folder
        above = await self._new_place(ctx, folder, target)
        below = await self.tree(ctx, folder)
        height = max(_level(each) for each in below) - _level(folder)
        if _level(above) + 1 + height > _DEEPEST:
            raise problems.FOLDER_TOO_DEEP("something would lie deeper than twenty levels")
        before = await self._readers_below(ctx, folder)
        place = {"parentFolderId": target}
        try:
            await self.folder.telling().update(ctx, "move-folder", folder.id, place)
        except Problem as problem:
            raise _named(problem) from problem
        for each in below:
            await self._set_path(ctx, each.id)
            await self.refresh_readers(ctx, each)
        after = await self._readers_below(ctx, folder)
        narrower = any(readers - after[key][1] for key, (_, readers) in before.items())
        if narrower and not request.body.confirm_narrowing:
            raise problems.SHARE_NARROWING("documents below would lose readers")
        await self._tell_moved(ctx, before, after)
        await self.recount(ctx, folder.parent_folder_id, target)
        return await self.folder.find(ctx, id=folder.id) or folder

    async def delete_folder(self, ctx: Context, request: port.DeleteFolder) -> None:
        folder = await self.folder.find(ctx, id=request.folder_id)
        # what lies in the bin keeps no folder from going, and comes back to the root
        async for document in self.document.each(ctx, folderId=request.folder_id, status="trashed"):
            await self.write(ctx, document.id, {"folderId": None})
        await super().delete_folder(ctx, request)
        if folder is not None:
            await self.recount(ctx, folder.parent_folder_id)

    async def tree(self, ctx: Context, folder: models.Folder) -> list[models.Folder]:
        """A folder and all below it, parents before their children."""
        found, level = [folder], [folder]
        while level:
            above = tuple(each.id for each in level)
            level = [each async for each in self.folder.each(ctx, parentFolderId=above)]
            found += level
        return found

    async def refresh_readers(self, ctx: Context, folder: models.Folder) -> None:
        """Work out anew who reads and writes in a folder."""
        shares = await self.shares_in(ctx, folder.id)
        lists = await self.readers_of_folder(ctx, folder.owner_id, shares)
        await self.write_folder(ctx, folder.id, lists)

    async def _new_place(
        self, ctx: Context, folder: models.Folder, target: UUID | None
    ) -> models.Folder | None:
        """The folder to hang another into.

        Raises:
            Problem: `reference-unknown`, `folder-cycle`, `folder-forbidden`.
        """
        if target is None:
            return None
        above = await self.folder.find(ctx, id=target)
        if above is None:
            raise REFERENCE_UNKNOWN("the folder above is not there")
        if above.id == folder.id or _label(folder.id) in (above.path or "").split("."):
            raise problems.FOLDER_CYCLE("the new place lies inside the folder")
        if self.person(ctx) not in above.writer_ids:
            raise problems.FOLDER_FORBIDDEN("nothing may be added to the folder above")
        if above.child_count >= _MOST_INSIDE:
            raise INVARIANT_BROKEN("a folder holds ten thousand things at most")
        return above

    async def _set_path(self, ctx: Context, folder_id: UUID) -> None:
        """Write where a folder lies, its parent's path being right."""
        folder = await self.folder.find(ctx, id=folder_id)
        if folder is None:
            return
        above = None
        if folder.parent_folder_id is not None:
            above = await self.folder.find(ctx, id=folder.parent_folder_id)
        await self.write_folder(ctx, folder.id, {"path": None, **_path_below(above)})

    async def _readers_below(
        self, ctx: Context, folder: models.Folder
    ) -> dict[UUID, tuple[models.Document, set[UUID]]]:
        """Documents in a folder and below it, with everybody who could read them."""
        found = {}
        for each in await self.tree(ctx, folder):
            async for document in self.document.each(ctx, folderId=each.id):
                found[document.id] = document, await self.readers(ctx, document, each.id)
        return found

    async def _tell_moved(
        self,
        ctx: Context,
        before: Mapping[UUID, tuple[models.Document, set[UUID]]],
        after: Mapping[UUID, tuple[models.Document, set[UUID]]],
    ) -> None:
        """Announce each document whose readers are others than before."""
        for key, (document, readers) in after.items():
            if key in before and before[key][1] == readers:
                continue
            place = document.folder_id
            told: dict[str, Any] = {
                "fromFolderId": place,
                "toFolderId": place,
                "principals": await self.principals_of(ctx, document, place),
            }
            record = {**to_record(document), "documentId": document.id}
            await self.folder.announce(ctx, "document-moved", record, **told)


def _label(folder_id: UUID) -> str:
    return str(folder_id).replace("-", "_")


def _level(folder: models.Folder | None) -> int:
    """1 at the top; 0 for what lies above it."""
    if folder is None:
        return 0
    return 1 + (len(folder.path.split(".")) if folder.path else 0)


def _path_below(above: models.Folder | None) -> dict[str, str]:
    """The path of a folder that hangs below another; none at the top."""
    if above is None:
        return {}
    own = _label(above.id)
    return {"path": f"{above.path}.{own}" if above.path else own}


def _named(problem: Problem) -> Problem:
    """The refusal of a taken name by its own slug."""
    if problem.kind == ALREADY_EXISTS:
        return problems.FOLDER_NAME_TAKEN("another folder beside it has this name")
    return problem
