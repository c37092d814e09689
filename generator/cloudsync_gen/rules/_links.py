"""Whether links lead where they should; rules stay silent about what hangs on one that does not."""

from __future__ import annotations

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import ElementId, type_of
from cloudsync_gen.model.links import BY_NAME, Link, covers
from cloudsync_gen.model.system import Model


def leads(model: Model, link: Link) -> bool:
    """Whether the link's target exists and is of a type that the registry allows."""
    return link.target in model.elements and covers(
        BY_NAME[link.type].targets, type_of(link.target)
    )


def astray(model: Model, kind: type[Element], link_type: str) -> bool:
    """Whether an element of this struct has a link of the type that does not lead where it should.

    A rule about something missing asks this first: what looks missing may only be misspelt.
    """
    return any(
        link.type == link_type and not leads(model, link)
        for element in model.all(kind)
        for link in model.out.get(ElementId(element.id), ())
    )


def misled(model: Model, element: str, *link_types: str) -> bool:
    """Whether one element has a link of one of these types that does not lead where it should."""
    return any(
        link.type in link_types and not leads(model, link)
        for link in model.out.get(ElementId(element), ())
    )
