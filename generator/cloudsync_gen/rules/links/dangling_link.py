"""A link leads nowhere.

What it does: reports a link whose target no layer declares.

Why: everything generated from the link (a client, a policy, a dashboard) would point at nothing.

Example: `owner: business.actor.identiy` when only `business.actor.identity` exists.

Use instead: the id of an existing element; the hint names the one that reads most alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import is_id, type_of
from cloudsync_gen.model.links import BY_NAME, Link, covers
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for links in model.out.values():
        for link in links:
            if (
                is_id(link.target)
                and link.target not in model.elements
                and link.target not in model.broken
            ):
                yield _finding(model, link)


def _finding(model: Model, link: Link) -> Diagnostic:
    row = BY_NAME[link.type]
    candidates = [each for each in model.elements if covers(row.targets, type_of(each))]
    close = nearest(link.target, candidates)
    hint = f"did you mean `{close}`? Otherwise declare it" if close else "declare it"
    message = f"`{link.target}` is declared in no layer ({link.type})"
    return RULE.at(link.ref, message, hint, element=link.source, facts=(link.type, link.target))


RULE = Rule(code="LNK001", name="dangling-link", family="link validation", check=check)
