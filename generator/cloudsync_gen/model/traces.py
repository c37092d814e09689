"""What was made of a model in earlier runs, and which of it still holds.

A state tells the files of the model, of each element a digest of every field, and of everything
that was made what it read. Whatever stands in it is true of the model that it tells: of another
one only what changed is looked at, and all that read something of that is dropped. What is not
there, or cannot be read, is made again.
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.model.contracts import ContractDocument, Contracts
from cloudsync_gen.model.ids import ElementId, layer_of, type_of
from cloudsync_gen.model.links import Link
from cloudsync_gen.model.memory import Memory
from cloudsync_gen.model.prose import without_prose
from cloudsync_gen.model.reading import (
    ANY_LINK,
    CONTRACT_FIELDS,
    CONTRACTS,
    ELEMENTS,
    EVERYTHING,
    EXISTS,
    LINKS,
    PLACE,
    PLACES,
    PLAIN,
    SCHEMAS,
    SOURCE_FIELDS,
    Read,
    all_of,
    field_of_all,
    has_prose,
    linked_by,
    source_of,
    written_in,
)
from cloudsync_gen.model.sources import Sources
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.trace_store import Facts, State, Trace, TraceStore

_PROTO = ".proto"
"""Files of this kind are read together: they import each other."""

_TEXTS, _NAMES = ("graphql", "grpc"), "schema_names"
"""Contracts that are text, and the one field of all of them that holds no contracts."""

_WRITTEN = frozenset(map(written_in, Sources.__struct_fields__))
"""Fields of contract sources that are keys: what is read with all sources of a kind."""

_LATER = "index_file"
"""What of the contracts is made when somebody asks for it: he read what it came from."""

_NUMBERS = "I"
_DIGEST = 16
_MANY, _ROOM = 3, 20_000
"""So many names for an element, and so many more, may have a number before all begins anew."""

_encode = msgspec.msgpack.Encoder().encode
_facts = msgspec.msgpack.Decoder(Facts)
_fields = msgspec.msgpack.Decoder(dict[str, bytes])
_trace = msgspec.msgpack.Decoder(Trace)


class Extract(Struct, frozen=True, array_like=True):
    """What was made, and in short what it read: `narrow` has the numbers of elements that have one
    (for good) and the names of the others.
    """

    made: bytes
    keys: list[str]
    wide: list[str]
    narrow: list[tuple[list[str], bytes, list[str]]]


class Changes:
    """What is not as it was: keys, and fields of elements or contracts."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self._keys: set[str] = set()
        self._wide: set[int] = set()
        self._fields: defaultdict[str, set[int]] = defaultdict(set)

    def key(self, key: str) -> None:
        """A part of the model as a whole."""
        self._keys.add(key)

    def field(self, identity: str, field: str) -> None:
        """One field; nobody has read of what has no number."""
        wide = self._numbers.get(field_of_all(type_of(identity), field))
        own = self._numbers.get(identity)
        if wide is not None:
            self._wide.add(wide)
        if own is not None:
            self._fields[field].add(own)

    def concern(self, trace: Trace) -> bool:
        """Whether something of that was read."""
        if EVERYTHING in trace.keys or not self._keys.isdisjoint(trace.keys):
            return True
        if self._wide and not self._wide.isdisjoint(array(_NUMBERS, trace.wide)):
            return True
        for fields, elements in trace.narrow:
            changed = [self._fields[each] for each in fields if each in self._fields]
            if changed and not set().union(*changed).isdisjoint(array(_NUMBERS, elements)):
                return True
        return False

    def __bool__(self) -> bool:
        return bool(self._keys or self._wide or self._fields)


class Traces:
    """Of a model in which everything could be read; it is not kept here. `files`: the digest of
    each of its files.
    """

    def __init__(
        self, model: Model, files: Mapping[str, bytes], manifest: str, memory: Memory
    ) -> None:
        self._sizes = Counter(map(type_of, model.elements))
        self.files = _with_what_is_read_together(files, manifest)
        """Digest of each file, with what it is read together with."""
        self._manifest = self.files.get(manifest, b"")
        self._store = TraceStore(memory)
        self._state = self._remembered(len(model.elements))
        self._numbers = {name: n for n, name in enumerate(self._state.names)}
        self._new = self._update(model)

    def _update(self, model: Model) -> bool:
        """Brings the state to this model; whether there was anything to do."""
        known = self._state.files
        changed = {f for f, now in self.files.items() if f not in known or known[f][0] != now}
        gone = known.keys() - self.files.keys()
        if not changed and not gone:
            return False
        old: Facts = {}
        for file in (changed & known.keys()) | gone:
            old |= _facts.decode(zlib.decompress(known[file][1]))
        new: Facts = {}
        for file, facts in _of_files(model, changed):
            known[file] = (self.files[file], zlib.compress(_encode(facts), level=1))
            for each in facts:
                self._number(each)
            if self._state.traces:
                new |= facts
        for file in gone:
            del known[file]
        self._drop(old, new)
        return True

    def _drop(self, old: Facts, new: Facts) -> None:
        """All that read of what is not as it was."""
        self._new = True
        traces = self._state.traces
        if traces:
            changes = _differing(old, new, Changes(self._numbers))
            self._state.traces = {
                name: each
                for name, each in traces.items()
                if not changes or not changes.concern(_trace.decode(each))
            }

    def _remembered(self, elements: int) -> State:
        """The state of an earlier run; none of another manifest, which all is read by."""
        found = self._store.read(self._manifest)
        usable = len(found.names) <= _MANY * elements + _ROOM
        return found if usable else State(manifest=self._manifest)

    def compiled(self, contracts: Contracts) -> dict[str, bytes]:
        """What is known of the contracts of the model from now on, within `reading.noting`: path of
        each document that is not known to be what it was, and valid -> what it was made of, for
        `valid`.
        """
        made: dict[str, bytes] = {}
        facts = {path: _raw(each) for path, each in _of_texts(contracts).items()}
        for each in contracts.documents:
            before = self._state.contracts.get(each.path)
            if before is None or self.known(_of(each.path)) is None:
                facts[each.path] = _raw(_of_fields(each, CONTRACT_FIELDS[ContractDocument]))
                made[each.path] = _encode(self.extract(each.packing.taken(), b""))
            else:
                told = _fields.decode(before) | _of_fields(each, ("source", "file"))
                facts[each.path] = _raw(told)
        known = self._state.contracts
        if facts != known:
            # what nobody knew before, nobody can have read
            every = known.keys() | facts.keys() if known else ()
            paths = {each for each in every if known.get(each) != facts.get(each)}
            self._drop(_unpacked(known, paths), _unpacked(facts, paths))
            self._state.contracts = facts
        return made

    def valid(self, made: Mapping[str, bytes]) -> None:
        """Remembers of documents that `compiled` told that they are valid."""
        for path, extract in made.items():
            self.put(_of(path), _extract.decode(extract))

    def known(self, name: str) -> bytes | None:
        """What was made under a name, if it would be made again."""
        found = self._state.traces.get(name)
        return None if found is None else _trace.decode(found).made

    def keep(self, name: str, read: Read, made: bytes) -> None:
        """Remembers what was made of this model."""
        self.put(name, self.extract(read, made))

    def put(self, name: str, extract: Extract) -> None:
        """Remembers what was made of this model, perhaps by a copy of this process."""
        trace = Trace(
            made=extract.made,
            keys=extract.keys,
            wide=_packed(map(self._number, extract.wide)),
            narrow=[
                (fields, _packed((*array(_NUMBERS, numbers), *map(self._number, names))))
                for fields, numbers, names in extract.narrow
            ],
        )
        self._state.traces[name] = _raw(trace)
        self._new = True

    def forget(self, beginning: str) -> None:
        """Drops all names that begin so."""
        traces = self._state.traces
        self._state.traces = {n: e for n, e in traces.items() if not n.startswith(beginning)}
        self._new = True

    def save(self) -> None:
        """For the next run, if anything is new. Nothing may be asked afterwards: the state of a
        large model is large, and much is to be done without it.
        """
        if self._new:
            self._store.write(self._state)
        self._new, self._state, self._numbers = False, State(), {}

    def extract(self, read: Read, made: bytes) -> Extract:
        """What is remembered of a reading: of all that a judge of a large model reads little is
        left.
        """
        wide = {*read.wide}
        groups: defaultdict[tuple[bytes, tuple[str, ...]], list[str]] = defaultdict(list)
        for field, identities in sorted(read.fields.items()):
            by_type: defaultdict[str, list[str]] = defaultdict(list)
            for each in identities:  # of a large model these are many: no call for each
                by_type[each.rpartition(".")[0]].append(each)
            single: list[str] = []
            for kind, members in by_type.items():
                if len(members) > 1 and len(members) == self._sizes[kind]:
                    wide.add(field_of_all(kind, field))
                else:
                    single += members
            if single:
                groups[self._split(single)].append(field)
        return Extract(
            made=made,
            keys=sorted(read.keys),
            wide=sorted(wide),
            narrow=[(fields, numbers, [*names]) for (numbers, names), fields in groups.items()],
        )

    def _split(self, names: Iterable[str]) -> tuple[bytes, tuple[str, ...]]:
        """Numbers of names, and the names that have none."""
        numbers: list[int] = []
        others: list[str] = []
        for each in names:
            number = self._numbers.get(each)
            if number is None:
                others.append(each)
            else:
                numbers.append(number)
        return _packed(numbers), tuple(sorted(others))

    def _number(self, name: str) -> int:
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self._state.names)
            self._state.names.append(name)
        return found


_extract = msgspec.msgpack.Decoder(Extract)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def _unpacked(facts: Mapping[str, msgspec.Raw], paths: Set[str]) -> Facts:
    return {path: _fields.decode(facts[path]) for path in paths if path in facts}


def _packed(numbers: Iterable[int]) -> bytes:
    return array(_NUMBERS, sorted(numbers)).tobytes()


def _differing(old: Facts, new: Facts, changes: Changes) -> Changes:
    """What has changed between two states of the same files or contracts."""
    for identity in old.keys() | new.keys():
        before, now = old.get(identity, {}), new.get(identity, {})
        for field in before.keys() | now.keys() if before != now else ():
            if before.get(field) != now.get(field):
                _note(changes, identity, field)
    return changes


def _note(changes: Changes, identity: str, field: str) -> None:
    if field in _WRITTEN:
        changes.key(field)
    elif field.startswith(LINKS):
        changes.field(identity, LINKS)
        changes.key(linked_by(field.removeprefix(LINKS)))
        changes.key(ANY_LINK)
    else:
        changes.field(identity, field)
        if field == EXISTS:
            changes.key(ELEMENTS)
            changes.key(all_of(type_of(identity)))
        elif field == PLACE:
            changes.key(PLACES)
            if layer_of(identity) == "data_model":
                changes.key(SCHEMAS)


def _of_files(model: Model, files: Set[str]) -> Iterator[tuple[str, Facts]]:
    """What stands in some files, one by one: there may be many."""
    elements: dict[str, list[ElementId]] = {file: [] for file in files}
    for element, ref in model.refs.items():
        if ref.file in files:
            elements[ref.file].append(element)
    sources: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    for kind in Sources.__struct_fields__:
        for source in getattr(model.sources, kind):
            if source.file in files:
                sources[source.file] |= _of_source(source, kind)
    for file, within in elements.items():
        facts: Facts = {each: _of_element(model, each) for each in within}
        if file in sources:
            facts[source_of(file)] = sources[file]
        yield file, facts


def _of_source(source: Struct, kind: str) -> dict[str, bytes]:
    """Its fields; those that are not read by themselves stand for it among all of its kind."""
    apart = SOURCE_FIELDS[type(source)]
    others = [getattr(source, each) for each in source.__struct_fields__ if each not in apart]
    return {**_of_fields(source, sorted(apart)), written_in(kind): _short(others)}


def _of_element(model: Model, element: ElementId) -> dict[str, bytes]:
    value = model.elements[element]
    facts = _of_fields(value, value.__struct_fields__)
    facts |= {EXISTS: b"", PLACE: _short(model.refs[element])}
    links: defaultdict[str, list[Link]] = defaultdict(list)
    for each in model.out.get(element, ()):
        links[each.type].append(each)
    return facts | {f"{LINKS}{kind}": _short(each) for kind, each in links.items()}


def _of_fields(value: Any, fields: Iterable[str]) -> dict[str, bytes]:
    found = {field: getattr(value, field) for field in fields}
    found |= {
        field + PLAIN: without_prose(each)
        for field, each in found.items()
        if has_prose(type(value), field)
    }
    return {field: _short(each) for field, each in found.items() if each is not None}


def _of_texts(contracts: Contracts) -> Facts:
    """Of contracts that are text, and of which there are."""
    facts: Facts = {}
    whole: dict[str, bytes] = {}
    for kind in Contracts.__struct_fields__:
        if kind == _LATER:
            continue
        held = getattr(contracts, kind)
        if kind in _TEXTS:
            facts |= {each.path: _of_fields(each, each.__struct_fields__) for each in held.values()}
        if kind != _NAMES:
            held = {name: each.path for name, each in held.items()}
        whole[kind] = _short(held)
    return facts | {CONTRACTS: whole}


def _of(path: str) -> str:
    """Under which name it is kept what a contract was made of."""
    return f"contract {path}"


def _short(value: object) -> bytes:
    written = _encode(value)
    return written if len(written) <= _DIGEST else blake2b(written, digest_size=_DIGEST).digest()


def _with_what_is_read_together(files: Mapping[str, bytes], manifest: str) -> dict[str, bytes]:
    whole = files.get(manifest, b"")
    protos = _joined(files[each] for each in sorted(files) if each.endswith(_PROTO))
    return {
        file: _joined((whole, protos if file.endswith(_PROTO) else digest))
        for file, digest in files.items()
    }


def _joined(pieces: Iterable[bytes]) -> bytes:
    whole = blake2b(digest_size=_DIGEST)
    for piece in pieces:
        whole.update(f"{len(piece)}:".encode() + piece)
    return whole.digest()
