"""Example requests for the contract tests of a service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service.samples import FORMATS, Unsampled, sample
from cloudsync_gen.targets.service.seeds import Arrangement
from cloudsync_gen.targets.service.views import CaseView, MethodView


def cases_of(facts: ServiceFacts, methods: tuple[MethodView, ...]) -> tuple[CaseView, ...]:
    """One case per operation of the contract, in the order of the paths."""
    found: list[tuple[str, str, CaseView]] = []
    for performed, method in zip(facts.performed, methods, strict=True):
        operation = facts.operation(performed)
        if operation is not None:
            case = _case(facts, performed, method, operation)
            found.append((operation.path, operation.method, case))
    return tuple(case for *_, case in sorted(found, key=lambda each: each[:2]))


def _case(
    facts: ServiceFacts, performed: Command | Query, method: MethodView, operation: Operation
) -> CaseView:
    compiled, schemas = facts.compiled(operation), facts.components(operation)
    body = _body(compiled, schemas)
    arrangement = Arrangement(facts, performed, request_of(facts, performed))
    parameters = arrangement.parameters(_examples(compiled, schemas, "path"))
    return CaseView(
        operation=operation.operation_id,
        performs=method.command,
        parameters=parameters,
        seeds=arrangement.seeds(parameters),
        query=_examples(compiled, schemas, "query"),
        body=body,
        custom=not method.default.verb,
    )


def _body(compiled: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """An example of the body; nothing where none is sent or none was found."""
    for content in compiled.get("requestBody", {}).get("content", {}).values():
        try:
            return sample(content.get("schema", {}), schemas)
        except Unsampled:
            return None
    return None


def _examples(
    compiled: Mapping[str, Any], schemas: Mapping[str, Any], place: str
) -> dict[str, str]:
    """Examples of the parameters that must be sent."""
    found = {}
    for each in compiled["parameters"]:
        if each.get("in") == place and each.get("required"):
            try:
                value = sample(each.get("schema", {}), schemas, each["name"])
            except Unsampled:
                value = FORMATS["uuid"]
            found[each["name"]] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def table_of(cases: tuple[CaseView, ...]) -> str:
    """The cases as JSON, one on a line: each entity once, then where a case differs from it."""
    entities: dict[str, dict[str, Any]] = {}
    for seed in (seed for case in cases for seed in case.seeds):
        entities.setdefault(seed.aggregate, seed.values)
    examples = (f"{_json(name)}: {_json(values)}" for name, values in sorted(entities.items()))
    rows = (_json(_row(case, entities)) for case in cases)
    return f'{{"entities": {{{_lines(examples)}}},\n"cases": [{_lines(rows)}]}}\n'


def _row(case: CaseView, entities: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What nothing but the case says; what is empty is left out."""
    told = {
        "operation": case.operation,
        "performs": case.performs,
        "parameters": case.parameters,
        "query": case.query,
        "seeds": [[s.aggregate, _differs(s.values, entities[s.aggregate])] for s in case.seeds],
        "body": case.body,
        "custom": case.custom,
    }
    empty = {name for name in ("parameters", "query", "seeds", "custom") if not told[name]}
    if case.performs == _in_kebab_case(case.operation):
        empty.add("performs")
    return {n: v for n, v in told.items() if n not in empty and v is not None}


def _in_kebab_case(operation: str) -> str:
    """As the chassis reads the name of what an operation performs where nothing else is told."""
    return re.sub("(?<!^)(?=[A-Z])", "-", operation).lower()


def _differs(values: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """What turns the example into the values; null takes a value away."""
    gone = dict.fromkeys(sorted(example.keys() - values.keys()))
    return gone | {n: v for n, v in sorted(values.items()) if n not in example or example[n] != v}


def _lines(items: Iterable[str]) -> str:
    return "\n" + ",\n".join(items) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
