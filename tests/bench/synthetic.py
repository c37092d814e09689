"""A model of N services, as large as is asked for: those of `new service`, and what ties them.

Ten services share a bounded context; each has ten operations and sixteen schemas, calls the one
before it and listens to it. Written by the tool's own drafts, so that it stays a valid model.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from msgspec import structs

from cloudsync_gen.cli._edits import texts
from cloudsync_gen.edit.draft import Draft, NewFile
from cloudsync_gen.edit.service import Request, new_service
from cloudsync_gen.edit.starter import FOLDERS, Beginning, starter
from cloudsync_gen.model.system import Model
from cloudsync_gen.pipeline import check

FIRST_PORT = 2000
IN_ONE_DOMAIN = 10
OF_A_SERVICE = 100
"""Connections to a node of the store; all replicas of one that `new service` makes may hold 60."""

REPORTS = ("daily", "weekly", "yearly")
LETTERS = "bdfgkmnprt"


def synthetic(count: int) -> dict[str, bytes]:
    """Path -> content of the model."""
    domains = [_spelled("area", i) for i in range((count - 1) // IN_ONE_DOMAIN + 1)]
    begun = starter(Beginning(slug="bench", title="Bench", domain=domains[0]))
    begun = structs.replace(begun, files=tuple(_with_domains(f, domains) for f in begun.files))
    begun = structs.replace(begun, files=tuple(_with_connections(f, count) for f in begun.files))
    tree = texts(begun, {})
    model = check(tree).model
    assert model is not None
    permissions: list[str] = []
    for number in range(count):
        draft = _service(model, number, domains[number // IN_ONE_DOMAIN])
        permissions += draft.additions[0].items
        tree |= texts(structs.replace(draft, additions=()), {})
    (grant,) = draft.additions
    granted = structs.replace(grant, items=tuple(permissions))
    return tree | texts(Draft(files=(), additions=(granted,)), tree)


def write(count: int, root: Path) -> None:
    """The model below `root`."""
    for path, content in synthetic(count).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def _spelled(word: str, number: int) -> str:
    """`part-dfg` for 123: names of letters, of which none is the plural of another."""
    return f"{word}-{''.join(LETTERS[int(digit)] for digit in str(number))}"


def _with_domains(file: NewFile, domains: list[str]) -> NewFile:
    found = dict(file.elements)
    if file.layer != "business":
        return file
    for name in domains[1:]:
        found[name] = {**found[domains[0]], "id": f"business.domain.{name}", "name": name}
    return structs.replace(file, elements=found)


def _with_connections(file: NewFile, count: int) -> NewFile:
    """As many connections as all replicas of so many services may hold."""
    found = {
        name: {**each, "maxConnections": OF_A_SERVICE * count} if "maxConnections" in each else each
        for name, each in dict(file.elements).items()
    }
    return structs.replace(file, elements=found)


def _service(model: Model, number: int, domain: str) -> Draft:
    one = _spelled("part", number)
    asked = Request(name=one, domain=domain, port=FIRST_PORT + number)
    draft = new_service(model, FOLDERS, asked)
    files = [structs.replace(f, elements=deepcopy(dict(f.elements))) for f in draft.files]
    by_name = {file.path: file.elements for file in files}
    _reports(by_name, one, domain)
    if number:
        before = _spelled("part", number - 1)
        _tie(by_name, one, domain, before)
    return structs.replace(draft, files=tuple(files))


def _ending(files: Mapping[str, Mapping[str, Any]], end: str) -> Any:
    return next(elements for path, elements in files.items() if path.endswith(end))


def _reports(files: Mapping[str, Mapping[str, Any]], one: str, domain: str) -> None:
    """Three more questions, each answered by a schema with two of its own within."""
    messages = _ending(files, f"/{one}-messages.yaml")
    queries = _ending(files, f"/{one}-commands.yaml")
    paths = _ending(files, f"/{one}.openapi.yaml")["paths"]
    item = next(path for path in paths if path.endswith("}"))
    service = f"application.service.{one}-service"
    for when in REPORTS:
        name = f"{one}-{when}"
        for key, schema in _report(name):
            messages[key] = {
                "id": f"data_model.message.{key}",
                "name": key.replace("-", " ").capitalize(),
                "description": f"What happened, {when}: {key.replace('-', ' ')}.",
                "x-archimate-ref": service,
                "schema": schema,
            }
        queries[f"get-{name}"] = {
            **queries[f"get-{one}"],
            "id": f"application.query.get-{name}",
            "name": f"Get {when} report of a {one.replace('-', ' ')}",
            "description": f"What happened, {when}.",
            "kind": "custom",
            "output": f"data_model.message.{name}",
        }
        answer = f"../../07_data_model/{domain}/{one}-messages.yaml#/{name}/schema"
        operation = deepcopy(paths[item]["get"])
        operation["operationId"] = "get" + "".join(map(str.capitalize, name.split("-")))
        operation["x-command"] = f"application.query.get-{name}"
        operation["summary"] = f"What happened, {when}"
        operation["responses"]["200"]["content"]["application/json"]["schema"] = {"$ref": answer}
        paths[f"{item}/{when}"] = {"parameters": paths[item]["parameters"], "get": operation}


def _report(name: str) -> list[tuple[str, Any]]:
    code = {"type": "string", "minLength": 2, "maxLength": 40, "pattern": "^[a-z][a-z0-9-]{1,39}$"}
    amount = {"type": "number", "minimum": 0, "maximum": 1000000}
    whole = {"type": "integer", "minimum": 0, "maximum": 1000000}
    kinds = {"type": "string", "enum": ["opened", "changed", "closed", "handedOver"]}
    line = {"code": code, "kind": kinds, "amount": amount, "count": whole, "note": code}
    total = {"amount": amount, "count": whole, "largest": amount, "smallest": amount}

    def closed(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
        required = [each for each in properties if each not in optional]
        head = {"type": "object", "additionalProperties": False, "required": required}
        return {**head, "properties": dict(properties)}

    whole_report = {
        "code": code,
        "total": {"$ref": f"#/{name}-total/schema"},
        "lines": {
            "type": "array",
            "maxItems": 400,
            "items": {"$ref": f"#/{name}-line/schema"},
        },
        "notes": {"type": "array", "maxItems": 20, "items": code},
        "complete": {"type": "boolean"},
    }
    return [
        (f"{name}-line", closed(line, "note")),
        (f"{name}-total", closed(total)),
        (name, closed(whole_report, "notes")),
    ]


def _tie(files: Mapping[str, Mapping[str, Any]], one: str, domain: str, before: str) -> None:
    """A call to the service before, and a command that its event is answered with."""
    service = _ending(files, f"/{one}-service.yaml")[f"{one}-service"]
    commands = _ending(files, f"/{one}-commands.yaml")
    camel = "".join(map(str.capitalize, before.split("-")))
    service["calls"] = [
        {
            "operation": f"api.operation.{before}-get-{before}",
            "purpose": f"Sees what became of the {camel} that it stands on",
            "timeout": "60ms",
            "retries": 0,
            "fallback": {"kind": "cached", "maxAge": "5m", "note": "What was last seen of it"},
        }
    ]
    service["consumes"] = [
        {
            "event": f"application.event.{before}-deleted",
            "command": f"application.command.follow-{one}",
            "effect": "What stood on it is put away",
        }
    ]
    commands[f"follow-{one}"] = {
        "id": f"application.command.follow-{one}",
        "name": f"Follow {camel}",
        "description": f"Puts away what stood on a {camel} that was deleted.",
        "service": f"application.service.{one}-service",
        "aggregate": f"application.aggregate.{one}",
        "effect": "custom",
        "input": f"data_model.payload.{before}-deleted",
        "access": "workload",
        "idempotency": "natural",
    }


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
