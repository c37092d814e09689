"""A proto package does not say which version of the interface it is.

What it does: wants a last part like `v1` or `v1beta1` of every package (buf:
PACKAGE_VERSION_SUFFIX).

Why: the package is part of every address on the wire; an interface that breaks its callers can
only stand beside the old one under another package.

Example: `package zitrusgarten.selling.press;`.

Use instead: `package zitrusgarten.selling.press.v1;`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_VERSION = re.compile(r"v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.grpc:
        *_, last, _ = source.path.split("/")
        if not _VERSION.fullmatch(last):
            yield RULE.at(
                Ref(source.file, ("package",)),
                "the package has no version",
                "end it with `.v1`",
                element=source.id,
                facts=(source.path,),
            )


RULE = Rule(code="PRT015", name="package-without-version", family="gRPC contracts", check=check)
