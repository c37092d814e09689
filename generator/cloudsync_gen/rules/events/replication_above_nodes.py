"""A topic wants more copies than its broker has nodes.

What it does: compares `replicationFactor` of each topic with `nodesPerRegion` of its broker.

Why: the broker refuses to create the topic (Kafka: INVALID_REPLICATION_FACTOR), in each region, at
the first deployment.

Example: `replicationFactor: 5` on a broker with three nodes a region.

Use instead: at most the number of nodes; three on three.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.technology import Broker, Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for topic in model.all(Topic):
        broker = model.get(Broker, topic.broker)
        if broker is None or topic.replication_factor <= broker.nodes_per_region:
            continue
        place = model.ref(broker.id, "nodesPerRegion")
        yield RULE.at(
            model.ref(topic.id, "replicationFactor"),
            f"{topic.replication_factor} copies on the {broker.nodes_per_region} nodes of "
            f"`{broker.id}`",
            f"keep {broker.nodes_per_region} copies, or add nodes",
            element=topic.id,
            related=(Related(place, "the nodes"),),
            facts=(broker.id,),
        )


RULE = Rule(
    code="EVT013",
    name="replication-above-nodes",
    family="event-driven patterns",
    check=check,
)
