"""What the reference implementations say of contracts: work for any process, given bytes alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.model.contracts import ProtoContract
from cloudsync_gen.model.schema_check import Fault

MAX_MESSAGE = 300


class Trial(Struct, frozen=True):
    """A contract, or several that need each other, before the judge of its kind."""

    kind: str
    content: bytes


def try_openapi(content: bytes) -> list[Fault]:
    """A document as JSON."""
    return openapi_faults(msgspec.json.decode(content))


def try_graphql(content: bytes) -> list[Fault]:
    """A schema definition."""
    from cloudsync_gen.contracts.graphql_check import graphql_faults

    return [Fault((), fault) for fault in graphql_faults(content.decode())]


def try_protos(content: bytes) -> list[Fault]:
    """All proto texts, as msgpack; the pointer of a fault is an import path."""
    from cloudsync_gen.contracts.proto_check import proto_faults

    protos = msgspec.msgpack.decode(content, type=tuple[ProtoContract, ...])
    return [Fault((path,), what) for path, what in proto_faults(protos)]


class Judge(Struct, frozen=True):
    """Who judges a kind of contract, and the library whose version the verdict depends on."""

    library: str
    judge: Callable[[bytes], list[Fault]]


JUDGES: Mapping[str, Judge] = {
    "openapi": Judge("openapi-spec-validator", try_openapi),
    "sdl-check": Judge("strawberry-graphql", try_graphql),
    "proto-check": Judge("grpcio-tools", try_protos),
}

_encode = msgspec.msgpack.Encoder().encode
_trial = msgspec.msgpack.Decoder(Trial)
_faults = msgspec.msgpack.Decoder(list[Fault])


def tried(task: bytes) -> bytes:
    """A trial -> its faults, both as msgpack."""
    trial = _trial.decode(task)
    return _encode(JUDGES[trial.kind].judge(trial.content))


def task_of(trial: Trial) -> bytes:
    """The bytes for `tried`."""
    return _encode(trial)


def answered(answer: bytes) -> list[Fault]:
    """The faults that `tried` found."""
    return _faults.decode(answer)


def outline_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """A document as far as it matters to its judge: without what its texts say, of which nothing is
    asked but that they are texts (OpenAPI 3.1.1, 4.8), nor its component schemas.
    """
    outline: dict[str, Any] = _untold(_without_schemas(data))
    return outline


def _without_schemas(data: Mapping[str, Any]) -> dict[str, Any]:
    """Those are judged once for all documents; here each stands as a schema that accepts
    everything, so that references to it still have to resolve.
    """
    components = data.get("components", {})
    stubs: dict[str, Any] = {name: {} for name in components.get("schemas", {})}
    return {**data, "components": {**components, "schemas": stubs}}


_PROSE = ("description", "summary")
_VALUES = frozenset(("default", "example", "examples", "enum", "const"))
"""Keys below which there may be anything, what is called a description too."""


def _untold(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: (
                ""
                if key in _PROSE and isinstance(each, str)
                else each if key in _VALUES else _untold(each)
            )
            for key, each in value.items()
        }
    return [_untold(each) for each in value] if isinstance(value, list) else value


def openapi_faults(data: Mapping[str, Any]) -> list[Fault]:
    """What openapi-spec-validator says about a document, its component schemas apart."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    outline = _without_schemas(data)
    try:
        # both halves of its `iter_errors`, which keeps every document for the life of a process
        errors = [*OpenAPIV31SpecValidator.schema_validator.iter_errors(outline)]
        errors += _walked(outline) if _is_doubtful(outline) else ()
    except Exception as error:
        return [Fault((), f"{type(error).__name__}: {error}"[:MAX_MESSAGE])]
    return [
        Fault(tuple(getattr(each, "absolute_path", ())), str(each.message)[:MAX_MESSAGE])
        for each in errors
    ]


def _walked(outline: Mapping[str, Any]) -> list[Any]:
    """What is found on the way through paths and components, references followed."""
    from jsonschema_path import SchemaPath
    from openapi_spec_validator import OpenAPIV31SpecValidator

    handlers = dict.fromkeys(("http", "https", "file", "<all_urls>"), _refuse)
    path = SchemaPath.from_dict(outline, handlers=handlers)
    return [*OpenAPIV31SpecValidator(path).root_validator(path)]


def _is_doubtful(outline: Mapping[str, Any]) -> bool:
    """Whether the way through the document, each shared response taken once, finds anything.

    A document whose operations refuse alike refers to one response from each of them, and most of
    the way would go through these again and again.
    """
    seen: set[str] = set()

    def once(operation: Any) -> Any:
        responses = operation.get("responses") if isinstance(operation, Mapping) else None
        if not isinstance(responses, Mapping):
            return operation
        kept = {}
        for status, response in responses.items():
            shared = isinstance(response, Mapping) and [*response] == ["$ref"]
            if not shared or str(response["$ref"]) not in seen:
                kept[status] = response
            if shared:
                seen.add(str(response["$ref"]))
        return {**operation, "responses": kept}

    try:
        items = outline["paths"].items()
        paths = {url: {key: once(value) for key, value in item.items()} for url, item in items}
        return bool(_walked({**outline, "paths": paths}))
    except Exception:
        return True


def _refuse(uri: str) -> Any:
    raise ValueError(f"a contract is self-contained, but refers to {uri}")
