"""An operation carries a command of another service than its document's.

What it does: compares the service of `x-command` with `x-archimate-ref` of the document.

Why: the document becomes the routes of one service; it has no handler for another's command.

Example: `x-command: application.command.run` of the press in the document of recipes.

Use instead: the operation in the other service's document.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Operation, RestApi
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    documents = {
        each.document: each
        for each in model.all(RestApi)
        if not misled(model, each.id, "contract-service")
    }
    for operation in model.all(Operation):
        performed = performed_by(model, operation.command)
        document = documents.get(operation.document)
        if performed is None or document is None or performed.service == document.archimate_ref:
            continue
        if misled(model, performed.id, "performed-by-service"):
            continue
        yield RULE.at(
            model.ref(operation.id, "x-command"),
            f"`{performed.id}` is of `{performed.service}`, the document of "
            f"`{document.archimate_ref}`",
            "move the operation to that service's document",
            element=operation.id,
            related=(Related(model.ref(document.id, "x-archimate-ref"), "the document's service"),),
        )


RULE = Rule(
    code="OAS017",
    name="operation-of-another-service",
    family="OpenAPI contracts",
    check=check,
)
