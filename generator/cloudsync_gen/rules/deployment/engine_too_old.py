"""An engine is older than what the model asks of it.

What it does: compares the version of stores and brokers with the first one that has what lies on
them: a partitioned table, whose primary key needs PostgreSQL 11; a vector (Elasticsearch 7.0);
`DateTime64` (ClickHouse 20.1); a time after which messages leave a quorum queue (RabbitMQ 3.10).

Why: migrations and declarations are refused where they are first applied, which is in production
for whoever tries things on a newer one.

Example: `engine: postgresql` with `engineVersion: "6"`, and a table with `partition`.

Use instead: `engineVersion: "16"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.datastore import ColumnarTable, SearchIndex, Table
from cloudsync_gen.model.layers.technology import Broker, ManagedStore, Queue
from cloudsync_gen.model.stores import server_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_Version = tuple[int, ...]
_Asked = tuple[str, str, str, _Version]
"""(what asks, of which engine, for what, which it has from this version on)."""


def check(model: Model) -> Iterator[Diagnostic]:
    told: set[str] = set()
    for asking, engine, feature, first in _asked(model):
        server = _server(model, asking)
        if server is None or server.engine != engine or server.id in told:
            continue
        if _version(server.engine_version, len(first)) < first:
            told.add(server.id)
            wanted = ".".join(map(str, first))
            yield RULE.at(
                model.ref(server.id, "engineVersion"),
                f"{engine} has {feature} from {wanted} on",
                f"say {wanted} or later",
                element=server.id,
                related=(Related(model.ref(asking), "what asks for it"),),
            )


def _asked(model: Model) -> Iterator[_Asked]:
    for table in model.all(Table):
        if table.partition is not None:
            yield table.id, "postgresql", "primary keys of partitioned tables", (11,)
    for columnar in model.all(ColumnarTable):
        if any("DateTime64" in each.type for each in columnar.columns.values()):
            yield columnar.id, "clickhouse", "`DateTime64`", (20, 1)
    for index in model.all(SearchIndex):
        if any(each.type == "dense_vector" for each in index.fields.values()):
            yield index.id, "elasticsearch", "vectors", (7, 0)
    for queue in model.all(Queue):
        if queue.kind == "quorum" and queue.message_ttl is not None:
            yield queue.id, "rabbitmq", "`messageTtl` in quorum queues", (3, 10)


def _server(model: Model, asking: str) -> ManagedStore | Broker | None:
    queue = model.get(Queue, asking)
    if queue is not None:
        return model.get(Broker, queue.broker)
    server = server_of(model, asking)
    return server if isinstance(server, ManagedStore) else None


def _version(text: str, length: int) -> _Version:
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
