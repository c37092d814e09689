"""What works towards a goal: from its requirements down to services, operations, screens, metrics.

Part of it is what names the goal or one of its requirements; its edges are the links between the
parts, and from an operation to the service that carries it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.ids import ElementId, type_of
from cloudsync_gen.model.layers.motivation import Goal
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.graph import Edge, Graph, Node

LEVELS = {
    "motivation.goal": "Goal",
    "motivation.requirement": "Requirements",
    "application.service": "Services",
    "api.operation": "Operations",
    "api.rpc": "RPCs",
    "ux.screen": "Screens",
    "apm.metric": "Metrics",
    "apm.slo": "Objectives",
}
"""Types of element that the way down from a goal is made of -> the title of their box."""

_OPERATIONS = ("api.operation", "api.rpc")


def traceability(model: Model, goal: Goal) -> Graph:
    """The graph of a goal."""
    parts = _parts(model, goal.id)
    edges = sorted(set(_edges(model, parts)))
    nodes = sorted(
        Node(id=each, name=model.elements[each].name, group=type_of(each)) for each in parts
    )
    groups = {kind: title for kind, title in LEVELS.items() if any(n.group == kind for n in nodes)}
    return Graph(kind="goal", nodes=tuple(nodes), edges=tuple(edges), groups=groups)


def _parts(model: Model, goal: str) -> set[ElementId]:
    aims = {ElementId(goal), *model.origins(goal, "requirement-goal")}
    found = {link.source for aim in aims for link in model.into.get(aim, ())}
    parts = aims | {each for each in found if type_of(each) in LEVELS}
    screens = {each for each in parts if type_of(each) == "ux.screen"}
    used = {target for each in screens for target in model.targets(each, "ux-operation")}
    parts |= {ElementId(each) for each in used if type_of(each) in _OPERATIONS}
    return {each for each in parts if each in model.elements}


def _edges(model: Model, parts: set[ElementId]) -> Iterator[Edge]:
    for part in parts:
        for link in model.out.get(part, ()):
            if link.target in parts and link.target != part:
                yield Edge(source=ElementId(link.target), target=part, label=link.type)
        if type_of(part) in _OPERATIONS:
            performed = carried_by(model, part)
            if performed is not None and performed.service in parts:
                yield Edge(source=ElementId(performed.service), target=part, label="carries out")
