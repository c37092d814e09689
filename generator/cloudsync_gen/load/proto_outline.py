"""A FileDescriptorSet -> plain data: what elements, shapes and contracts are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudsync_gen.model.sources import LINK_OPTIONS, PROTO_SCALARS

MAX_COMMENT = 4000
_OURS = "cloudsync-gen:"
_BREAKS = re.compile("[\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def outlines(descriptor_set: bytes, paths: Iterable[str]) -> dict[str, Any]:
    """Path -> outline of the files asked for, out of a set with imports and source information."""
    files, extensions = _parsed(descriptor_set)
    wanted = set(paths)
    return {each.name: _outline(each, extensions) for each in files if each.name in wanted}


def _parsed(descriptor_set: bytes) -> tuple[list[Any], Mapping[str, Any]]:
    """The files, and our three extensions where they are imported.

    A pool of its own: with the default one a message class would not know the options.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    plain = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    options = [each for each in plain.file if each.name == LINK_OPTIONS]
    if not options:
        return list(plain.file), {}
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(descriptor_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(options[0].SerializeToString())
    found = {
        name: pool.FindExtensionByName(f"cloudsync_gen.{name}")
        for name in ("contract", "rpc", "entity")
    }
    struct = message_factory.GetMessageClass(
        pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet")
    )
    return list(struct.FromString(descriptor_set).file), found  # type: ignore[attr-defined]


def _link(options: Any, extensions: Mapping[str, Any], name: str) -> dict[str, str]:
    if name not in extensions or not options.HasExtension(extensions[name]):
        return {}
    value = options.Extensions[extensions[name]]
    return {field.name: text for field, text in value.ListFields()}


def _outline(file: Any, extensions: Mapping[str, Any]) -> dict[str, Any]:
    names = dict(_names(file))
    comments = {
        names[tuple(place.path)]: text
        for place in file.source_code_info.location
        if tuple(place.path) in names
        and (text := _clean(f"{place.leading_comments}\n{place.trailing_comments}"))
    }
    services = [
        {
            "name": service.name,
            "methods": [_method(file.package, each, extensions) for each in service.method],
        }
        for service in file.service
    ]
    outline = {
        "syntax": file.syntax or "proto2",
        "package": file.package,
        "contract": _link(file.options, extensions, "contract"),
        "comments": comments,
        "services": services,
        "types": list(_types(file, extensions)),
    }
    file.ClearField("source_code_info")
    return {**outline, "descriptor": file.SerializeToString(deterministic=True)}


def _clean(comment: str) -> str:
    lines = [line.strip() for line in _BREAKS.sub("\n", comment).split("\n")]
    lines = [line for line in lines if not line.lstrip("/ ").startswith(_OURS)]  # not for readers
    return "\n".join(lines).strip()[:MAX_COMMENT]


def _within(package: str, type_name: str) -> str:
    return type_name.removeprefix(f".{package}.").removeprefix(".")


def _method(package: str, method: Any, extensions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rpcName": method.name,
        "requestMessage": _within(package, method.input_type),
        "responseMessage": _within(package, method.output_type),
        "clientStreaming": method.client_streaming,
        "serverStreaming": method.server_streaming,
        **_link(method.options, extensions, "rpc"),
    }


def _messages(file: Any) -> Iterator[tuple[tuple[int, ...], str, Any]]:
    """(path, name within the package, message) of all messages, nested ones included."""
    pending: list[tuple[tuple[int, ...], str, Any]] = [
        ((4, index), each.name, each) for index, each in enumerate(file.message_type)
    ]
    while pending:
        path, name, message = pending.pop(0)
        yield path, name, message
        pending += [
            ((*path, 3, index), f"{name}.{each.name}", each)
            for index, each in enumerate(message.nested_type)
        ]


def _enums(file: Any) -> Iterator[tuple[tuple[int, ...], str, Any]]:
    for index, each in enumerate(file.enum_type):
        yield (5, index), each.name, each
    for path, name, message in _messages(file):
        for index, each in enumerate(message.enum_type):
            yield (*path, 4, index), f"{name}.{each.name}", each


def _names(file: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    """Path of google.protobuf.SourceCodeInfo.Location -> name within the package."""
    yield (12,), ""
    for path, name, message in _messages(file):
        yield path, name
        yield from (((*path, 2, i), f"{name}.{f.name}") for i, f in enumerate(message.field))
        yield from (((*path, 8, i), f"{name}.{o.name}") for i, o in enumerate(message.oneof_decl))
    for path, name, enum in _enums(file):
        yield path, name
        yield from (((*path, 2, i), f"{name}.{v.name}") for i, v in enumerate(enum.value))
    for index, service in enumerate(file.service):
        yield (6, index), service.name
        for number, method in enumerate(service.method):
            yield (6, index, 2, number), f"{service.name}.{method.name}"


def _types(file: Any, extensions: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Messages and enumerations, written as `SourceType`."""
    for _, name, message in _messages(file):
        if not message.options.map_entry:  # protoc's own, nobody wrote it
            maps = {f"{name}.{e.name}" for e in message.nested_type if e.options.map_entry}
            fields = [_field(file.package, maps, each) for each in message.field]
            link = _link(message.options, extensions, "entity")
            yield {"name": name, "kind": "object", **link, "fields": fields}
    for _, name, enum in _enums(file):
        yield {"name": name, "kind": "enum", "members": [each.name for each in enum.value]}


def _field(package: str, maps: set[str], field: Any) -> dict[str, Any]:
    named = PROTO_SCALARS.get(field.type) or _within(package, field.type_name)
    is_map = named in maps
    return {
        "name": field.name,
        "type": "map" if is_map else named,
        "repeated": field.label == 3 and not is_map,
        "optional": bool(field.proto3_optional) or field.HasField("oneof_index"),
    }
