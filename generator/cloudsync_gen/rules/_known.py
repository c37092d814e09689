"""Whether all that a default handler draws on is known."""

from __future__ import annotations

from cloudsync_gen.model.effects import lifecycle_of, operations_of, rpcs_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Aggregate, Command, Lifecycle
from cloudsync_gen.model.schema_check import faults_of
from cloudsync_gen.model.schema_view import data_element, properties, required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled


def draws_on_the_known(model: Model, command: Command) -> bool:
    """Whether aggregate, body, parameters and life cycle of a command can all be looked at.

    Where one cannot, another rule has said so, and nothing can be said of what is left unfilled.
    """
    aggregate = model.get(Aggregate, command.aggregate)
    if aggregate is None or not properties(model, aggregate.schema):
        return False
    if misled(model, command.id, "input-schema"):
        return False
    if misled(model, aggregate.id, "aggregate-part-of"):
        return False
    if not sound(model, aggregate.schema) or not sound(model, command.input):
        return False
    if not operations_of(model, command.id) and astray(model, Operation, "operation-command"):
        return False
    if not rpcs_of(model, command.id) and astray(model, Rpc, "rpc-command"):
        return False
    lifecycle = lifecycle_of(model, aggregate.id)
    if lifecycle is None:
        return not astray(model, Lifecycle, "lifecycle-aggregate")
    return lifecycle.state_field in properties(model, aggregate.schema)


def undeclared(model: Model, element: str | None) -> frozenset[str]:
    """Names that an object schema requires and does not declare: misspelt, as another rule says."""
    return required(model, element) - properties(model, element).keys()


def sound(model: Model, element: str | None) -> bool:
    """Whether an element's schema, if it has one, is valid and declares what it requires."""
    found = data_element(model, element)
    if found is None:
        return True
    return not undeclared(model, element) and next(faults_of(found.schema), None) is None
