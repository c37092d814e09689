"""What the team of a service is shown: how to call it, how to write a handler, how to refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from cloudsync_gen.model.layers.application import ProblemCase
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts

if TYPE_CHECKING:
    from cloudsync_gen.targets.service.views import GrantView, MethodView


class ProblemView(Struct, frozen=True, kw_only=True):
    """A refusal that the model declares, and the constant for it; `slug` ends its type."""

    constant: str
    slug: str
    status: int
    title: str
    about: str


class GuideView(Struct, frozen=True, kw_only=True):
    """A role that may do much, a path to begin with, and the signature of a handler to write.

    Empty where the service has none.
    """

    role: str
    path: str
    handler: str
    request: str
    result: str


def problems_of(facts: ServiceFacts) -> tuple[ProblemView, ...]:
    """The refusals that commands and queries declare, by slug and status."""
    cases: dict[tuple[str, int], ProblemCase] = {}
    for performed in (*facts.performed, *facts.listening):
        for each in performed.errors:
            cases.setdefault((each.slug, each.status), each)
    scope, alike = Scope(), Counter(slug for slug, _ in cases)
    return tuple(_problem(each, scope, alike[each.slug] > 1) for _, each in sorted(cases.items()))


def constants_of(problems: Iterable[ProblemView]) -> dict[tuple[str, int], str]:
    """The constants of refusals by slug and status."""
    return {(each.slug, each.status): each.constant for each in problems}


def _problem(case: ProblemCase, scope: Scope, ambiguous: bool) -> ProblemView:
    name = f"{case.slug}-{case.status}" if ambiguous else case.slug
    return ProblemView(
        constant=scope.take(python_name(name).upper()),
        slug=case.slug,
        status=case.status,
        title=case.slug.replace("-", " ").capitalize(),
        about=summary(case.when),
    )


def guide_of(methods: Iterable[MethodView], grants: Iterable[GrantView]) -> GuideView:
    """Examples of the service's own: the first list, the first handler that is missing."""
    methods = tuple(methods)
    lists = [
        each.route.path.lstrip("/")
        for each in methods
        if each.paged and each.route is not None and "{" not in each.route.path
    ]
    wanted = [each for each in methods if not each.default.verb] or [*methods]
    handler = wanted[0] if wanted else None
    roles = Counter(role for grant in grants for role in grant.roles)
    return GuideView(
        role=min(roles, key=lambda role: (-roles[role], role), default=""),
        path=min(lists, key=lambda path: (len(path), path), default=""),
        handler=handler.name if handler else "",
        request=handler.request if handler else "",
        result=handler.result if handler else "",
    )
