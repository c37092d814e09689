"""A queue that is worked off has no dead-letter queue, or never gives a message up.

What it does: reports queues from which a service takes commands whose `deadLetter` or
`deliveryLimit` is missing.

Why: a message that cannot be handled is then handed out again for ever and holds up those behind
it, or is dropped without a trace.

Example: `technology.queue.receipts` without `deadLetter`.

Use instead: `deadLetter: technology.queue.receipts-dlq` and `deliveryLimit: 6`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.technology import Queue
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for queue in model.all(Queue):
        given = {"deadLetter": queue.dead_letter, "deliveryLimit": queue.delivery_limit}
        missing = [name for name, value in given.items() if value is None]
        if missing and model.origins(queue.id, "takes-from-queue"):
            yield RULE.at(
                model.ref(queue.id),
                f"`{queue.id}` is worked off but has no `{missing[0]}`",
                "say how often a message is tried and where it goes then",
                element=queue.id,
            )


RULE = Rule(
    code="EVT010",
    name="queue-without-dead-letter",
    family="event-driven patterns",
    check=check,
)
