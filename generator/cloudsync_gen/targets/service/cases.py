"""Example requests for the contract tests of a service."""

from __future__ import annotations

from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.views import CaseView, MethodView


def cases_of(facts: ServiceFacts, methods: tuple[MethodView, ...]) -> tuple[CaseView, ...]:
    return ()
