"""Whether compiled contracts are valid, each by the reference implementation of its kind.

Findings name the model's place, not the contract's. Resolvers of references are refused: a contract
is self-contained, so whatever asks for a file or an address is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.contracts.findings import contract_finding
from cloudsync_gen.contracts.memory import stamp
from cloudsync_gen.contracts.schemas import BASE
from cloudsync_gen.contracts.trials import (
    JUDGES,
    Trial,
    answered,
    outline_of,
    task_of,
    tried,
)
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.contracts import ContractDocument, Contracts, ContractText, ProtoContract
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers import data_model
from cloudsync_gen.model.memory import Forgetful, Memory
from cloudsync_gen.model.schema_check import Fault, default_faults, faults_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer, Ref

Findings = Callable[[Fault], Diagnostic]
Submit = Callable[[bytes], Callable[[], bytes]]
"""Takes a task for `trials.tried`, perhaps to another process; gives what waits for the answer."""


def here(task: bytes) -> Callable[[], bytes]:
    """Does it in this process, when the answer is asked for."""
    return partial(tried, task)


def validate(
    model: Model, contracts: Contracts, memory: Memory | None = None
) -> tuple[Diagnostic, ...]:
    """What is wrong with the contracts, as findings about the model."""
    return Validation(model, contracts, memory or Forgetful(), here).findings()


class Validation:
    """Validation under way: judges that take long have been given their work. What was found to be
    valid in an earlier run is not looked at again, and of the documents only those whose path is
    among `due`, where there is such.
    """

    def __init__(
        self,
        model: Model,
        contracts: Contracts,
        memory: Memory,
        submit: Submit,
        due: Container[str] | None = None,
    ) -> None:
        self._memory = memory
        schemas = [e for e in contracts.jsonschema.values() if due is None or e.path in due]
        self._found = [*self._new(_schemas(schemas, model)), *self._new(_defaults(schemas, model))]
        self._pending: list[_Pending] = []
        documents = (*contracts.rest.values(), *contracts.webhooks.values())
        judged = [each for each in documents if due is None or each.path in due]
        for case in chain(_documents(judged, model, contracts), _texts(contracts)):
            self._try(case, submit)

    def _new(self, looks: Iterable[_Look]) -> Iterator[Diagnostic]:
        """What is found in those that are not known to be valid."""
        for look in looks:
            known = look.known
            if self._memory.get(*known) is None:
                found = list(look.judge())
                yield from found
                if not found:
                    self._memory.put(*known, True)

    def _try(self, case: _Case, submit: Submit) -> None:
        """Documents whose inline schemas have faults are not tried: those places are known best."""
        kind = stamp(case.kind, JUDGES[case.kind].library)
        whole = f"{kind} whole", blake2b(case.source).digest()
        if self._memory.get(*whole) is not None:
            return
        inline = list(case.inline())
        self._found.extend(inline)
        if inline:
            return
        trial = Trial(case.kind, case.content())
        known = kind, blake2b(trial.content).digest()
        if self._memory.get(*known) is not None:
            self._memory.put(*whole, True)
            return
        self._pending.append(_Pending((known, whole), case.finding, submit(task_of(trial))))

    def findings(self) -> tuple[Diagnostic, ...]:
        """All findings, when the judges are done; only that they found nothing is remembered."""
        for case in self._pending:
            faults = answered(case.answer())
            self._found.extend(map(case.finding, faults))
            for known in () if faults else case.known:
                self._memory.put(*known, True)
        self._pending.clear()
        return tuple(self._found)


class _Look(Struct, frozen=True):
    """Something to be judged here, and all that the judgement depends on."""

    kind: str
    source: bytes
    judge: Callable[[], Iterable[Diagnostic]]

    @property
    def known(self) -> tuple[str, bytes]:
        """Under what it is remembered that nothing is wrong."""
        return self.kind, blake2b(self.source).digest()


class _Case(Struct, frozen=True):
    """A contract that a judge of its kind is to try.

    `source`: all that decides whether it is valid. `inline` looks at the schemas written in it;
    `content` gives as much of it as the judge needs.
    """

    kind: str
    source: bytes
    content: Callable[[], bytes]
    finding: Findings
    inline: Callable[[], Iterable[Diagnostic]] = tuple


class _Pending(Struct, frozen=True):
    """A trial under way, and what a fault found in it says of the model.

    Its verdict is remembered by kind, which tells the judge and his version, and by a digest: what
    is tried lies with whom it was submitted to.
    """

    known: tuple[tuple[str, bytes], ...]
    finding: Findings
    answer: Callable[[], bytes]


def _documents(
    documents: Iterable[ContractDocument], model: Model, contracts: Contracts
) -> Iterator[_Case]:
    for each in documents:
        yield _Case(
            kind="openapi",
            source=each.packed,
            content=partial(_outline, each),
            finding=partial(_of_document, each, contracts, model),
            inline=partial(_inline, each),
        )


def _texts(contracts: Contracts) -> Iterator[_Case]:
    for text in contracts.graphql.values():
        told = text.text.encode()
        yield _Case("sdl-check", told, partial(bytes, told), partial(_of_text, text))
    protos = tuple(contracts.grpc.values())
    if protos:
        by_path = {each.import_path: each for each in protos}
        told = msgspec.msgpack.encode(protos)
        yield _Case(
            "proto-check", told, partial(bytes, told), partial(_of_protos, by_path, protos[0])
        )


def _outline(document: ContractDocument) -> bytes:
    return msgspec.json.encode(outline_of(document.data))


def _of_document(
    document: ContractDocument, contracts: Contracts, model: Model, fault: Fault
) -> Diagnostic:
    place = _place(document, fault.pointer, contracts, model)
    return contract_finding(
        "invalid-openapi", place, fault.message, "see OpenAPI 3.1", document.source
    )


def _of_text(contract: ContractText, fault: Fault) -> Diagnostic:
    return contract_finding(
        "invalid-graphql", Ref(contract.file), fault.message, "see GraphQL", contract.source
    )


def _of_protos(
    by_path: Mapping[str, ProtoContract], first: ProtoContract, fault: Fault
) -> Diagnostic:
    each = by_path.get(str(fault.pointer[0]), first)
    return contract_finding(
        "invalid-proto", Ref(each.file), fault.message, "see proto3", each.source
    )


def _schemas(documents: Iterable[ContractDocument], model: Model) -> Iterator[_Look]:
    """Each element's schema by itself: contracts hold nothing but these."""
    encode = msgspec.msgpack.Encoder().encode
    for document in documents:
        element = model.get(data_model.DataElement, document.source)
        if element is not None:
            judge = partial(_faults_of_schema, model, element)
            yield _Look("valid schema", encode(element.schema), judge)


def _faults_of_schema(model: Model, element: data_model.DataElement) -> Iterator[Diagnostic]:
    place = model.ref(element.id, "schema")
    for fault in faults_of(element.schema):
        yield _at(place, fault, "invalid-json-schema", element.id)


def _defaults(documents: Iterable[ContractDocument], model: Model) -> Iterator[_Look]:
    """Defaults within the data model, read off the schemas that have everything they refer to."""
    for document in documents:
        judge = partial(_faults_of_defaults, model, document.source, document)
        yield _Look("valid defaults", document.packed, judge)


def _faults_of_defaults(
    model: Model, element: str, document: ContractDocument
) -> Iterator[Diagnostic]:
    local = document.data.get("$defs", {})

    def resolve(reference: str) -> Any:
        return local.get(reference.removeprefix("#/$defs/"), {})

    place = model.ref(element, "schema")
    for fault in default_faults(document.data, resolve):
        yield _at(place, fault, "invalid-json-schema", element)


def _at(place: Ref, fault: Fault, kind: str, element: str = "") -> Diagnostic:
    hint = fault.hint or "see JSON Schema 2020-12"
    return contract_finding(kind, place.at(*fault.pointer), fault.message, hint, element)


def _inline(document: ContractDocument) -> Iterator[Diagnostic]:
    """Schemas written in the source itself, and their defaults."""
    components = document.data.get("components", {}).get("schemas", {})

    def resolve(reference: str) -> Any:
        return components.get(reference.removeprefix(BASE), {})

    for pointer, schema in _source_schemas(document.data):
        place = Ref(document.file, pointer)
        for fault in (*faults_of(schema), *default_faults(schema, resolve)):
            yield _at(place, fault, "invalid-json-schema", document.source)


def _source_schemas(data: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    """(pointer, schema) of everything called `schema` below `paths` and `webhooks`."""
    pending: list[tuple[Pointer, Any]] = [
        ((part,), data[part]) for part in ("webhooks", "paths") if part in data
    ]
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, Mapping):
            for key, each in value.items():
                if key == "schema":
                    yield (*pointer, key), each
                elif key != "examples":
                    pending.append(((*pointer, key), each))
        elif isinstance(value, list):
            pending.extend(((*pointer, index), each) for index, each in enumerate(value))


def _place(document: ContractDocument, pointer: Pointer, contracts: Contracts, model: Model) -> Ref:
    """The place in the model of a place in a contract."""
    if pointer[:2] == ("components", "schemas") and len(pointer) > 2:
        for element, name in contracts.schema_names.items():
            if name == pointer[2]:
                return model.refs[ElementId(element)].at("schema", *pointer[3:])
    return Ref(document.file, pointer)
