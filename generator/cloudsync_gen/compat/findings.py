"""Collects what a comparison finds, for one operation at a time."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cloudsync_gen.compat.deltas import Delta, Mode, Wire, worded
from cloudsync_gen.compat.lifecycle import Event
from cloudsync_gen.compat.nodes import Node
from cloudsync_gen.compat.places import At, Place
from cloudsync_gen.compat.schema import Schemas
from cloudsync_gen.compat.values import Raw, brief
from cloudsync_gen.model.changes import Change, Direction, Level, Pointer


class Site(Struct, frozen=True):
    """The operation under comparison.

    `inverted`: the provider calls (webhooks, callbacks), so that its requests are what consumers
    receive. `exempt`: the base marked it draft or alpha, and promised nothing.
    """

    operation: str = ""
    operation_id: str = ""
    inverted: bool = False
    exempt: bool = False
    depth: int = 0

    @property
    def sent(self) -> Direction:
        """Direction of an operation's parameters and request body."""
        return Direction.RESPONSE if self.inverted else Direction.REQUEST

    @property
    def answered(self) -> Direction:
        """Direction of an operation's responses."""
        return Direction.REQUEST if self.inverted else Direction.RESPONSE


class Findings:
    """The changes found so far, and what finding more of them needs."""

    def __init__(self, schemas: Schemas, today: date) -> None:
        self.schemas = schemas
        self.today = today
        self.changes: list[Change] = []

    def add(
        self,
        site: Site,
        code: str,
        level: Level,
        message: str,
        *,
        old: At | Pointer = (),
        new: At | Pointer = (),
        where: str = "",
        direction: Direction = Direction.NONE,
        before: Raw = None,
        after: Raw = None,
    ) -> None:
        """Record a change of an operation or of the document."""
        label = " ".join(filter(None, (site.operation, where)))
        facts = ("" if before is None else brief(before), "" if after is None else brief(after))
        said = worded(message, *facts)
        self.changes.append(
            Change(
                code=code,
                level=Level.INFO if site.exempt else level,
                direction=direction,
                operation=_clean(site.operation),
                operation_id=_clean(site.operation_id),
                pointer_base=_pointer(old),
                pointer_revision=_pointer(new),
                where=_clean(where),
                before=facts[0],
                after=facts[1],
                message=_clean(f"{label}: {said}" if label else said),
            )
        )

    def event(self, site: Site, event: Event, old: At, new: At, where: str = "") -> None:
        """Record something that happened to a lifecycle."""
        self.add(
            site,
            event.code,
            event.level,
            event.message,
            old=(*old.pointer, event.keyword) if event.keyword in old.fields else old,
            new=(*new.pointer, event.keyword) if event.keyword in new.fields else new,
            where=where,
            before=event.before,
            after=event.after,
        )

    def compare_schemas(
        self, site: Site, place: Place, old: At, new: At, direction: Direction, wire: Wire
    ) -> None:
        """Record the differences of the schemas of two parameters, headers or media types."""
        self.compare_nodes(site, place, old.schema(), new.schema(), Mode(direction, wire))

    def compare_nodes(self, site: Site, place: Place, old: Node, new: Node, mode: Mode) -> None:
        """Record the differences of two schemas."""
        for delta in self.schemas.compare(old, new, mode):
            self._delta(site, place, delta, mode.direction)

    def _delta(self, site: Site, place: Place, delta: Delta, direction: Direction) -> None:
        level = delta.level
        if delta.code.startswith("{p}-default-value") and place.omissible and not delta.path:
            level = Level.ERROR
        where = f"{place.where}: {'/'.join(delta.path)}" if delta.path else place.where
        self.changes.append(
            Change(
                code=place.code(delta.code, delta.path),
                level=Level.INFO if site.exempt else level,
                direction=direction,
                operation=_clean(site.operation),
                operation_id=_clean(site.operation_id),
                pointer_base=_pointer(delta.base),
                pointer_revision=_pointer(delta.revision),
                where=_clean(where),
                before=delta.before,
                after=delta.after,
                message=_clean(f"{site.operation} {where}: {delta.message}".strip()),
            )
        )

    def refuse(self, site: Site, old: At | None, new: At | None, where: str) -> bool:
        """Whether a reference could not be followed on either side; if so, that is recorded."""
        sides = [side for side in (old, new) if side is not None and side.refused is not None]
        if not sides:
            return False
        message = "a reference leads out of the document or nowhere, and is not followed"
        self.add(
            site,
            "reference-not-followed",
            Level.ERROR,
            message,
            old=old or (),
            new=new or (),
            where=where,
            before=old.refused if old is not None else None,
            after=new.refused if new is not None else None,
        )
        return True


def _pointer(at: At | Pointer) -> Pointer:
    steps = at.pointer if isinstance(at, At) else at
    return tuple(_clean(step) if isinstance(step, str) else step for step in steps)


def _clean(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8")[:1000]
