"""Commands and queries as methods of the port, with the facts of each operation."""

from __future__ import annotations

import re

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.behaviour import default_of, result_of
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service.traces import told_of_message
from cloudsync_gen.targets.service.views import MethodView

NEWEST_FIRST = "-createdAt"
_IN_PATH = re.compile(r"\{([^}]+)\}")


def methods_of(facts: ServiceFacts) -> tuple[MethodView, ...]:
    """All methods of the port but those for events, commands first, each by id."""
    return tuple(_method(facts, each) for each in facts.performed)


def _method(facts: ServiceFacts, performed: Command | Query) -> MethodView:
    request = request_of(facts, performed)
    result = result_of(facts, performed, request)
    operation = facts.operation(performed)
    command = performed if isinstance(performed, Command) else None
    status = operation.response_status if operation else 200
    name = facts.methods[performed.id]
    return MethodView(
        name=name,
        command=name_of(performed.id),
        constant=name.upper(),
        request=facts.requests[performed.id],
        about=summary(performed.description, 80),
        fields=request.fields,
        result=result.type,
        paged=request.paged,
        route=request.route,
        default=default_of(facts, performed, request, result),
        permission=performed.permission or "",
        access=performed.access,
        relations=performed.relations,
        callers=tuple(sorted(facts.system.callers.get(performed.id, ()))),
        writes=command is not None,
        idempotency=command.idempotency if command else "none",
        status=status,
        location=_location(facts, performed) if status == 201 else "",
        sorts=_sorts(facts, performed) if isinstance(performed, Query) and request.paged else (),
        traced=told_of_message(facts, performed),
    )


def _location(facts: ServiceFacts, performed: Command | Query) -> str:
    """Where a created thing can be read: the path of the query that gets one, to be filled in from
    the answer; nothing where the answer does not tell what was made.
    """
    created = facts.operation(performed)
    aggregate = facts.aggregates.get(performed.aggregate)
    if created is None or aggregate is None:
        return ""
    known = {*_IN_PATH.findall(created.path), *_answered(facts, performed)}
    if aggregate.key not in known:
        return ""
    for query in facts.system.queries[facts.service.id]:
        found = facts.operation(query)
        if query.kind == "get" and query.aggregate == aggregate.id and found is not None:
            key = request_of(facts, query).key
            path = found.path.replace(f"{{{key}}}", f"{{{aggregate.key}}}")
            if key and set(_IN_PATH.findall(path)) <= known:
                return path
    return f"{created.path}/{{{aggregate.key}}}"


def _answered(facts: ServiceFacts, performed: Command | Query) -> frozenset[str]:
    return frozenset(facts.schema(performed.output or "").get("properties", {}))


def _sorts(facts: ServiceFacts, query: Query) -> tuple[str, ...]:
    """The default first: as the contract says, else the newest first."""
    operation = facts.operation(query)
    written = facts.compiled(operation)["parameters"] if operation else ()
    for parameter in written:
        if parameter.get("name") == "sort":
            schema = parameter.get("schema", {})
            return _unique(schema.get("default", NEWEST_FIRST), *schema.get("enum", ()))
    return _unique(NEWEST_FIRST, *query.sorts)


def _unique(*sorts: str) -> tuple[str, ...]:
    """Each field once; whoever lists may turn the direction round."""
    return tuple({each.removeprefix("-"): each for each in reversed(sorts)}.values())[::-1]
