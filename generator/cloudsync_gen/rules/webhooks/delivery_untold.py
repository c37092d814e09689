"""There are webhooks, and nothing says how they are delivered.

What it does: wants `webhookDelivery` of the gateway where the model has webhooks: the service that
delivers them, the headers with id, moment and signature, the time-outs, and when each attempt is
made.

Why: receivers generate from the contract how they tell a delivery from a forgery and from one that
they had before, and how long they may be down. What only the sender's code says, each guesses.

Example: `webhooks: { recipe.approved: … }` and a gateway with `webhookReplayWindow` alone.

Use instead: `webhookDelivery: { service: …, signatureHeader: …, attempts: [0s, 10s, 1m, 1h], … }`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Gateway
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.webhooks._written import operations


def check(model: Model) -> Iterator[Diagnostic]:
    first = next(operations(model), None)
    for gateway in model.all(Gateway) if first else ():
        if first and gateway.webhook_delivery is None:
            yield RULE.at(
                model.ref(gateway.id),
                "there are webhooks, but nothing says how they are signed and tried again",
                "add `webhookDelivery`",
                element=gateway.id,
                related=(Related(model.ref(first[0].id), "the first webhook"),),
            )


RULE = Rule(code="WHK014", name="delivery-untold", family="webhooks", check=check)
