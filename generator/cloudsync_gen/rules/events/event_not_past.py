"""The name of an event does not say that something happened.

What it does: looks for a past participle in the name (`recipe-approved`, `refund-skipped`), or a
last word that tells a state that was reached (`report-ready`, `invoice-overdue`).

Why: an event is a fact that nobody can refuse; one that is called `approve-recipe` is read as a
wish, and soon somebody publishes it as one.

Example: `application.event.approve-recipe`.

Use instead: `application.event.recipe-approved`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import words
from cloudsync_gen.rules._rule import Rule

_PARTICIPLES = """
begun bound bought broken brought built caught chosen cut dealt done drawn fallen forbidden
forgotten found frozen given gone grown heard held hidden hit kept known laid left lent let lost
made met overridden paid put read reset risen run said seen sent set shown shut sold spent split
spread stolen stuck sworn taken taught thrown told torn undone unset upset withdrawn won worn woven
written
"""
_IRREGULAR = frozenset(_PARTICIPLES.split())
_STATES = {"available", "complete", "due", "empty", "full", "idle", "late", "overdue", "ready"}


def check(model: Model) -> Iterator[Diagnostic]:
    for event in model.all(Event):
        name = words(name_of(event.id))
        if not (name[-1:] and name[-1] in _STATES) and not any(map(_is_participle, name)):
            yield RULE.at(
                model.ref(event.id, "id"),
                f"`{name_of(event.id)}` does not say what has happened",
                "name it in the past tense, the thing first: `recipe-approved`",
                element=event.id,
            )


def _is_participle(word: str) -> bool:
    return word in _IRREGULAR or (word.endswith("ed") and len(word) > 4)


RULE = Rule(
    code="EVT016",
    name="event-not-past",
    family="event-driven patterns",
    severity=Severity.WARNING,
    check=check,
)
