"""A webhook does not say which answer means that it arrived.

What it does: wants, among the `responses` of each webhook, one with a status of 200 to 299.

Why: a delivery is repeated until such an answer comes. A receiver that reads the definition has to
know which, or gets everything again for a day.

Example: `responses: {}`.

Use instead: `responses: { "204": { description: Heard. } }`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import table
from cloudsync_gen.rules.webhooks._written import operations


def check(model: Model) -> Iterator[Diagnostic]:
    for webhook, operation in operations(model):
        codes = table(operation.get("responses"))
        if not any(str(code)[:1] == "2" for code in codes):
            yield RULE.at(
                model.ref(webhook.id),
                "no answer to this webhook means that it arrived",
                'add `responses: { "204": { description: … } }`',
                element=webhook.id,
            )


RULE = Rule(code="WHK013", name="webhook-without-answer", family="webhooks", check=check)
