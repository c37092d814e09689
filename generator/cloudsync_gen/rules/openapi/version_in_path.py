"""A path does not begin with the version that its API has.

What it does: wants every path of an OpenAPI source to begin with `/v` and a number, the same within
one source.

Why: the gateway leads by this prefix, and clients move from one version to the next by changing it
in one place.

Example: `/recipes` or `/v2/recipes` in an API whose other paths begin with `/v1`.

Use instead: `/v1/recipes`; another version is a source of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_VERSION = re.compile(r"/(v[1-9][0-9]*)/")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.rest:
        paths = source.data.get("paths")
        names = (
            [each for each in paths if isinstance(each, str) and each[:1] == "/"]
            if isinstance(paths, dict)
            else []
        )
        found = {name: _VERSION.match(name) for name in names}
        counted = Counter(match[1] for match in found.values() if match)
        usual = counted.most_common(1)[0][0] if counted else "v1"
        for name, match in found.items():
            if match is None or match[1] != usual:
                yield RULE.at(
                    Ref(source.file).at("paths", name).name(),
                    f"`{name}` does not begin with `/{usual}/`, as this API's paths do",
                    f"begin it with `/{usual}/`, or move it to a source of its own",
                    element=source.id,
                    facts=(name,),
                )


RULE = Rule(code="OAS025", name="version-in-path", family="OpenAPI contracts", check=check)
