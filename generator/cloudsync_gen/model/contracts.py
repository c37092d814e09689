"""Compiled contracts: what consumers are given, self-contained, without anything of the model."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from cloudsync_gen.model.prose import without_prose

if TYPE_CHECKING:
    from cloudsync_gen.model.reading import Read

INDEX = "index.json"
"""Where the index is published, relative to `contracts/`."""

_OPEN = 32
"""So many documents stay unpacked: those of one service, which targets look at one by one."""


class Packing(Protocol):
    """Gives the data of a document as it is kept."""

    def __call__(self) -> bytes: ...

    def taken(self) -> Read:
        """What the data was made of, once it was; it is forgotten here."""


class ContractDocument(Struct, frozen=True, kw_only=True, eq=False):
    """A contract that is data: OpenAPI, webhooks, AsyncAPI or a JSON Schema.

    `path` is where it is published, relative to `contracts/`. `source` is the id of the element
    that it was compiled from; `file` the model's file, empty where the model has no single one.
    `packing` makes its data when somebody asks for it: to know which there are takes less.
    """

    name: str
    path: str
    source: str
    file: str
    packing: Packing

    @property
    def packed(self) -> bytes:
        """Its data: of a large model not all contracts fit into memory as they are worked on."""
        return self.packing()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ContractDocument):
            return NotImplemented
        names = (self.name, self.path, self.source, self.file)
        others = (other.name, other.path, other.source, other.file)
        return names == others and self.packed == other.packed

    __hash__ = None  # type: ignore[assignment]

    @property
    def data(self) -> Mapping[str, Any]:
        """What it says; nobody may change it."""
        return _unpacked(self.packed)

    @property
    def plain(self) -> Mapping[str, Any]:
        """The same without its prose."""
        return _plain(self.packing())


class ContractText(Struct, frozen=True, kw_only=True):
    """A contract that is text: a GraphQL schema."""

    name: str
    path: str
    source: str
    file: str
    text: str


class ProtoContract(Struct, frozen=True, kw_only=True):
    """A proto file of the published module.

    `import_path` is how importers and descriptors name it. `descriptors` is a serialized
    FileDescriptorSet of it and all its imports in order, without comments and link options: what a
    code generator may be given. `service` is empty for a file that only holds types.
    """

    name: str
    path: str
    source: str
    file: str
    text: str
    import_path: str
    package: str
    service: str
    descriptors: bytes


class Contracts(Struct, frozen=True, kw_only=True):
    """All contracts of a model, each kind by name in sorted order.

    `rest`, `webhooks` and `graphql` by document, `asyncapi` by domain, `grpc` by document,
    `jsonschema` by element id. `index_file` has one entry, `INDEX`: what each part belongs to
    (`packed_json`). `schema_names` maps an element of the data model to the name that
    its schema has in every contract (`data_model.entity.page` -> `Page`).
    """

    rest: Mapping[str, ContractDocument]
    webhooks: Mapping[str, ContractDocument]
    asyncapi: Mapping[str, ContractDocument]
    graphql: Mapping[str, ContractText]
    grpc: Mapping[str, ProtoContract]
    jsonschema: Mapping[str, ContractDocument]
    index_file: Mapping[str, bytes]
    schema_names: Mapping[str, str]

    @property
    def index(self) -> Mapping[str, Any]:
        """What each part of the contracts belongs to."""
        found: Mapping[str, Any] = msgspec.json.decode(unpacked_json(self.index_file[INDEX]))
        return found

    @property
    def documents(self) -> tuple[ContractDocument, ...]:
        """All contracts that are data, in the order of their kinds."""
        kinds = (self.rest, self.webhooks, self.asyncapi, self.jsonschema)
        return tuple(each for kind in kinds for each in kind.values())


def packed_json(parts: Iterable[bytes]) -> bytes:
    """The text that these are together, of which there may be much, for a file of JSON."""
    whole = zlib.compressobj(1)
    return b"".join((*map(whole.compress, parts), whole.flush()))


def unpacked_json(content: bytes) -> bytes:
    """The text, without spaces."""
    return zlib.decompress(content)


def packed(data: Mapping[str, Any]) -> bytes:
    """Data as a document keeps it."""
    return zlib.compress(msgspec.msgpack.encode(data), level=1)


@lru_cache(maxsize=_OPEN)
def _plain(content: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = without_prose(_unpacked(content))
    return found


@lru_cache(maxsize=_OPEN)
def _unpacked(content: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.msgpack.decode(zlib.decompress(content))
    return found
