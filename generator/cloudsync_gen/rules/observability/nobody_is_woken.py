"""An alert shall wake somebody who has no pager.

What it does: wants `contact.pager` of the owner of each alert with `severity: page`.

Why: the alert is routed to the pager's service; without one it goes nowhere, at night.

Example: an owner with `contact: {email: crew@example.com}` alone.

Use instead: `contact: {email: crew@example.com, pager: crew}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.apm import Alert
from cloudsync_gen.model.layers.business import Actor
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for alert in model.all(Alert):
        owner = model.get(Actor, alert.owner)
        if alert.severity != "page" or owner is None:
            continue
        if owner.contact is None or owner.contact.pager is None:
            yield RULE.at(
                model.ref(alert.id, "owner"),
                f"`{owner.id}` shall be woken, but has no pager",
                "add `pager` to its `contact`, or open a ticket instead",
                element=alert.id,
                related=(Related(model.ref(owner.id).name(), "the owner"),),
            )


RULE = Rule(
    code="OBS012",
    name="nobody-is-woken",
    family="comprehensive observability",
    check=check,
)
