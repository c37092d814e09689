"""A segment of a path is not written as paths are.

What it does: wants segments in kebab-case, or one parameter in lowerCamelCase (`{recipeId}`).

Why: paths are typed by people and compared by letter; a `_` or a capital in one of hundreds is
what everybody gets wrong.

Example: `/v1/recipeBooks/{recipe_id}`.

Use instead: `/v1/recipe-books/{recipeId}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_SEGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*|\.well-known|\{[a-z][a-zA-Z0-9]*\}")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.rest:
        paths = source.data.get("paths")
        for name in paths if isinstance(paths, dict) else ():
            odd = [
                each
                for each in str(name).removeprefix("/").split("/")
                if not _SEGMENT.fullmatch(each)
            ]
            if odd:
                yield RULE.at(
                    Ref(source.file).at("paths", name).name(),
                    f"`{odd[0]}` is no segment as paths have them",
                    "write it in kebab-case, a parameter as `{lowerCamelCase}`",
                    element=source.id,
                    facts=(str(name),),
                )


RULE = Rule(code="OAS026", name="path-style", family="OpenAPI contracts", check=check)
