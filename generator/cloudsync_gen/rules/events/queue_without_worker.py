"""Nobody takes from a queue what is put into it.

What it does: reports queues into which a service sends (`sends`) and from which none takes
(`queues`), unless what has waited there long enough goes to one from which somebody takes
(`deadLetter`: a queue of retries).

Why: commands pile up until the broker stops whoever sends, and nothing of it is ever done.

Example: `sends: [{queue: technology.queue.thirst, …}]`, and no service with it in `queues`.

Use instead: a service with the queue in `queues`, and the command that it carries out.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import Queue
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Service, "takes-from-queue"):
        return
    taken = {use.queue for service in model.all(Service) for use in service.queues}
    for service in model.all(Service):
        for index, each in enumerate(service.sends):
            queue = model.get(Queue, each.queue)
            if queue is None or queue.id in taken or queue.dead_letter in taken:
                continue
            yield RULE.at(
                model.ref(service.id, "sends", index, "queue"),
                f"nobody takes from `{queue.id}`",
                "name it in `queues` of the service that does the work",
                element=service.id,
                related=(Related(model.ref(queue.id).name(), "the queue"),),
                facts=(queue.id,),
            )


RULE = Rule(
    code="EVT014",
    name="queue-without-worker",
    family="event-driven patterns",
    check=check,
    whole=True,
)
