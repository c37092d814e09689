"""Whose an element is: the service, or the bounded context, that it is part of, and their owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from cloudsync_gen.model.ids import ElementId, layer_of, type_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import Domain
from cloudsync_gen.model.layers.ux import Application
from cloudsync_gen.model.system import Model

_PART_OF = (
    *("aggregate-service", "performed-by-service", "event-producer", "resource-service"),
    *("contract-service", "grpc-service", "graphql-service", "schema-service", "written-by"),
    *("measures-service", "route-service", "dashboard-service", "sla-slo"),
    *("operation-command", "rpc-command", "field-resolves", "join-resolves"),
    "lifecycle-aggregate",
    *("webhook-event", "wide-table-keyspace", "stores-schema"),
    *("screen-application", "route-screen", "flow-route"),
    *("business-service-domain", "business-object-domain"),
)
"""Links from a part to what it is part of, the nearest first."""

_HELD_BY = ("uses-store", "screen-component", "event-topic")
"""Links that lead to a part from what it is part of, where only one leads there."""

_MAX_STEPS = 5


class Group(Struct, frozen=True, order=True):
    """Findings that one team mends. `name`: id of a service, domain or application, else the name
    of a layer or the path of a file. `owner`: id of a `business.actor`, empty where nobody is
    named.
    """

    name: str
    owner: str = ""


class Belonging:
    """Answers for one model; without one, what is said of a file belongs to that file."""

    def __init__(self, model: Model | None) -> None:
        self._model = model
        self._of_file: dict[str, set[str]] = {}
        for element, ref in model.refs.items() if model else ():
            self._of_file.setdefault(ref.file, set()).add(element)
        self._of_element = lru_cache(maxsize=None)(self._found)

    def of(self, element: str, file: str) -> Group:
        """The group of an element; where it has no owner, or there is no element, of all in the
        file that have one, if that is the same.
        """
        if self._model is None:
            return Group(file)
        own = self._of_element(element) if element else Group(file)
        if own.owner:
            return own
        around = {self._of_element(each) for each in self._of_file.get(file, ())}
        owned = [each for each in around if each.owner]
        return owned[0] if len(owned) == 1 else own

    def services(self) -> tuple[Group, ...]:
        """The services of the model with their owners, by id."""
        found = self._model.all(Service) if self._model else ()
        return tuple(Group(each.id, each.owner) for each in found)

    def _found(self, element: str) -> Group:
        model, current = self._model, element
        assert model is not None
        for _ in range(_MAX_STEPS):
            found = model.elements.get(ElementId(current))
            if isinstance(found, (Service, Domain, Application)):
                return Group(current, found.owner)
            above = [each for kind in _PART_OF for each in model.targets(current, kind)]
            held = [each for kind in _HELD_BY for each in model.origins(current, kind)]
            if not above and len(held) != 1:
                break
            current = (*above, *held)[0]
        return Group(layer_of(element) if type_of(element) else element)


class Owned(Struct, frozen=True):
    """What is still known when the model is gone. `services`: those of the model with their owners,
    by id; `groups`: whose the elements and files are that were asked about.
    """

    services: tuple[Group, ...] = ()
    groups: Mapping[tuple[str, str], Group] = {}

    def of(self, element: str, file: str) -> Group:
        """The group of an element, or of a file where it was not asked about."""
        return self.groups.get((element, file)) or Group(file)


def owned(model: Model | None, places: Iterable[tuple[str, str]]) -> Owned:
    """`Belonging` for some (element, file) alone."""
    asked = dict.fromkeys(places)
    belonging = Belonging(model if asked else None)
    services = model.all(Service) if model else ()
    return Owned(
        tuple(Group(each.id, each.owner) for each in services),
        {place: belonging.of(*place) for place in asked},
    )
