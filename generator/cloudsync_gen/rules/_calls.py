"""Where a call between services leads, what may be sent there, and what comes back."""

from __future__ import annotations

from cloudsync_gen.model.effects import carried_by, key_name, performed_by
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.schema_view import data_element, properties, resolved
from cloudsync_gen.model.system import Model


def callee(model: Model, operation: str) -> str:
    """Id of the service behind an operation or RPC, or an empty text."""
    found = model.get(Operation, operation) or model.get(Rpc, operation)
    performed = performed_by(model, found.command) if found else None
    return performed.service if performed else ""


def asked(model: Model, operation: str) -> frozenset[str]:
    """Properties of the request: of the input, and what names the entity."""
    performed = carried_by(model, operation)
    if performed is None:
        return frozenset()
    known = properties(model, performed.input) if performed.input else {}
    return frozenset({*known, key_name(performed.aggregate)})


def answered(model: Model, operation: str) -> frozenset[str]:
    """Properties of the answer; none where nothing is known of it."""
    performed = carried_by(model, operation)
    return frozenset(properties(model, performed.output)) if performed else frozenset()


def parts_answered(model: Model, operation: str, name: str) -> frozenset[str]:
    """Properties of the parts of a list in the answer; none where nothing is known of them."""
    performed = carried_by(model, operation)
    output = data_element(model, performed.output) if performed else None
    if output is None:
        return frozenset()
    _, listed = resolved(model, output.id, properties(model, output.id).get(name))
    part, found = resolved(model, output.id, listed.get("items"))
    written = found.get("properties")
    known = properties(model, part.id) if part is not None else written
    return frozenset(known) if isinstance(known, dict) else frozenset()
