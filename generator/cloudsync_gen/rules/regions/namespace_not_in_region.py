"""A service is placed in a region without a cluster for it.

What it does: looks for a cluster of the service's namespace, and of its node pool, in each of its
regions.

Why: the deployment for that region would have nowhere to go.

Example: a service in `eu-west-1` in a namespace that exists in clusters of `us-east-1` alone.

Use instead: the namespace and the node pool in a cluster of that region, or fewer regions.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import Cluster, Namespace, NodePool, Region
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        namespace = model.get(Namespace, service.placement.namespace)
        pool = model.get(NodePool, service.placement.node_pool)
        for holder in (namespace, pool):
            clusters = [model.get(Cluster, each) for each in holder.clusters] if holder else [None]
            there = {cluster.region for cluster in clusters if cluster is not None}
            if holder is None or None in clusters:
                continue
            if any(model.get(Region, each) is None for each in there):
                continue
            for index, region in enumerate(service.placement.regions):
                if region not in there and model.get(Region, region) is not None:
                    yield RULE.at(
                        model.ref(service.id, "placement", "regions", index),
                        f"`{holder.id}` has no cluster in `{region}`",
                        "add a cluster of that region to it, or leave the region out",
                        element=service.id,
                        related=(Related(model.ref(holder.id, "clusters"), "its clusters"),),
                        facts=(holder.id, region),
                    )


RULE = Rule(
    code="REG004",
    name="namespace-not-in-region",
    family="multi-region deployment",
    check=check,
)
