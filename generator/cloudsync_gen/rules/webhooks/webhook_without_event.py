"""A webhook is fired by no event.

What it does: reports webhooks without `x-event`.

Why: deliveries are made when the event is published; without one the webhook never fires.

Example: `recipe.approved: {post: {operationId: recipeApproved, …}}` alone.

Use instead: `x-event: application.event.recipe-approved` beside the `operationId`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import Webhook
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for webhook in model.all(Webhook):
        if webhook.event is None:
            yield RULE.at(
                model.ref(webhook.id),
                f"no event fires `{webhook.webhook_name}`",
                "name the event in `x-event`",
                element=webhook.id,
            )


RULE = Rule(code="WHK010", name="webhook-without-event", family="webhooks", check=check)
