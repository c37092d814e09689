"""A message says that it is a form of something that does not exist.

What it does: looks up the `schema` of the option `(cloudsync_gen.entity)` in the data model.

Why: the message would be compared with nothing, and drift from the entity unseen.

Example: `option (cloudsync_gen.entity) = {schema: "data_model.entity.presses"};`.

Use instead: the id of the element; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._entities import unknown
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.grpc:
        for ref, message, hint in unknown(model, source.file, "messages", source.types):
            yield RULE.at(ref, message, hint, element=source.id)


RULE = Rule(code="PRT012", name="unknown-entity-option", family="gRPC contracts", check=check)
