"""Traces as trees, from the file that the collector writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any


@dataclass
class Node:
    """A span, with those below it by their beginning; times in nanoseconds since the epoch.

    `peer`: what a client's span asks, `database` or whatever it calls so; empty of other spans.
    """

    id: str
    parent: str
    service: str
    name: str
    kind: str
    peer: str
    start: int
    end: int
    failed: bool
    below: list[Node] = field(default_factory=list)


_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_ERROR = 2

Shape = dict[str, Any]
"""What is asked by whom: services, databases and stores by their names, each with those that it
asks itself. How often, and in which order, is another matter.
"""


def spans(file: Path, trace: str) -> list[Node]:
    """All spans of a trace, by their beginning. A line that is being written is left out."""
    found = []
    for line in file.read_text("utf-8").splitlines():
        if trace in line:
            found += [each for each in _of(json.loads(line)) if each[0] == trace]
    return sorted((node for _, node in found), key=lambda each: each.start)


def _of(traces: dict[str, Any]) -> Iterator[tuple[str, Node]]:
    for group in traces["resourceSpans"]:
        names = _texts(group.get("resource", {}).get("attributes", []))
        for scope in group["scopeSpans"]:
            for each in scope["spans"]:
                yield (
                    each["traceId"],
                    Node(
                        id=each["spanId"],
                        parent=each.get("parentSpanId", ""),
                        service=names.get("service.name", ""),
                        name=each["name"],
                        kind=_KINDS.get(each.get("kind", 0), ""),
                        peer=_peer(_texts(each.get("attributes", []))),
                        start=int(each["startTimeUnixNano"]),
                        end=int(each["endTimeUnixNano"]),
                        failed=each.get("status", {}).get("code") == _ERROR,
                    ),
                )


def _texts(attributes: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {each["key"]: each["value"].get("stringValue", "") for each in attributes}


def _peer(told: dict[str, str]) -> str:
    return "database" if "db.system.name" in told else told.get("peer.service", "")


def forest(found: Iterable[Node]) -> list[Node]:
    """The spans below each other; those whose parent has not come, or is not ours, at the top."""
    known = {each.id: each for each in found}
    top: list[Node] = []
    for each in known.values():
        above = known.get(each.parent)
        (above.below if above is not None else top).append(each)
    return top


def drawn(top: Iterable[Node], indent: str = "") -> Iterator[str]:
    """A line a span; statements that follow each other on the same tables are one."""
    runs = [list(run) for _, run in groupby(top, _alike)]
    for at, run in enumerate(runs):
        node, times = run[0], f", {len(run)} times" if len(run) > 1 else ""
        took = sum(each.end - each.start for each in run) / 1e6
        mark = " FAILED" if node.failed else ""
        corner, line = _LINES[at == len(runs) - 1]
        told = f"{node.service}: {node.name} ({node.kind}, {took:.1f} ms{times}){mark}"
        yield f"{indent}{corner}{told}"
        yield from drawn(node.below, indent + line)


_LINES = (("├─ ", "│  "), ("└─ ", "   "))


def _alike(node: Node) -> object:
    """The same for statements that a reader need not tell apart; nothing else is like another."""
    return (node.service, node.name, node.failed) if node.peer == "database" else node.id


def shape(top: Iterable[Node], within: str = "") -> Shape:
    """Who asks whom, of what was asked by calls: what events set off comes later and elsewhere."""
    found: Shape = {}
    for node in top:
        if node.kind == "consumer":
            continue
        name = node.peer or node.service
        inside = found if name == within else found.setdefault(name, {})
        merge(inside, shape(node.below, name))
    return found


def merge(into: Shape, more: Shape) -> None:
    """Add the one to the other."""
    for name, below in more.items():
        merge(into.setdefault(name, {}), below)


def outline(found: Shape, indent: str = "") -> Iterator[str]:
    """A line each, by their names."""
    names = sorted(found)
    for at, name in enumerate(names):
        corner, line = _LINES[at == len(names) - 1]
        yield f"{indent}{corner}{name}"
        yield from outline(found[name], indent + line)
