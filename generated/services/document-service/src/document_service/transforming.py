"""Concurrent operations made to follow one another (operational transformation).

Two lists of operations that were made on the same body, `mine` and `theirs`, become two that may
each be applied after the other list, with the same body in the end. `theirs` came first: text of
theirs stands before text of mine at the same place, and where both say something of the same thing
mine has the last word. What is put after a block that mine takes out is told by `rehung`, once it is
known what stood before that block. New text wears no marks: they belong to the characters that they
were given to, and an editor that goes on in bold says so by a format.

Offsets and lengths are UTF-16 code units. An operation that has nothing left to do stays as a
deletion of no length, so that each keeps its sequence number. A deletion without a length takes the
whole block out; once applied it names in `afterBlockId` what stood before that block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .generated.models import EditOperation, OperationKind

Ops = list[EditOperation]
Pair = tuple[Ops, Ops]


def units(text: str | None) -> int:
    """Length in UTF-16 code units."""
    return len((text or "").encode("utf-16-le", "surrogatepass")) // 2


def nothing(operation: EditOperation) -> EditOperation:
    """What stands in the place of an operation that has nothing left to do."""
    return EditOperation(kind=OperationKind.delete, block_id=operation.block_id, offset=0, length=0)


def makes(operation: EditOperation) -> bool:
    """Whether it makes a block."""
    return operation.kind == OperationKind.insert and operation.block_kind is not None


def drops(operation: EditOperation) -> bool:
    """Whether it takes a whole block out."""
    return operation.kind == OperationKind.delete and operation.length is None


def transformed(mine: Sequence[EditOperation], theirs: Sequence[EditOperation]) -> Pair:
    """Mine as they follow theirs, and theirs as they follow mine."""
    rows: list[Ops] = [[each] for each in theirs]
    by_block: dict[str, list[int]] = {}
    placing: list[int] = []
    for place, each in enumerate(theirs):
        by_block.setdefault(each.block_id, []).append(place)
        if _places(each) or drops(each):
            placing.append(place)
    done: Ops = []
    for operation in mine:
        touching = set(by_block.get(operation.block_id, ()))
        if _places(operation) or drops(operation):
            touching.update(placing)
        moved = [operation]
        for place in sorted(touching):
            moved, rows[place] = _cross(moved, rows[place])
        done += moved
    return done, [each for row in rows for each in row]


def rehung(theirs: Sequence[EditOperation], mine: Sequence[EditOperation]) -> Ops:
    """Theirs as they follow mine as carried out: blocks are put after others that are there."""
    before = {each.block_id: each.after_block_id for each in mine if drops(each)}
    found: Ops = []
    for each in theirs:
        after = each.after_block_id
        seen: set[str] = set()
        while _places(each) and after in before and after not in seen:
            seen.add(after)
            after = before[after]
        found.append(each if after == each.after_block_id else _changed(each, after_block_id=after))
    return found


def _cross(mine: Ops, theirs: Ops) -> Pair:
    if len(mine) == 1 and len(theirs) == 1:
        return _pair(mine[0], theirs[0])
    done: Ops = []
    for each in mine:
        moved, passed = [each], []
        for other in theirs:
            moved, after = _cross(moved, [other])
            passed += after
        done += moved
        theirs = passed
    return done, theirs


def _places(operation: EditOperation) -> bool:
    return makes(operation) or operation.kind == OperationKind.move_block


def _changed(operation: EditOperation, **fields: Any) -> EditOperation:
    return operation.model_copy(update=fields)


def _pair(x: EditOperation, y: EditOperation) -> Pair:
    """`x` is mine, `y` theirs."""
    if x.block_id != y.block_id:
        return _elsewhere(x, y)
    if drops(x) or drops(y):
        return _dropped(x, y)
    move = OperationKind.move_block
    if x.kind == move or y.kind == move:
        return ([x], [nothing(y)]) if x.kind == y.kind else ([x], [y])
    cell = OperationKind.set_cell
    if x.kind == cell or y.kind == cell:
        same = x.kind == y.kind and x.cell == y.cell
        return ([x], [nothing(y)]) if same else ([x], [y])
    if makes(x) and makes(y):
        x, y = _changed(x, block_kind=None), _changed(y, block_kind=None)
    return _text(x, y)


def _elsewhere(x: EditOperation, y: EditOperation) -> Pair:
    """Where blocks come to stand: only the places after which they are put can meet."""
    if drops(y) and _places(x) and x.after_block_id == y.block_id:
        return [_changed(x, after_block_id=y.after_block_id)], [y]
    if _places(x) and _places(y) and x.after_block_id == y.after_block_id:
        return [x], [_changed(y, after_block_id=x.block_id)]
    return [x], [y]


def _dropped(x: EditOperation, y: EditOperation) -> Pair:
    if drops(x) and drops(y):
        return [nothing(x)], [nothing(y)]
    return ([x], [nothing(y)]) if drops(x) else ([nothing(x)], [y])


def _text(x: EditOperation, y: EditOperation) -> Pair:
    insert = OperationKind.insert
    if x.kind == insert and y.kind == insert:
        p, q = x.offset or 0, y.offset or 0
        if p >= q:
            return [_changed(x, offset=p + units(y.text))], [y]
        return [x], [_changed(y, offset=q + units(x.text))]
    if x.kind == insert:
        after_x, after_y = _insert_and_range(x, y)
        return after_x, after_y
    if y.kind == insert:
        after_y, after_x = _insert_and_range(y, x)
        return after_x, after_y
    return _ranges(x, y)


def _span(operation: EditOperation) -> tuple[int, int]:
    start = operation.offset or 0
    return start, start + (operation.length or 0)


def _insert_and_range(new: EditOperation, over: EditOperation) -> Pair:
    """An insertion as it follows a deletion or a format of a stretch, and the other way round."""
    at, size = new.offset or 0, units(new.text)
    start, end = _span(over)
    deletes = over.kind == OperationKind.delete
    if at <= start:
        return [new], [_changed(over, offset=start + size)]
    if at >= end:
        return [_changed(new, offset=at - (end - start)) if deletes else new], [over]
    behind = _changed(over, offset=at + size, length=end - at)
    before = _changed(over, offset=start, length=at - start)
    return [_changed(new, offset=start) if deletes else new], [behind, before]


def _ranges(x: EditOperation, y: EditOperation) -> Pair:
    delete = OperationKind.delete
    if x.kind == delete and y.kind == delete:
        return [_without(x, y)], [_without(y, x)]
    if x.kind == delete:
        return [x], [_without(y, x)]
    if y.kind == delete:
        return [_without(x, y)], [y]
    return [x], _outside(y, x)


def _without(operation: EditOperation, deleted: EditOperation) -> EditOperation:
    """A stretch once another was deleted."""
    (start, end), (gone, until) = _span(operation), _span(deleted)

    def moved(place: int) -> int:
        return place - max(0, min(place, until) - gone)

    return _changed(operation, offset=moved(start), length=moved(end) - moved(start))


def _outside(operation: EditOperation, later: EditOperation) -> Ops:
    """A format with what a later one does not cover."""
    (start, end), (a, b) = _span(operation), _span(later)
    if b <= start or a >= end:
        return [operation]
    rest = [(start, min(a, end)), (max(b, start), end)]
    parts = [_changed(operation, offset=s, length=e - s) for s, e in rest if e > s]
    if not parts and operation.block_kind is None:
        return [nothing(operation)]
    return parts or [_changed(operation, offset=0, length=0)]
