"""Whether compiled contracts are valid, each by the reference implementation of its kind.

Findings name the model's place, not the contract's. Resolvers of references are refused: a contract
is self-contained, so whatever asks for a file or an address is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    """Validation under way: judges that take long have been given their work."""

    def __init__(self, model: Model, contracts: Contracts, memory: Memory, submit: Submit) -> None:
        self._memory = memory
        self._found = [*_schemas(model), *_defaults(contracts, model)]
        self._pending: list[_Pending] = []
        for trial, finding in _cases(model, contracts, self._found):
            kind = stamp(trial.kind, JUDGES[trial.kind].library)
            known = blake2b(trial.content).digest()
            if memory.get(kind, known) is None:
                answer = submit(task_of(trial))
                self._pending.append(_Pending(kind, known, finding, answer))

    def findings(self) -> tuple[Diagnostic, ...]:
        """All findings, when the judges are done; only that they found nothing is remembered."""
        for case in self._pending:
            faults = answered(case.answer())
            self._found.extend(map(case.finding, faults))
            if not faults:
                self._memory.put(case.kind, case.known, True)
        self._pending.clear()
        return tuple(self._found)


class _Pending(Struct, frozen=True):
    """A trial under way, and what a fault found in it says of the model.

    Its verdict is remembered by `kind`, the judge and his version, and `known`, a digest: what is
    tried lies with whom it was submitted to.
    """

    kind: str
    known: bytes
    finding: Findings
    answer: Callable[[], bytes]


def _cases(
    model: Model, contracts: Contracts, found: list[Diagnostic]
) -> Iterator[tuple[Trial, Findings]]:
    """Documents whose inline schemas have faults are not tried: those places are known best."""
    for each in (*contracts.rest.values(), *contracts.webhooks.values()):
        inline = list(_inline(each))
        found.extend(inline)
        if not inline:
            trial = Trial("openapi", msgspec.json.encode(outline_of(each.data)))
            yield trial, partial(_of_document, each, contracts, model)
    for text in contracts.graphql.values():
        yield Trial("sdl-check", text.text.encode()), partial(_of_text, text)
    protos = tuple(contracts.grpc.values())
    if protos:
        by_path = {each.import_path: each for each in protos}
        trial = Trial("proto-check", msgspec.msgpack.encode(protos))
        yield trial, partial(_of_protos, by_path, protos[0])


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


def _schemas(model: Model) -> Iterator[Diagnostic]:
    """Each element's schema by itself: contracts hold nothing but these."""
    for element in chain.from_iterable(map(model.all, data_model.TYPES.values())):
        if isinstance(element, data_model.DataElement):
            place = model.ref(element.id, "schema")
            for fault in faults_of(element.schema):
                yield _at(place, fault, "invalid-json-schema", element.id)


def _defaults(contracts: Contracts, model: Model) -> Iterator[Diagnostic]:
    """Defaults within the data model, read off the schemas that have everything they refer to."""
    for element, document in contracts.jsonschema.items():
        local = document.data.get("$defs", {})

        def resolve(reference: str, local: Mapping[str, Any] = local) -> Any:
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
