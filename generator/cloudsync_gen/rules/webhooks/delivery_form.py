"""The delivery of webhooks cannot be kept to as it is told.

What it does: wants attempts after the first, each later than the one before; time to connect within
the time of the whole call, and that within the `webhookReplayWindow`; three headers with names of
their own, in whatever case (RFC 9110, section 5.1); and no webhook with one of them among its own
parameters.

Why: a delivery without a second attempt is lost with the first restart of a receiver; one that may
take longer than receivers believe its signature is refused for being slow; and of two headers of
one name a receiver reads either.

Example: `attempts: [0s, 1m, 30s]`.

Use instead: `attempts: [0s, 30s, 1m]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Gateway, WebhookDelivery
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import entries, table
from cloudsync_gen.rules.webhooks._written import operations
from cloudsync_gen.source import Ref

_HEADERS = ("idHeader", "timestampHeader", "signatureHeader")


def check(model: Model) -> Iterator[Diagnostic]:
    for gateway in model.all(Gateway):
        said = gateway.webhook_delivery
        if said is not None:
            place = model.ref(gateway.id, "webhookDelivery")
            yield from _attempts(gateway, said, place)
            yield from _times(gateway, said, model.ref(gateway.id), place)
            yield from _headers(gateway, said, place)
            yield from _parameters(model, said, place)


def _attempts(gateway: Gateway, said: WebhookDelivery, place: Ref) -> Iterator[Diagnostic]:
    if len(said.attempts) < 2:
        yield RULE.at(
            place.at("attempts"),
            "a delivery that fails is not tried again",
            "name more than one attempt, such as `[0s, 10s, 1m, 1h]`",
            element=gateway.id,
        )
    for index, (one, after) in enumerate(pairwise(map(milliseconds, said.attempts)), 1):
        if after <= one:
            yield RULE.at(
                place.at("attempts", index),
                f"attempt {index + 1} does not come later than attempt {index}",
                "count each from the event, and let them grow",
                element=gateway.id,
                facts=(said.attempts[index],),
            )


def _times(gateway: Gateway, said: WebhookDelivery, ref: Ref, place: Ref) -> Iterator[Diagnostic]:
    whole = milliseconds(said.timeout)
    if milliseconds(said.connect_timeout) > whole:
        yield RULE.at(
            place.at("connectTimeout"),
            f"connecting may take longer than the whole call, {said.timeout}",
            "give the call more time, or its beginning less",
            element=gateway.id,
        )
    if whole > milliseconds(gateway.webhook_replay_window):
        yield RULE.at(
            place.at("timeout"),
            f"a delivery may take longer than its signature holds, {gateway.webhook_replay_window}",
            "give the call less time, or the window more",
            element=gateway.id,
            related=(Related(ref.at("webhookReplayWindow"), "how long it holds"),),
        )


def _headers(gateway: Gateway, said: WebhookDelivery, place: Ref) -> Iterator[Diagnostic]:
    names = (said.id_header, said.timestamp_header, said.signature_header)
    first: dict[str, str] = {}
    for field, name in zip(_HEADERS, names, strict=True):
        other = first.setdefault(name.lower(), field)
        if other != field:
            yield RULE.at(
                place.at(field),
                f"`{name}` is the name of `{other}` already",
                "give each header a name of its own",
                element=gateway.id,
                facts=(field,),
            )


def _parameters(model: Model, said: WebhookDelivery, place: Ref) -> Iterator[Diagnostic]:
    names = (said.id_header, said.timestamp_header, said.signature_header)
    known = dict(zip((each.lower() for each in names), _HEADERS, strict=True))
    for webhook, operation in operations(model):
        for at, each in enumerate(entries(operation.get("parameters"))):
            name = str(table(each).get("name"))
            field = known.get(name.lower())
            if field and table(each).get("in") == "header":
                yield RULE.at(
                    model.ref(webhook.id, "parameters", at, "name"),
                    f"`{name}` is added when the contract is compiled",
                    "remove it; the gateway says it for all webhooks",
                    element=webhook.id,
                    related=(Related(place.at(field), "what all deliveries have"),),
                    facts=(name,),
                )


RULE = Rule(code="WHK015", name="delivery-form", family="webhooks", check=check)
