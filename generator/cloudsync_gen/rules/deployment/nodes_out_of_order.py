"""A node pool has more nodes at least than at most.

What it does: compares `minNodes` with `maxNodes` of node pools and of their `sizes`.

Why: the autoscaler refuses such bounds, in each cluster, at the first deployment.

Example: `minNodes: 20, maxNodes: 6`.

Use instead: `minNodes: 2, maxNodes: 6`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.technology import NodePool
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for pool in model.all(NodePool):
        places: list[tuple[tuple[str | int, ...], int, int]]
        places = [((), pool.min_nodes, pool.max_nodes)]
        places += [
            (("sizes", index), each.min_nodes, each.max_nodes)
            for index, each in enumerate(pool.sizes)
        ]
        for place, least, most in places:
            if least > most:
                yield RULE.at(
                    model.ref(pool.id, *place, "minNodes"),
                    f"at least {least} nodes, but at most {most}",
                    "raise `maxNodes`, or lower `minNodes`",
                    element=pool.id,
                    related=(Related(model.ref(pool.id, *place, "maxNodes"), "at most"),),
                )


RULE = Rule(code="DPL005", name="nodes-out-of-order", family="deployment", check=check)
