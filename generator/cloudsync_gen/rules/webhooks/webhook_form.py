"""A webhook lacks its name, or may come without a body.

What it does: wants `operationId` and `requestBody.required: true` of each webhook.

Why: receivers generate their handler from the one, and rely on the other: a delivery without its
event tells nothing.

Example: a webhook with `requestBody: {content: …}` alone.

Use instead: `requestBody: {required: true, content: …}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.webhooks._written import operations


def check(model: Model) -> Iterator[Diagnostic]:
    for webhook, operation in operations(model):
        ref = model.ref(webhook.id)
        body = operation.get("requestBody")
        if "operationId" not in operation:
            yield RULE.at(
                ref,
                "this webhook has no `operationId`",
                "name it as receivers shall call their handler",
                element=webhook.id,
            )
        if isinstance(body, dict) and body.get("required") is not True:
            yield RULE.at(
                ref.at("requestBody"),
                "a delivery may come without its event",
                "add `required: true`",
                element=webhook.id,
            )


RULE = Rule(code="WHK012", name="webhook-form", family="webhooks", check=check)
