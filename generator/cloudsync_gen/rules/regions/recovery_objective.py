"""A store recovers later, or loses more, than a requirement allows.

What it does: for each requirement with a `recovery` objective, compares `recovery` of every store,
broker and object storage on which a service of its tiers depends, through its stores, topics and
queues.

Why: the objective is promised to customers; what replication and backup of one store give decides
it for all services that stand on it.

Example: a requirement of `{tiers: [1], rto: 1h, rpo: 5m}`, and a store of a tier 1 service with
`rpo: 1h`.

Use instead: replication or backup that meet it, or an objective that can be met.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.layers.motivation import Requirement
from cloudsync_gen.model.layers.technology import (
    Broker,
    ManagedStore,
    ObjectStorage,
    Queue,
    Recovery,
    Topic,
)
from cloudsync_gen.model.stores import server_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for requirement in model.all(Requirement):
        wanted = requirement.recovery
        if wanted is None:
            continue
        for platform, service in sorted(_platforms(model, wanted.tiers).items()):
            found = _recovery(model, platform)
            if found is None:
                continue
            for field, given, most in (
                ("rto", found.rto, wanted.rto),
                ("rpo", found.rpo, wanted.rpo),
            ):
                if milliseconds(given) > milliseconds(most):
                    yield RULE.at(
                        model.ref(platform, "recovery", field),
                        f"`{requirement.id}` allows an {field.upper()} of {most}, this is {given}",
                        f"`{service}` depends on it: bring it to {most} or below",
                        element=platform,
                        related=(Related(model.ref(requirement.id, "recovery"), "the objective"),),
                        facts=(requirement.id, field),
                    )


def _platforms(model: Model, tiers: tuple[int, ...]) -> dict[str, str]:
    """Id of each platform that services of these tiers depend on -> one of them."""
    chosen = [each for each in model.all(Service) if each.tier in tiers]
    found: dict[str, str] = {}
    for service in chosen:
        for use in service.stores:
            server = server_of(model, use.store)
            if server is not None:
                found.setdefault(server.id, service.id)
        for queue in (model.get(Queue, each.queue) for each in service.queues):
            if queue is not None:
                found.setdefault(queue.broker, service.id)
    ids = {each.id for each in chosen}
    for event in model.all(Event):
        topic = model.get(Topic, event.topic)
        if topic is not None and event.service in ids:
            found.setdefault(topic.broker, event.service)
    return found


def _recovery(model: Model, platform: str) -> Recovery | None:
    found = model.elements.get(ElementId(platform))
    return found.recovery if isinstance(found, ManagedStore | Broker | ObjectStorage) else None


RULE = Rule(
    code="REG006",
    name="recovery-objective",
    family="multi-region deployment",
    check=check,
)
