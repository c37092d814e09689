"""A service does nothing that the business knows of.

What it does: wants at least one business service in `realizes` of each service whose domain offers
some.

Why: from there goals are traced down to what runs. What realizes nothing is missing in every
answer to "what is this for" and "what does it cost us if it stands still".

Example: `realizes: []`.

Use instead: `realizes: [business.service.fresh-lemonade]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import BusinessService
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    offering = {each.domain for each in model.all(BusinessService)}
    for service in model.all(Service):
        if not service.realizes and service.domain in offering:
            yield RULE.at(
                model.ref(service.id, "realizes"),
                "this service realizes no business service",
                "name the one that it is there for",
                element=service.id,
            )


RULE = Rule(
    code="DDD031", name="service-realizes-nothing", family="domain-driven design", check=check
)
