"""Dead letters are kept for less time than the events themselves.

What it does: compares the retention of a topic with that of its dead-letter topic.

Why: a message that could not be handled would be gone while its neighbours could still be replayed,
usually over the week-end on which nobody looked.

Example: a topic of `7d` with dead letters of `3d`.

Use instead: the same or longer.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for topic in model.all(Topic):
        letters = model.get(Topic, topic.dead_letter or "")
        if letters is None or milliseconds(letters.retention) >= milliseconds(topic.retention):
            continue
        yield RULE.at(
            model.ref(letters.id, "retention"),
            f"dead letters are kept for {letters.retention}, `{topic.id}` for {topic.retention}",
            f"keep them for {topic.retention} or longer",
            element=letters.id,
            related=(Related(model.ref(topic.id, "retention"), "the topic"),),
            facts=(topic.id,),
        )


RULE = Rule(
    code="EVT007",
    name="dead-letter-retention",
    family="event-driven patterns",
    check=check,
)
