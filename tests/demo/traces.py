"""Traces as trees, from the file that the collector writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Node:
    """A span, with those below it by their beginning; times in nanoseconds since the epoch."""

    id: str
    parent: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    failed: bool
    below: list[Node] = field(default_factory=list)


_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_ERROR = 2


def spans(file: Path, trace: str) -> list[Node]:
    """All spans of a trace, by their beginning. A line that is being written is left out."""
    found = []
    for line in file.read_text("utf-8").splitlines():
        if trace in line:
            found += [each for each in _of(json.loads(line)) if each[0] == trace]
    return sorted((node for _, node in found), key=lambda each: each.start)


def _of(traces: dict[str, Any]) -> Iterator[tuple[str, Node]]:
    for group in traces["resourceSpans"]:
        told = group.get("resource", {}).get("attributes", [])
        names = {each["key"]: each["value"].get("stringValue", "") for each in told}
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
                        start=int(each["startTimeUnixNano"]),
                        end=int(each["endTimeUnixNano"]),
                        failed=each.get("status", {}).get("code") == _ERROR,
                    ),
                )


def forest(found: Iterable[Node]) -> list[Node]:
    """The spans below each other; those whose parent has not come, or is not ours, at the top."""
    known = {each.id: each for each in found}
    top: list[Node] = []
    for each in known.values():
        above = known.get(each.parent)
        (above.below if above is not None else top).append(each)
    return top


def drawn(top: Iterable[Node], indent: str = "") -> Iterator[str]:
    """A line a span."""
    nodes = list(top)
    for at, node in enumerate(nodes):
        last = at == len(nodes) - 1
        took = (node.end - node.start) / 1e6
        mark = " FAILED" if node.failed else ""
        corner, line = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield f"{indent}{corner}{node.service}: {node.name} ({node.kind}, {took:.1f} ms){mark}"
        yield from drawn(node.below, indent + line)


def edges(top: Iterable[Node]) -> set[tuple[str, str]]:
    """Which service stands directly above which."""
    found = set()
    for node in top:
        found |= {
            (node.service, each.service) for each in node.below if each.service != node.service
        }
        found |= edges(node.below)
    return found
