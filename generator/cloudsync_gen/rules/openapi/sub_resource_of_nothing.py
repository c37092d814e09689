"""A path lies below a collection that no other path names.

What it does: for paths that go on behind a parameter (`/v1/recipes/{recipeId}/retire`), wants
another path of the source at or below the same collection (`/v1/recipes`).

Why: a collection that is spelled otherwise in one path is another collection to every client.

Example: `/v1/recpes/{recipeId}/retire` beside `/v1/recipes/{recipeId}`.

Use instead: the collection as the other paths spell it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_VERSIONED = re.compile(r"/v[1-9][0-9]*/")
"""Of other paths `version-in-path` speaks."""


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.rest:
        written = source.data.get("paths")
        paths = (
            [each for each in written if isinstance(each, str)] if isinstance(written, dict) else []
        )
        for path in paths:
            collection, _, behind = path.partition("/{")
            others = [each for each in paths if each != path]
            if (
                "/" not in behind
                or not _VERSIONED.match(path)
                or any(_below(each, collection) for each in others)
            ):
                continue
            known = {each.partition("/{")[0] for each in others}
            hint = f"did you mean `{nearest(collection, known)}`?" if known else "name it elsewhere"
            yield RULE.at(
                Ref(source.file).at("paths", path).name(),
                f"no other path of this API is at or below `{collection}`",
                hint,
                element=source.id,
                facts=(path,),
            )


def _below(path: str, collection: str) -> bool:
    return path == collection or path.startswith(f"{collection}/")


RULE = Rule(
    code="OAS029",
    name="sub-resource-of-nothing",
    family="OpenAPI contracts",
    check=check,
)
