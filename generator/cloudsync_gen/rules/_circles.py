"""Circles in a graph."""

from __future__ import annotations

from collections.abc import Mapping


def circles(graph: Mapping[str, set[str]]) -> Mapping[str, tuple[str, ...]]:
    """Node -> all members of its circle, sorted; nodes that lie on none are left out.

    A circle is a strongly connected component of two nodes or more (Tarjan's algorithm, without
    recursion).
    """
    walk = _Walk(graph)
    for root in sorted(graph):
        walk.visit(root)
    return walk.found


class _Walk:
    def __init__(self, graph: Mapping[str, set[str]]) -> None:
        self._graph = graph
        self._order: dict[str, int] = {}
        self._low: dict[str, int] = {}
        self._stack: list[str] = []
        self._open: set[str] = set()
        self.found: dict[str, tuple[str, ...]] = {}

    def visit(self, root: str) -> None:
        """Looks at everything that can be reached from `root` and was not seen before."""
        work = [(root, self._enter(root))] if root not in self._order else []
        while work:
            node, rest = work[-1]
            if rest:
                child = rest.pop()
                if child not in self._order:
                    work.append((child, self._enter(child)))
                elif child in self._open:
                    self._low[node] = min(self._low[node], self._order[child])
                continue
            work.pop()
            if work:
                self._low[work[-1][0]] = min(self._low[work[-1][0]], self._low[node])
            if self._low[node] == self._order[node]:
                self._close(node)

    def _enter(self, node: str) -> list[str]:
        self._order[node] = self._low[node] = len(self._order)
        self._stack.append(node)
        self._open.add(node)
        return sorted(self._graph.get(node, ()), reverse=True)

    def _close(self, node: str) -> None:
        members = [self._stack.pop()]
        while members[-1] != node:
            members.append(self._stack.pop())
        self._open.difference_update(members)
        if len(members) > 1:
            self.found.update(dict.fromkeys(members, tuple(sorted(members))))
