"""Bodies as lists of blocks, and operations carried out on them.

Offsets and lengths are UTF-16 code units; those beyond a text mean its end, and none falls between
the two halves of a surrogate pair. What names a block that is not there changes nothing, but an
insertion makes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from .generated.models import BlockKind, EditOperation, OperationKind
from .transforming import drops, makes, units

Block = dict[str, Any]

MOST_BYTES = 12_582_912
SKELETON_BYTES = 4096
MOST_ATTACHMENTS = 200
_MOST_BLOCKS = 50_000
_MOST_TEXT = 1_000_000
_MOST_RUNS = 2_000
_MOST_CELLS = 100_000
_EXCERPT = 280


class BodyTooLargeError(Exception):
    """A body would have more than it can hold."""


class Body:
    """The content of a document while operations are carried out on it."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._order = [str(each["blockId"]) for each in blocks]
        self._blocks = {str(each["blockId"]): dict(each) for each in blocks}

    @property
    def blocks(self) -> list[Block]:
        """In reading order."""
        return [self._blocks[each] for each in self._order]

    def carry_out(self, operation: EditOperation) -> EditOperation:
        """Apply an operation; as it is to be kept, with what those who transform it need to know.

        Raises:
            BodyTooLargeError: a limit of the body would be passed.
        """
        if operation.kind == OperationKind.insert:
            return self._insert(operation)
        if drops(operation):
            return self._drop(operation)
        block = self._blocks.get(operation.block_id)
        if block is None:
            return operation
        if operation.kind == OperationKind.move_block:
            self._order.remove(operation.block_id)
            self._put(operation.block_id, operation.after_block_id)
        elif operation.kind == OperationKind.set_cell:
            _set_cell(block, operation)
        elif operation.kind == OperationKind.delete:
            _delete(block, operation.offset or 0, operation.length or 0)
        else:
            _format(block, operation)
        return operation

    def _insert(self, operation: EditOperation) -> EditOperation:
        block = self._blocks.get(operation.block_id)
        if block is None:
            if not makes(operation):
                operation = operation.model_copy(update={"block_kind": BlockKind.paragraph})
            if len(self._order) >= _MOST_BLOCKS:
                raise BodyTooLargeError("a body has 50,000 blocks at most")
            block = {"blockId": operation.block_id, "kind": str(operation.block_kind)}
            if operation.file_id is not None:
                block["fileId"] = str(operation.file_id)
            self._blocks[operation.block_id] = block
            self._put(operation.block_id, operation.after_block_id)
        if operation.text:
            _insert_text(block, operation.offset or 0, operation.text)
        return operation

    def _put(self, block_id: str, after: str | None) -> None:
        """Behind another block; at the top where none is named or it is not there."""
        place = self._order.index(after) + 1 if after in self._blocks and after != block_id else 0
        self._order.insert(place, block_id)

    def _drop(self, operation: EditOperation) -> EditOperation:
        """Take a block out; what hung on it hangs on what it hung on."""
        block = self._blocks.pop(operation.block_id, None)
        if block is None:
            return operation
        place = self._order.index(operation.block_id)
        del self._order[place]
        for each in self._blocks.values():
            if each.get("parentBlockId") == operation.block_id:
                each.pop("parentBlockId")
                if "parentBlockId" in block:
                    each["parentBlockId"] = block["parentBlockId"]
        before = self._order[place - 1] if place else None
        return operation.model_copy(update={"after_block_id": before})


def canonical(blocks: Sequence[Block]) -> bytes:
    """The blocks as canonical JSON (RFC 8785): our names are ASCII, our numbers whole."""
    text = json.dumps(blocks, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def attached(blocks: Iterable[Block]) -> list[UUID]:
    """Files that blocks refer to, each once, in reading order."""
    return list(dict.fromkeys(UUID(each["fileId"]) for each in blocks if "fileId" in each))


def excerpt(blocks: Iterable[Block]) -> str:
    """The first plain text, 280 characters at most."""
    found = ""
    for each in blocks:
        found = f"{found} {each.get('text', '')[: _EXCERPT * 4]}".strip()
        found = " ".join(found.split())
        if len(found) >= _EXCERPT:
            break
    return found[:_EXCERPT].rstrip()


def plain_text(blocks: Iterable[Block], most: int) -> str:
    """Texts of the blocks, a line each, until there are `most` characters."""
    lines: list[str] = []
    length = 0
    for each in blocks:
        line = str(each.get("text", ""))[:most]
        lines.append(line)
        length += len(line)
        if length >= most:
            break
    return "\n".join(lines)[:most]


def skeleton(blocks: Sequence[Block]) -> list[Block]:
    """As many of a template's blocks from its top as a new document may begin with, no files."""
    found: list[Block] = []
    for each in blocks:
        bare = {name: value for name, value in each.items() if name != "fileId"}
        if len(canonical([*found, bare])) > SKELETON_BYTES:
            break
        found.append(bare)
    return found


def _insert_text(block: Block, offset: int, text: str) -> None:
    data = _encoded(block)
    place = _cut(data, offset)
    size = units(text)
    if len(data) // 2 + size > _MOST_TEXT:
        raise BodyTooLargeError("a block has a million UTF-16 code units at most")
    block["text"] = _decoded(data[: place * 2]) + text + _decoded(data[place * 2 :])
    runs = []
    for run in block.get("runs", ()):
        first, last = run["offset"], run["offset"] + run["length"]
        for left, right, shift in ((first, min(last, place), 0), (max(first, place), last, size)):
            if right > left:
                runs.append({**run, "offset": left + shift, "length": right - left})
    _set_runs(block, runs)


def _delete(block: Block, offset: int, length: int) -> None:
    data = _encoded(block)
    start, end = _cut(data, offset), _cut(data, offset + length)
    if start == end:
        return
    block["text"] = _decoded(data[: start * 2]) + _decoded(data[end * 2 :])

    def moved(place: int) -> int:
        return place - max(0, min(place, end) - start)

    runs = []
    for run in block.get("runs", ()):
        first, last = moved(run["offset"]), moved(run["offset"] + run["length"])
        if last > first:
            runs.append({**run, "offset": first, "length": last - first})
    _set_runs(block, runs)


def _format(block: Block, operation: EditOperation) -> None:
    """The stretch wears the marks that the operation names and no others from now on."""
    if operation.block_kind is not None:
        block["kind"] = str(operation.block_kind)
    data = _encoded(block)
    start = _cut(data, operation.offset or 0)
    end = _cut(data, (operation.offset or 0) + (operation.length or 0))
    if operation.marks is None or start == end:
        return
    runs = []
    for run in block.get("runs", ()):
        first, last = run["offset"], run["offset"] + run["length"]
        for left, right in ((first, min(last, start)), (max(first, end), last)):
            if right > left:
                runs.append({**run, "offset": left, "length": right - left})
    if operation.marks:
        marks = sorted(str(each) for each in operation.marks)
        runs.append({"offset": start, "length": end - start, "marks": marks})
    _set_runs(block, runs)


def _set_runs(block: Block, runs: list[Block]) -> None:
    """In order; neighbours that wear the same are one."""
    joined: list[Block] = []
    for run in sorted(runs, key=lambda each: int(each["offset"])):
        last = joined[-1] if joined else None
        touching = last is not None and last["offset"] + last["length"] == run["offset"]
        if last is not None and touching and last["marks"] == run["marks"]:
            last["length"] += run["length"]
        else:
            joined.append(dict(run))
    if len(joined) > _MOST_RUNS:
        raise BodyTooLargeError("a block has 2,000 formatted stretches at most")
    block.pop("runs", None)
    if joined:
        block["runs"] = joined


def _set_cell(block: Block, operation: EditOperation) -> None:
    """Only tables have cells; an empty value empties one."""
    if block["kind"] != BlockKind.table or operation.cell is None:
        return
    cells = {each["cell"]: each["cellValue"] for each in block.get("cells", ())}
    cells.pop(operation.cell, None)
    if operation.cell_value:
        cells[operation.cell] = operation.cell_value
    if len(cells) > _MOST_CELLS:
        raise BodyTooLargeError("a table has 100,000 filled cells at most")
    block["cells"] = [{"cell": name, "cellValue": value} for name, value in sorted(cells.items())]


def _encoded(block: Block) -> bytes:
    return str(block.get("text", "")).encode("utf-16-le")


def _decoded(data: bytes) -> str:
    return data.decode("utf-16-le")


def _cut(data: bytes, unit: int) -> int:
    """A place in a text, not behind its end and not within a surrogate pair."""
    unit = max(0, min(unit, len(data) // 2))
    inside = unit * 2 < len(data) and 0xDC <= data[unit * 2 + 1] <= 0xDF
    return unit - 1 if inside and unit else unit
