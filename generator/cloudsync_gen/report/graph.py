"""Graphs of a model, as data and as Mermaid text: calls, contexts, events, sagas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from cloudsync_gen.engine.emit import mermaid
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.exchanges import collected_by, consumed_by
from cloudsync_gen.model.ids import layer_of, name_of, type_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Event, Saga, SagaStep, Service
from cloudsync_gen.model.layers.business import Domain
from cloudsync_gen.model.providers import asked_of_providers
from cloudsync_gen.model.system import Model


class Node(Struct, frozen=True, kw_only=True, order=True):
    """An element in a graph; `group` is the id of the box around it, empty for none."""

    id: str
    name: str
    group: str = ""


class Edge(Struct, frozen=True, kw_only=True, order=True):
    """From one node to another; `dashed` for what happens only when something went wrong."""

    source: str
    target: str
    label: str
    dashed: bool = False


class Graph(Struct, frozen=True, kw_only=True):
    """A graph; `groups` maps ids of boxes to their titles."""

    kind: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: Mapping[str, str]


def graph(model: Model, kind: str, about: str = "") -> Graph:
    """The graph of one kind. With `about`, only that element and what is joined to it by an edge;
    of sagas, only that one.
    """
    built, joined = _BUILDERS[kind](model)
    nodes, edges = {node.id: node for node in built}, [*joined]
    if about:
        edges = [edge for edge in edges if about in (edge.source, edge.target, _saga(edge.source))]
        kept = {about, *(end for edge in edges for end in (edge.source, edge.target))}
        nodes = {key: node for key, node in nodes.items() if key in kept}
    edges = [edge for edge in edges if edge.source in nodes and edge.target in nodes]
    titles = {each.id: each.name for each in (*model.all(Domain), *model.all(Saga))}
    groups = {node.group: titles[node.group] for node in nodes.values() if node.group in titles}
    return Graph(
        kind=kind,
        nodes=tuple(sorted(nodes.values())),
        edges=tuple(sorted(edges)),
        groups=dict(sorted(groups.items())),
    )


_Built = tuple[Iterable[Node], Iterable[Edge]]


def _services(model: Model) -> Iterator[Node]:
    for service in model.all(Service):
        yield Node(id=service.id, name=name_of(service.id), group=service.domain)


def _calls(model: Model) -> _Built:
    return _services(model), _call_edges(model)


def _call_edges(model: Model) -> Iterator[Edge]:
    for service in model.all(Service):
        for call in service.calls:
            called = model.get(Operation, call.operation) or model.get(Rpc, call.operation)
            performed = performed_by(model, called.command if called else None)
            if performed is not None:
                label = f"{name_of(call.operation)} {call.timeout} {call.fallback.kind}"
                yield Edge(source=service.id, target=performed.service, label=label)
        for asked in asked_of_providers(model, service):
            rpc = model.get(Rpc, asked.call.operation)
            performed = performed_by(model, rpc.command if rpc else None)
            if performed is not None:
                label = f"{name_of(asked.call.operation)} {asked.call.timeout}"
                yield Edge(source=service.id, target=performed.service, label=label)


def _contexts(model: Model) -> _Built:
    domains = model.all(Domain)
    nodes = [Node(id=domain.id, name=domain.name) for domain in domains]
    edges = [
        Edge(source=domain.id, target=each.downstream, label=each.pattern)
        for domain in domains
        for each in domain.context_map
    ]
    return nodes, edges


def _events(model: Model) -> _Built:
    listeners = [(s, each) for s in model.all(Service) for each in s.consumes]
    heard = {each for service in model.all(Service) for each in consumed_by(model, service)}
    events = [event for event in model.all(Event) if event.id in heard]
    nodes = [*_services(model), *(Node(id=event.id, name=event.name) for event in events)]
    edges = [
        *(Edge(source=event.service, target=event.id, label="publishes") for event in events),
        *(
            Edge(source=each.event, target=s.id, label=name_of(each.command or "") or each.effect)
            for s, each in listeners
        ),
        *(
            Edge(source=event.id, target=s.id, label=name_of(each.command))
            for s in model.all(Service)
            for event, each in collected_by(model, s)
        ),
    ]
    return nodes, edges


def _sagas(model: Model) -> _Built:
    nodes: list[Node] = []
    edges: list[Edge] = []
    for saga in model.all(Saga):
        made, joined = _saga_parts(model, saga)
        nodes += made
        edges += joined
    return nodes, edges


def _saga_parts(model: Model, saga: Saga) -> tuple[list[Node], list[Edge]]:
    """Steps from the trigger to the end, each with its compensation."""

    def key(part: str) -> str:
        return f"{saga.id}/{part}"

    def name(element: str) -> str:
        found = model.get(Event, element)
        return found.name if found else name_of(element)

    nodes = [Node(id=key("trigger"), name=name(saga.trigger), group=saga.id)]
    edges = []
    before = key("trigger")
    for step in saga.steps:
        here = key(step.name)
        nodes.append(Node(id=here, name=_step(step), group=saga.id))
        edges.append(Edge(source=before, target=here, label=name(step.on) if step.on else "then"))
        if step.compensation:
            undo = key(f"undo {step.name}")
            nodes.append(Node(id=undo, name=name_of(step.compensation), group=saga.id))
            edges.append(Edge(source=here, target=undo, label="compensated by", dashed=True))
        before = here
    nodes.append(Node(id=key("done"), name=name(saga.completes_on), group=saga.id))
    edges.append(Edge(source=before, target=key("done"), label="completes"))
    return nodes, edges


def _step(step: SagaStep) -> str:
    return f"{step.name}: {name_of(step.command)} ({name_of(step.service)})"


def _saga(node: str) -> str:
    return node.partition("/")[0]


_BUILDERS: Mapping[str, Callable[[Model], _Built]] = {
    "calls": _calls,
    "context": _contexts,
    "events": _events,
    "saga": _sagas,
}
_DIRECTION = {"saga": "TB"}


def lines_of(view: Graph) -> Iterator[str]:
    """Mermaid text. Nodes are numbered, so that no id can be a word of Mermaid's."""
    numbers = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}
    yield f"flowchart {_DIRECTION.get(view.kind, 'LR')}"
    for number, (group, title) in enumerate(view.groups.items()):
        yield f'  subgraph g{number}["{mermaid(title)}"]'
        members = (node for node in view.nodes if node.group == group)
        yield from (f"    {numbers[node.id]}{_shape(node)}" for node in members)
        yield "  end"
    for node in view.nodes:
        if node.group not in view.groups:
            yield f"  {numbers[node.id]}{_shape(node)}"
    for edge in view.edges:
        arrow = "-.->" if edge.dashed else "-->"
        label = mermaid(edge.label)
        yield f'  {numbers[edge.source]} {arrow}|"{label}"| {numbers[edge.target]}'


def _shape(node: Node) -> str:
    """Events are rounded, the rest has corners."""
    is_event = layer_of(node.id) == "application" and type_of(node.id) == "application.event"
    opens, closes = ("([", "])") if is_event else ("[", "]")
    return f'{opens}"{mermaid(node.name)}"{closes}'
