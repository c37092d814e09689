"""The version of an OpenAPI source is none.

What it does: wants `info.version` of REST APIs and webhooks as three numbers (Semantic Versioning
2.0.0, section 2), with a pre-release after a hyphen if there is one.

Why: clients are published under it, and what depends on them is compared by it.

Example: `version: Recipes`, or `version: "1"`.

Use instead: `version: 1.0.0`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import table
from cloudsync_gen.rules.openapi._structure import documents
from cloudsync_gen.source import Ref

_VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9A-Za-z.-]+)?")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in documents(model):
        version = table(source.data.get("info")).get("version")
        if version is not None and not _VERSION.fullmatch(str(version)):
            yield RULE.at(
                Ref(source.file).at("info", "version"),
                f"`{version}` is no version",
                "write it as three numbers, such as `1.0.0`",
                facts=(source.document,),
            )


RULE = Rule(code="OAS028", name="version-form", family="OpenAPI contracts", check=check)
