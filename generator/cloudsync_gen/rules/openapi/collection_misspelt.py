"""The collection of a path is nearly another one of its API.

What it does: compares what stands before the first parameter of a path (`/v1/recipes`) with that of
the other paths of the source, and reports one that no other path shares but that differs from
another by a letter or so.

Why: a collection that is spelled otherwise in one path is another collection to every client.

Example: `/v1/recpes/{recipeId}/retire` beside `/v1/recipes/{recipeId}`.

Use instead: the collection as the other paths spell it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import table
from cloudsync_gen.source import Ref

_NEAR = 0.9


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.rest:
        paths = [each for each in table(source.data.get("paths")) if each.startswith("/")]
        shared = Counter(path.partition("/{")[0] for path in paths)
        for path in paths:
            collection = path.partition("/{")[0]
            others = [each for each, number in shared.items() if number > shared[collection]]
            near = get_close_matches(collection, others, n=1, cutoff=_NEAR)
            if shared[collection] == 1 and near and collection + "/" not in near[0]:
                yield RULE.at(
                    Ref(source.file).at("paths", path).name(),
                    f"`{collection}` is nearly `{near[0]}`, which other paths share",
                    f"did you mean `{near[0]}`?",
                    element=source.id,
                    facts=(path,),
                )


RULE = Rule(code="OAS029", name="collection-misspelt", family="OpenAPI contracts", check=check)
