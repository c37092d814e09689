"""Layer 08: databases and what lies in them; each stored thing names the schema that it stores."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from cloudsync_gen.model.element import Element, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Count, Duration, Identifier, Positive, Short, SqlName

ColumnType = Annotated[
    str,
    Meta(
        pattern=(
            r"^(uuid|text|citext|ltree|integer|bigint|smallint|boolean|timestamptz|date|jsonb|bytea|"
            r"inet|double precision|char\([0-9]{1,4}\)|varchar\([0-9]{1,5}\)|"
            r"numeric\([0-9]{1,3},[0-9]{1,3}\)|(text|uuid|integer|bigint)\[\])$(?!\n)"
        )
    ),
]
CqlType = Annotated[
    str,
    Meta(
        pattern=(
            r"^(uuid|timeuuid|text|int|bigint|boolean|timestamp|date|blob|double|inet|"
            r"list<text>|set<text>|map<text, text>)$(?!\n)"
        )
    ),
]


_COLUMNAR = (
    r"(UUID|String|Bool|Date|DateTime|DateTime64\(3\)|U?Int(8|16|32|64)|Float(32|64)|IPv6"
    r"|Decimal\([0-9]{1,2}, [0-9]{1,2}\)|FixedString\([0-9]{1,4}\)|LowCardinality\(String\))"
)
ColumnarType = Annotated[
    str,
    Meta(
        pattern=(
            rf"^({_COLUMNAR}|Nullable\({_COLUMNAR}\)|Array\({_COLUMNAR}\)"
            rf"|Map\((String|LowCardinality\(String\)), {_COLUMNAR}\)"
            rf"|SimpleAggregateFunction\([a-zA-Z]+, {_COLUMNAR}\)"
            rf"|AggregateFunction\([a-zA-Z0-9]+(\([0-9.]+(, [0-9.]+)*\))?, {_COLUMNAR}\))$(?!\n)"
        ),
        max_length=120,
    ),
]
"""A ClickHouse type: a plain one, or one wrapper around it."""


Columns = Annotated[tuple[SqlName, ...], Meta(min_length=1)]
"""Names of columns, one at least."""


class SchemaOf(Part, frozen=True, kw_only=True):
    """A schema of a database and the one service that writes it.

    Attributes:
        name: its name in the database.
        service: the service that writes it.
    """

    name: SqlName
    service: Link


class Database(Element, frozen=True, kw_only=True):
    """A logical database on a managed store.

    Attributes:
        store: the server that it lies on.
        schemas: its schemas, each of one service.
    """

    store: Link
    schemas: tuple[SchemaOf, ...]


class Column(Part, frozen=True, kw_only=True):
    """A column of a table.

    Attributes:
        type: type of PostgreSQL.
        property: the schema's property stored in it; none for technical columns.
        nullable: whether it may hold nothing.
        default: SQL of its value where none is given.
        encrypted: whether the service encrypts it before it is stored.
        blind_index_of: the property whose keyed hash it holds, so that what is encrypted can be
            sought.
        description: what it holds, where its name does not tell.
    """

    type: ColumnType
    property: Identifier | None = None
    nullable: bool = False
    default: Annotated[str, Meta(max_length=120)] | None = None
    encrypted: bool = False
    blind_index_of: Identifier | None = None
    description: Short | None = None


IndexedColumn = Annotated[
    str,
    Meta(pattern=r"^[a-z_][a-z0-9_]*( (asc|desc))?$(?!\n)|^lower\([a-z_][a-z0-9_]*\)$(?!\n)"),
]


class Index(Part, frozen=True, kw_only=True):
    """A secondary index.

    Attributes:
        name: its name.
        columns: names of columns, with `asc` or `desc`, or `lower(name)`.
        unique: whether no two rows may have the same values.
        method: how it is built.
        where: SQL condition of the rows that it holds.
        operator_class: how values are compared, where not as their type does.
    """

    name: SqlName
    columns: Annotated[tuple[IndexedColumn, ...], Meta(min_length=1)]
    unique: bool = False
    method: Literal["btree", "gin", "gist", "brin", "hash"] = "btree"
    where: Annotated[str, Meta(max_length=300)] | None = None
    operator_class: SqlName | None = None


class Check(Part, frozen=True, kw_only=True):
    """A CHECK constraint.

    Attributes:
        name: its name.
        expression: SQL that is true of every row.
    """

    name: SqlName
    expression: Annotated[str, Meta(max_length=500)]


class ForeignKey(Part, frozen=True, kw_only=True):
    """A foreign key to another table of the same schema.

    Attributes:
        columns: columns that hold the other table's primary key.
        table: the other table.
        on_delete: what becomes of rows whose other row goes.
    """

    columns: Columns
    table: Link
    on_delete: Literal["cascade", "restrict", "set null"] = "restrict"


class Partition(Part, frozen=True, kw_only=True):
    """How rows are spread.

    Attributes:
        method: by ranges of a column, or by a hash of columns.
        columns: what decides.
        count: how many parts, of a hash.
        interval: how long one part is, of a range of time.
    """

    method: Literal["hash", "range"]
    columns: Columns
    count: Positive | None = None
    interval: Duration | None = None


class Table(Element, frozen=True, kw_only=True):
    """A PostgreSQL table.

    Attributes:
        database: where it lies.
        schema: name of the database's schema.
        table: its name.
        json_schema: the schema of what a row stores.
        columns: by name.
        primary_key: columns that tell rows apart.
        indexes: secondary indexes.
        checks: conditions on rows.
        foreign_keys: references to other tables.
        partition: how rows are spread.
        retention: how long rows stay.
        expected_rows: how many there will be, for those who plan.
        governed_by_requirements: requirements that rule what is stored.
        performance_metrics: metrics that tell how it does.
    """

    database: Link
    schema: SqlName
    table: SqlName
    json_schema: Link | None = field(name="x-json-schema", default=None)
    columns: dict[SqlName, Column]
    primary_key: Columns
    indexes: tuple[Index, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    partition: Partition | None = None
    retention: Duration | None = None
    expected_rows: Count | None = None
    governed_by_requirements: tuple[Link, ...] = field(
        name="x-governed-by-requirements", default=()
    )
    performance_metrics: tuple[Link, ...] = field(name="x-apm-performance-metrics", default=())


class CollectionIndex(Part, frozen=True, kw_only=True):
    """An index of a collection.

    Attributes:
        name: its name.
        keys: field path -> 1 (ascending), -1 (descending) or `hashed`.
        unique: whether no two documents may have the same values.
        expire_after: how long after the field's time a document goes.
        partial: filter of the documents that it holds.
        sparse: whether it leaves out documents without the field.
    """

    name: SqlName
    keys: Annotated[dict[str, Literal[1, -1, "hashed"]], Meta(min_length=1)]
    unique: bool = False
    expire_after: Duration | None = None
    partial: dict[str, Any] | None = None
    sparse: bool = False


class Collection(Element, frozen=True, kw_only=True):
    """A MongoDB collection.

    Attributes:
        database: where it lies.
        collection: its name.
        service: the service that writes it.
        json_schema: the schema of a document.
        shard_key: field path -> 1 or `hashed`: what decides where a document lies.
        indexes: secondary indexes.
        encrypted_fields: fields that the service encrypts before they are stored.
        max_document_bytes: size of a document at most, in bytes.
    """

    database: Link
    collection: SqlName
    service: Link
    json_schema: Link = field(name="x-json-schema")
    shard_key: Annotated[dict[str, Literal[1, "hashed"]], Meta(min_length=1)]
    indexes: tuple[CollectionIndex, ...] = ()
    encrypted_fields: tuple[Identifier, ...] = ()
    max_document_bytes: Positive | None = None


class Keyspace(Element, frozen=True, kw_only=True):
    """A Cassandra keyspace: replication factor per data centre.

    Attributes:
        store: the cluster that it lies on.
        keyspace: its name.
        service: the service that writes it.
        replication: data centre -> copies of each row.
    """

    store: Link
    keyspace: SqlName
    service: Link
    replication: dict[str, Positive]


class WideColumn(Part, frozen=True, kw_only=True):
    """A column of a Cassandra table.

    Attributes:
        type: type of CQL.
        property: the schema's property stored in it; none for technical columns.
    """

    type: CqlType
    property: Identifier | None = None


class WideTable(Element, frozen=True, kw_only=True):
    """A Cassandra table.

    Attributes:
        keyspace: where it lies.
        table: its name.
        json_schema: the schema of what a row stores.
        columns: by name.
        partition_key: columns that decide where a row lies.
        clustering: columns by which rows of a partition are ordered.
        ttl: how long rows stay.
    """

    keyspace: Link
    table: SqlName
    json_schema: Link | None = field(name="x-json-schema", default=None)
    columns: dict[SqlName, WideColumn]
    partition_key: Columns
    clustering: dict[SqlName, Literal["asc", "desc"]] = {}
    ttl: Duration | None = None


class ColumnarColumn(Part, frozen=True, kw_only=True):
    """A column of a ClickHouse table.

    Attributes:
        type: type of ClickHouse.
        property: the schema's property stored in it; none for technical columns.
        codec: how it is compressed before the general codec.
    """

    type: ColumnarType
    property: Identifier | None = None
    codec: Literal["Delta", "DoubleDelta", "Gorilla", "T64", "ZSTD"] | None = None


class Expiry(Part, frozen=True, kw_only=True):
    """Rows leave the table after a time.

    Attributes:
        column: the column that says when it began.
        after: how long they stay.
    """

    column: SqlName
    after: Duration


class Partitioning(Part, frozen=True, kw_only=True):
    """What shares a part.

    Attributes:
        column: the column that decides.
        by: its value as it is, or the month, week or day of a time.
    """

    column: SqlName
    by: Literal["value", "month", "week", "day"]


class SkipIndex(Part, frozen=True, kw_only=True):
    """A data-skipping index.

    Attributes:
        name: its name.
        column: what it is over.
        type: what it remembers of a block.
        granularity: granules that share an entry.
    """

    name: SqlName
    column: SqlName
    type: Literal["minmax", "set(100)", "set(1000)", "bloom_filter", "tokenbf_v1(10240, 3, 0)"]
    granularity: Positive = 4


class ColumnarTable(Element, frozen=True, kw_only=True):
    """A ClickHouse table.

    Attributes:
        store: the cluster that it lies on.
        database: name of the database.
        table: its name.
        service: the service that writes it.
        json_schema: the schema of what a row stores.
        engine: what becomes of rows with one key when parts are merged.
        version_column: of rows with one key, the one with its largest value stays
            (ReplacingMergeTree).
        columns: by name.
        order_by: the key: columns by which rows are sorted.
        partition: what shares a part.
        indexes: data-skipping indexes.
        ttl: when rows leave.
        expected_rows: how many there will be, for those who plan.
    """

    store: Link
    database: SqlName
    table: SqlName
    service: Link
    json_schema: Link | None = field(name="x-json-schema", default=None)
    engine: Literal["MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree"]
    version_column: SqlName | None = None
    columns: dict[SqlName, ColumnarColumn]
    order_by: Columns
    partition: Partitioning | None = None
    indexes: tuple[SkipIndex, ...] = ()
    ttl: Expiry | None = None
    expected_rows: Count | None = None


class SearchField(Part, frozen=True, kw_only=True):
    """A field of an Elasticsearch index.

    Attributes:
        type: type of Elasticsearch's mapping.
        property: the schema's property that it holds; none: the one with its name.
        analyzer: how text is cut into words.
        boost: how much a hit in it counts.
        dims: dimensions of a vector.
    """

    type: Literal[
        "keyword", "text", "date", "long", "integer", "double", "boolean", "dense_vector", "object"
    ]
    property: Identifier | None = None
    analyzer: SqlName | None = None
    boost: Annotated[float, Meta(gt=0)] | None = None
    dims: Positive | None = None


class SearchIndex(Element, frozen=True, kw_only=True):
    """An Elasticsearch index.

    Attributes:
        store: the cluster that it lies on.
        index: its name.
        service: the service that writes it.
        json_schema: the schema of a document.
        fields: by name.
        shards: primary shards.
        replicas: copies of each shard.
        routing: the field that decides on the shard.
        rollover_bytes: size at which the next index begins, in bytes.
        refresh: how soon what was written is found.
    """

    store: Link
    index: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$(?!\n)", max_length=100)]
    service: Link
    json_schema: Link = field(name="x-json-schema")
    fields: dict[Identifier, SearchField]
    shards: Positive
    replicas: Count
    routing: Identifier | None = None
    rollover_bytes: Positive | None = None
    refresh: Duration = "1s"


class KeyPattern(Element, frozen=True, kw_only=True):
    """A family of Redis keys.

    Attributes:
        store: the server that it lies on.
        pattern: the keys, with what varies in braces.
        service: the service that writes them.
        value_type: type of value in Redis.
        ttl: how long a key stays.
        json_schema: the schema of a value.
    """

    store: Link
    pattern: Annotated[
        str, Meta(pattern=r"^[a-z][a-z0-9-]*(:[a-zA-Z0-9{}|-]+)*$(?!\n)", max_length=120)
    ]
    service: Link
    value_type: Literal["string", "hash", "set", "zset", "list", "stream"]
    ttl: Duration | None = None
    json_schema: Link | None = field(name="x-json-schema", default=None)


class Bucket(Element, frozen=True, kw_only=True):
    """An S3 bucket per region.

    Attributes:
        storage: where it is.
        bucket: its name, without the region.
        service: the service that writes it.
        key_pattern: the keys, with what varies in braces.
        encryption: by whose keys objects are encrypted.
        versioned: whether what is written over can be had back.
        transitions: storage class -> the age at which objects move there.
        expires: how long objects stay.
        json_schema: the schema of an object.
    """

    storage: Link
    bucket: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,40}[a-z0-9]$(?!\n)")]
    service: Link
    key_pattern: Short
    encryption: Literal["kms", "s3"]
    versioned: bool
    transitions: dict[str, Duration] = {}
    expires: Duration | None = None
    json_schema: Link | None = field(name="x-json-schema", default=None)


TYPES: dict[str, type[Element]] = {
    "database": Database,
    "table": Table,
    "collection": Collection,
    "keyspace": Keyspace,
    "wide-table": WideTable,
    "columnar-table": ColumnarTable,
    "index": SearchIndex,
    "key-pattern": KeyPattern,
    "bucket": Bucket,
}
