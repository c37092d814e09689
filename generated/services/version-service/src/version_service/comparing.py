"""What differs between two versions, and who wrote what."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.security.principal import workload

from .generated import models, port, problems
from .recording import Recording

_KEEP = Operation(id="keep-diff", access="workload", writes=True, timeout=5.0)
_MOST_HUNKS = 5_000
_A_PART = 200
_SHOWN = 10_240
_MEMORY_PER_BYTE = 16
"""How many bytes of memory a comparison takes for one of content."""
_MOST_PARTS = 2_000
_WORDS = re.compile(r"\s+|\S+")

Blocks = dict[str, dict[str, Any]]
Hunk = dict[str, str]


class Comparing(Recording):
    """Comparisons and blame."""

    async def diff_versions(
        self, ctx: Context, request: port.DiffVersions
    ) -> AsyncIterator[models.DiffPart]:
        body = request.body
        pair = [
            await self.readable(ctx, key)
            for key in (body.left_content_version_id, body.right_content_version_id)
        ]
        left, right = sorted(pair, key=lambda each: each.version_number or 0)
        if left.subject_id != right.subject_id:
            raise problems.DIFFERENT_SUBJECTS("the versions belong to two histories")
        about = {
            "subjectId": left.subject_id,
            "leftNumber": left.version_number,
            "rightNumber": right.version_number,
            "granularity": str(body.granularity),
        }
        kept = await self.version_diff.find(ctx, **about)
        if kept is not None:
            return _parts(kept.hunks, kept.truncated, kept.computed_ms)
        old, new = await self.read(ctx, left), await self.read(ctx, right)
        if (len(old) + len(new)) * _MEMORY_PER_BYTE > self.settings.diff_memory_bytes:
            raise problems.DIFF_TOO_LARGE("one of the two is too large to be compared")
        began = time.monotonic()
        until = began + self.settings.diff_cpu_limit
        hunks, truncated = await asyncio.to_thread(_hunks, old, new, str(body.granularity), until)
        took = min(60_000, round((time.monotonic() - began) * 1000))
        found = [from_record(models.DiffHunk, each) for each in hunks]
        if left.id != right.id:
            result = {**about, "hunks": hunks, "truncated": truncated, "computedMs": took}
            await self._keep(ctx, result)
        return _parts(found, truncated, took)

    async def blame_range(self, ctx: Context, request: port.BlameRange) -> models.Blame:
        body = request.body
        newest = await self.readable(ctx, body.content_version_id)
        known = json_blocks(await self.read(ctx, newest)) if _is_document(newest) else {}
        if body.block_id not in known:
            raise problems.BLOCK_UNKNOWN("the version has no such block")
        line = [
            each
            async for each in self.content_version.each(
                ctx, subjectId=newest.subject_id, status=("sealed", "superseded")
            )
            if (each.version_number or 0) <= (newest.version_number or 0)
        ]
        line.sort(key=lambda each: each.version_number or 0)
        text = ""
        written: list[models.ContentVersion] = []
        cells: dict[str, tuple[str, models.ContentVersion]] = {}
        for each in line:
            ctx.deadline.check()
            block = json_blocks(await self.read(ctx, each)).get(body.block_id, {})
            text, written = _attributed(text, written, str(block.get("text", "")), each)
            values = {cell["cell"]: cell["cellValue"] for cell in block.get("cells", ())}
            cells = {
                name: cells[name] if cells.get(name, ("",))[0] == value else (value, each)
                for name, value in values.items()
            }
        if body.from_cell or body.to_cell:
            return _blamed_cells(body, cells)
        return _blamed(body.block_id, written)

    async def readable(self, ctx: Context, key: UUID) -> models.ContentVersion:
        """A version of which the caller may see the content.

        Raises:
            Problem: `not-found`, `forbidden`, `version-thinned`.
        """
        version = await self.content_version.find(ctx, id=key)
        if version is None:
            raise NOT_FOUND("no such version")
        history = await self.content_history.get(ctx, version.subject_id)
        if history.status != models.HistoryStatus.kept or version.version_number is None:
            raise NOT_FOUND("nothing can be read of this version")
        return version

    async def read(self, ctx: Context, version: models.ContentVersion) -> bytes:
        """The content of a version.

        Raises:
            Problem: `not-found`: it was thinned, or its payload is away or damaged.
        """
        content = await self.content(ctx, version)
        if not content:
            raise NOT_FOUND(f"the content of version {version.version_number} is gone")
        return content

    async def _keep(self, ctx: Context, fields: dict[str, Any]) -> None:
        """Store a comparison in a transaction of its own: the question itself writes nothing."""

        async def keep(inside: Context) -> None:
            body = from_record(models.KeepDiffRequest, fields)
            await self.keep_diff(inside, port.KeepDiff(body=body))

        me = workload(self.runtime.spec.name, ctx.tenant)
        await self.runtime.executor.run(_KEEP, Incoming(principal=me, trace=ctx.trace), keep)


def _is_document(version: models.ContentVersion) -> bool:
    return version.subject_kind == models.SubjectKind.document


def units(texts: list[str]) -> int:
    """Length in UTF-16 code units, as browsers count."""
    return sum(len(each.encode("utf-16-le")) for each in texts) // 2


def json_blocks(content: bytes) -> Blocks:
    """Blocks by their ids, in reading order."""
    return {str(each["blockId"]): each for each in json.loads(content)}


async def _parts(
    hunks: list[models.DiffHunk], truncated: bool, took: int
) -> AsyncIterator[models.DiffPart]:
    for start in range(0, max(1, len(hunks)), _A_PART):
        last = start + _A_PART >= len(hunks)
        part = models.DiffPart(hunks=hunks[start : start + _A_PART], last=last)
        if last:
            part = models.DiffPart(
                hunks=part.hunks, last=True, truncated=truncated, computed_ms=took
            )
        yield part


def _hunks(old: bytes, new: bytes, granularity: str, until: float) -> tuple[list[Hunk], bool]:
    """Places that differ, and whether there may be more than were looked for."""
    if granularity == "binary":
        same = hashlib.sha256(old).digest() == hashlib.sha256(new).digest()
        return ([] if same else [{"change": "changed", "path": "content"}]), False
    found: list[Hunk] = []
    for each in _differences(json_blocks(old), json_blocks(new), granularity):
        if len(found) >= _MOST_HUNKS or time.monotonic() > until:
            return found, True
        found.append(each)
    return found, False


def _differences(old: Blocks, new: Blocks, granularity: str) -> Iterator[Hunk]:
    common = [each for each in old if each in new]
    places = {each: place for place, each in enumerate(key for key in new if key in old)}
    for key, block in old.items():
        if key not in new:
            yield {"change": "removed", "path": key, "before": _shown(block)}
    for key, block in new.items():
        if key not in old:
            yield {"change": "added", "path": key, "after": _shown(block)}
            continue
        if granularity != "cell" and common[places[key]] != key:
            yield {"change": "moved", "path": key}
        if granularity == "word":
            yield from _words(key, str(old[key].get("text", "")), str(block.get("text", "")))
        elif granularity == "block" and old[key] != block:
            yield {
                "change": "changed",
                "path": key,
                "before": _shown(old[key]),
                "after": _shown(block),
            }
        if granularity == "cell":
            yield from _cells(key, old[key], block)


def _shown(block: dict[str, Any]) -> str:
    return str(block.get("text", ""))[:_SHOWN]


def _words(key: str, old: str, new: str) -> Iterator[Hunk]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    names = {"replace": "changed", "delete": "removed", "insert": "added"}
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        hunk = {"change": names[tag], "path": f"{key}/{units(after[:c])}"}
        if b > a:
            hunk["before"] = "".join(before[a:b])[:_SHOWN]
        if d > c:
            hunk["after"] = "".join(after[c:d])[:_SHOWN]
        yield hunk


def _cells(key: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Hunk]:
    before, after = (
        {each["cell"]: str(each["cellValue"]) for each in block.get("cells", ())}
        for block in (old, new)
    )
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        change = "added" if was is None else "removed" if now is None else "changed"
        hunk = {"change": change, "path": f"{key}/{name}"}
        hunk |= {"before": was[:_SHOWN]} if was is not None else {}
        hunk |= {"after": now[:_SHOWN]} if now is not None else {}
        yield hunk


def _attributed(
    old: str, owners: list[models.ContentVersion], new: str, version: models.ContentVersion
) -> tuple[str, list[models.ContentVersion]]:
    """A newer text with the version that wrote each of its UTF-16 code units."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    found: list[models.ContentVersion] = []
    place = 0
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        size = units(before[a:b])
        if tag == "equal":
            found += owners[place : place + size]
        else:
            found += [version] * units(after[c:d])
        place += size
    return new, found


def _blamed(path: str, owners: list[models.ContentVersion]) -> models.Blame:
    parts: list[dict[str, Any]] = []
    for place, each in enumerate(owners):
        if parts and parts[-1]["versionNumber"] == each.version_number:
            parts[-1]["endOffset"] = place + 1
        elif len(parts) < _MOST_PARTS:
            parts.append(_part(path, place, place + 1, each))
    return from_record(models.Blame, {"parts": parts})


def _blamed_cells(
    body: models.BlameRangeRequest, cells: dict[str, tuple[str, models.ContentVersion]]
) -> models.Blame:
    first, last = (_place(each) for each in (body.from_cell or "A1", body.to_cell or "ZZZ9999999"))
    inside = {
        name: found
        for name, found in cells.items()
        if first[0] <= _place(name)[0] <= last[0] and first[1] <= _place(name)[1] <= last[1]
    }
    if not inside:
        raise problems.BLOCK_UNKNOWN("the cells lie outside of what is filled")
    parts = [
        _part(f"{body.block_id}/{name}", 0, units([value]), version)
        for name, (value, version) in sorted(inside.items(), key=lambda each: _place(each[0]))
    ]
    return from_record(models.Blame, {"parts": parts[:_MOST_PARTS]})


def _place(cell: str) -> tuple[int, int]:
    """Column and row of a cell, from 1."""
    letters = cell.rstrip("0123456789")
    column = 0
    for each in letters:
        column = column * 26 + ord(each) - 64
    return column, int(cell[len(letters) :])


def _part(path: str, start: int, end: int, version: models.ContentVersion) -> dict[str, Any]:
    return {
        "path": path,
        "startOffset": start,
        "endOffset": end,
        "contributorId": version.contributor_ids[-1],
        "versionNumber": version.version_number,
        "writtenAt": version.created_at,
    }
