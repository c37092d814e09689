"""Guarded properties that leave where they did not leave before, or are classed lower where they
leave.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cloudsync_gen.model.exposures import Exposure, Guard, Property

EXPOSED = "classified-property-exposed"
LOWERED = "classified-property-lowered"
"""Ids of the vocabulary."""


class Leak(Struct, frozen=True, kw_only=True):
    """A property, its class as it was (`None` where it was not) and is, and the ways out that are
    new, or that what was lowered takes; at least one.
    """

    code: str
    property: Property
    before: Guard | None
    guard: Guard
    ways: tuple[Exposure, ...]


def compare_exposures(base: Iterable[Exposure], revision: Iterable[Exposure]) -> tuple[Leak, ...]:
    """What leaves newly, one leak for each property and kind of way, then what was lowered.

    A property that leaves to a receiver by one operation leaves to it newly by no other of the
    same kind. What is guarded from now on, and left already, is no leak.
    """
    base, revision = tuple(base), tuple(revision)
    left = {(each.origin, each.kind, each.receiver) for each in base}
    classes = {each.sent: each.guard for each in base}
    found: dict[tuple[str, Property, str], list[Exposure]] = {}
    for each in revision:
        before = classes.get(each.sent)
        if before is not None and before.guarded and each.guard.level < before.level:
            found.setdefault((LOWERED, each.classed, ""), []).append(each)
        elif each.guard.guarded and (each.origin, each.kind, each.receiver) not in left:
            found.setdefault((EXPOSED, each.sent, each.kind), []).append(each)
    return tuple(
        Leak(
            code=code,
            property=which,
            before=classes.get(ways[0].sent),
            guard=ways[0].guard,
            ways=tuple(ways),
        )
        for (code, which, _), ways in sorted(
            found.items(), key=lambda item: (item[0][0], item[0][1].element, item[0][1:])
        )
    )
