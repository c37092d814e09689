"""Links from what an operation made to what can be done with it (OpenAPI 3.1, 4.8.20)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cloudsync_gen.contracts.facts import Facts, Lookups
from cloudsync_gen.model.effects import path_key
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.schema_view import properties, target_of

_NAME = re.compile(r"\{([^{}]+)\}")


def links_of(lookups: Lookups, facts: Facts) -> dict[str, Any]:
    """`links` of the answer that tells the id of what was made, by the `operationId` of each other
    operation of the document on the same aggregate that needs no more than is known by then: its
    path's parameters, and the entity tag where it must be named. Nothing for other operations, and
    no link to what only services may call from what people do.
    """
    performs = facts.performs
    aggregate = lookups.model.get(Aggregate, performs.aggregate) if performs else None
    key = _key(lookups, facts, aggregate) if aggregate else None
    if aggregate is None or key is None:
        return {}
    known = {**_told(lookups, facts), "": key}
    found = {}
    for each in lookups.operations_of(facts.operation.document):
        performed = lookups.performed(each)
        if performed is None or performed.aggregate != aggregate.id or each is facts.operation:
            continue
        if performed.access == "workload" != facts.access:
            continue
        parameters = _parameters(lookups, aggregate, each, known)
        if parameters and isinstance(performed, Command) and performed.idempotency == "if-match":
            parameters["header.If-Match"] = "$response.header.ETag" if facts.tagged else None
        if parameters and None not in parameters.values():
            found[each.operation_id] = {"operationId": each.operation_id, "parameters": parameters}
    return found


def _key(lookups: Lookups, facts: Facts, aggregate: Aggregate) -> str | None:
    """Where the answer tells the key: at its top, or in the entity that it holds beside others."""
    model = lookups.model
    if facts.operation.response_status != 201 or not facts.answer:
        return None
    answer = properties(model, facts.answer)
    if aggregate.key in answer:
        return f"$response.body#/{aggregate.key}"
    file = model.ref(facts.answer).file
    for name, schema in answer.items():
        held = target_of(model, file, schema.get("$ref")) if isinstance(schema, dict) else None
        if held is not None and held.id == aggregate.schema:
            return f"$response.body#/{name}/{aggregate.key}"
    return None


def _parameters(
    lookups: Lookups, aggregate: Aggregate, target: Operation, known: Mapping[str, str]
) -> dict[str, str | None]:
    """What each parameter of the target's path is taken from; none where it names no entity."""
    names = _NAME.findall(target.path)
    key = path_key(aggregate, names, properties(lookups.model, aggregate.schema))
    if not key:
        return {}
    return {f"path.{each}": known.get("" if each == key else each) for each in names}


def _told(lookups: Lookups, facts: Facts) -> dict[str, str]:
    """What names stand for that the answer or, above all, the request gave a value."""
    answer = properties(lookups.model, facts.answer)
    return {
        **{name: f"$response.body#/{name}" for name in answer},
        **{name: f"$request.path.{name}" for name in _NAME.findall(facts.operation.path)},
    }
