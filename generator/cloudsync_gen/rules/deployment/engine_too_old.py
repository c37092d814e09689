"""An engine is older than what it is asked for.

What it does: compares the version of stores and brokers with the first one that has what the output
uses: primary keys of partitioned tables (PostgreSQL 11), `$jsonSchema` (MongoDB 3.6), vectors
(Elasticsearch 7.6), `DateTime64` (ClickHouse 20.1), a length of life in quorum queues (RabbitMQ
3.10).

Why: migrations and declarations are refused where they are first applied, which is in production
for whoever tries things on a newer one.

Example: `engine: postgresql` with `engineVersion: "6"`.

Use instead: `engineVersion: "16"`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.technology import Broker, ManagedStore
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_FIRST: Mapping[str, tuple[int, ...]] = {
    "clickhouse": (20, 1),
    "elasticsearch": (7, 6),
    "mongodb": (3, 6),
    "postgresql": (11,),
    "rabbitmq": (3, 10),
}


def check(model: Model) -> Iterator[Diagnostic]:
    servers: tuple[ManagedStore | Broker, ...] = (*model.all(ManagedStore), *model.all(Broker))
    for server in servers:
        first = _FIRST.get(server.engine)
        if first is not None and _version(server.engine_version, len(first)) < first:
            wanted = ".".join(map(str, first))
            yield RULE.at(
                model.ref(server.id, "engineVersion"),
                f"{server.engine} has what is asked of it from {wanted} on",
                f"say {wanted} or later",
                element=server.id,
            )


def _version(text: str, length: int) -> tuple[int, ...]:
    """Its first numbers; `x` stands for the newest, and so does what is left out."""
    newest = 10**6
    numbers = [int(each) if each.isdigit() else newest for each in text.split(".")]
    return tuple([*numbers, newest, newest][:length])


RULE = Rule(
    code="DPL009",
    name="engine-too-old",
    family="deployment",
    check=check,
)
