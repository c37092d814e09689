"""A source says what the compiled contract gets from other layers.

What it does: reports servers, security, components, error responses, and the parameters for pages,
idempotency, entity tags and request ids in an OpenAPI source.

Why: they follow from gateway, permissions, error cases and idempotency; a second copy can only
disagree.

Example: `responses: {"404": …}` or a parameter `Idempotency-Key`.

Use instead: nothing; declare errors with the command, and look at the result in `contracts/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Query
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import Written, parameters, table, written
from cloudsync_gen.source import Ref

_ROOT = ("servers", "security", "components", "jsonSchemaDialect")
_OPERATION = ("servers", "security")
_HEADERS = frozenset(
    (
        *("authorization", "idempotency-key", "if-match", "if-none-match"),
        *("x-request-id", "x-organization-id"),
    )
)
_PAGING = frozenset(("cursor", "limit"))


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.rest:
        for name in _ROOT:
            if name in source.data:
                yield _finding(Ref(source.file).name(name), name, source.id)
    items = set()
    for each in written(model):
        found = [*_of_operation(model, each)]
        if "servers" in each.item and each.item_ref not in items:
            found.append((each.item_ref.name("servers"), "servers"))
        items.add(each.item_ref)
        for ref, what in found:
            yield _finding(ref, what, each.operation.id)


def _of_operation(model: Model, each: Written) -> Iterator[tuple[Ref, str]]:
    for name in _OPERATION:
        if name in each.data:
            yield each.ref.name(name), name
    for status in table(each.data.get("responses")):
        if str(status)[:1] in ("4", "5", "d") or status == "304":
            yield each.ref.name("responses", status), f"response {status}"
    query = model.get(Query, each.operation.command or "")
    paged = query is not None and query.kind == "list"
    for ref, parameter in parameters(each):
        name, place = str(parameter.get("name")), parameter.get("in")
        if place == "header" and name.lower() in _HEADERS:
            yield ref.at("name"), f"header {name}"
        elif place == "query" and paged and name in _PAGING:
            yield ref.at("name"), f"parameter {name}"


def _finding(ref: Ref, what: str, element: str) -> Diagnostic:
    return RULE.at(
        ref,
        f"`{what}` is added when the contract is compiled",
        "remove it; it comes from the gateway, the security layer and the command",
        element=element,
        facts=(what,),
    )


RULE = Rule(code="OAS011", name="compiled-in", family="OpenAPI contracts", check=check)
