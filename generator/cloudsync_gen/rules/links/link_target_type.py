"""A link leads to an element of a kind that it cannot mean.

What it does: reports a link whose target exists but is of another type than the link registry
allows.

Why: an `owner` that is a service, or a `schema` that is a table, makes every artefact built on it
wrong.

Example: `domain: business.service.document-collaboration` where a `business.domain` belongs.

Use instead: an element of one of the types that the message names.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import type_of
from cloudsync_gen.model.links import BY_NAME, covers
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    declared = frozenset(model.elements)
    for links in model.out.values():
        for link in links:
            row = BY_NAME[link.type]
            if link.target not in declared or covers(row.targets, type_of(link.target)):
                continue
            allowed = ", ".join(f"`{each}`" for each in row.targets)
            yield RULE.at(
                model.place(link),
                f"`{link.target}` is a `{type_of(link.target)}`; {link.type} leads to {allowed}",
                "name an element of that type",
                element=link.source,
                related=(Related(model.ref(link.target), "the element it names"),),
                facts=(link.type, link.target),
            )


RULE = Rule(code="LNK002", name="link-target-type", family="link validation", check=check)
