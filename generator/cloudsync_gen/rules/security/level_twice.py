"""Two classifications have one level.

What it does: compares `level` of all classifications.

Why: the level says which of two classes is the stricter one, and a thing with two classes is
treated by the stricter; with equal levels neither is.

Example: `internal` and `confidential`, both with `level: 1`.

Use instead: a level of its own for each.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    first: dict[int, str] = {}
    for each in model.all(Classification):
        earlier = first.setdefault(each.level, each.id)
        if earlier != each.id:
            yield RULE.at(
                model.ref(each.id, "level"),
                f"`{earlier}` has level {each.level} as well",
                "give each a level of its own, the stricter the higher",
                element=each.id,
                related=(Related(model.ref(earlier, "level"), "the other one"),),
            )


RULE = Rule(code="SEC014", name="level-twice", family="zero trust", check=check)
