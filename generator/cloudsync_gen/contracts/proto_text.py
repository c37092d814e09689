"""A FileDescriptorProto -> proto3 text in one layout, with comments that are harmless anywhere.

A comment of a proto file becomes a docstring in the output of some generators, so quotes and
backslashes in it are written in a form that ends no string of any language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cloudsync_gen.model.sources import PROTO_SCALARS

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FieldDescriptorProto,
        FileDescriptorProto,
        ServiceDescriptorProto,
    )

_STEP = "  "
_MAX_RESERVED = 2**29
_MAX_ENUM = 2**31 - 1


def proto_text(file: FileDescriptorProto, comments: Mapping[str, str]) -> str:
    """The text of a file; `comments` by name within its package, empty for the file itself."""
    return "\n".join(_Printer(file, comments).lines()) + "\n"


def comment_lines(text: str, indent: str = "") -> Iterator[str]:
    """`//` lines of a comment; hidden characters become escapes, quotes an apostrophe."""
    for line in text.splitlines():
        flat = line.replace("\\", "/").replace('"', "'").replace("*/", "* /").rstrip()
        shown = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in flat)
        yield f"{indent}// {shown}".rstrip()


class _Printer:
    """Prints one file."""

    def __init__(self, file: FileDescriptorProto, comments: Mapping[str, str]) -> None:
        self._file = file
        self._comments = comments
        self._symbols = frozenset(_symbols(file))

    def lines(self) -> Iterator[str]:
        file = self._file
        yield from self._comment("", "")
        yield 'syntax = "proto3";'
        yield from ("", f"package {file.package};")
        if file.dependency:
            yield ""
            yield from self._imports()
        options = list(_options(file.options))
        if options:
            yield ""
            yield from (f"option {each};" for each in options)
        for service in file.service:
            yield ""
            yield from self._service(service)
        for message in file.message_type:
            yield ""
            yield from self._message(message, "", "")
        for enum in file.enum_type:
            yield ""
            yield from self._enum(enum, "", "")

    def _imports(self) -> Iterator[str]:
        public = {self._file.dependency[index] for index in self._file.public_dependency}
        for path in sorted(self._file.dependency):
            yield f'import {"public " if path in public else ""}"{path}";'

    def _comment(self, name: str, indent: str) -> Iterator[str]:
        yield from comment_lines(self._comments.get(name, ""), indent)

    def _service(self, service: ServiceDescriptorProto) -> Iterator[str]:
        yield from self._comment(service.name, "")
        yield f"service {service.name} {{"
        yield from (f"{_STEP}option {each};" for each in _options(service.options))
        for method in service.method:
            yield from self._comment(f"{service.name}.{method.name}", _STEP)
            request = "stream " * method.client_streaming + self._name(method.input_type, "")
            answer = "stream " * method.server_streaming + self._name(method.output_type, "")
            head = f"{_STEP}rpc {method.name}({request}) returns ({answer})"
            options = list(_options(method.options))
            if not options:
                yield f"{head};"
                continue
            yield f"{head} {{"
            yield from (f"{_STEP * 2}option {each};" for each in options)
            yield f"{_STEP}}}"
        yield "}"

    def _message(self, message: DescriptorProto, scope: str, indent: str) -> Iterator[str]:
        name = _join(scope, message.name)
        yield from self._comment(name, indent)
        lines = [*self._body(message, name, indent + _STEP)]
        yield f"{indent}message {message.name} {{" + ("" if lines else "}")
        if lines:
            yield from lines
            yield f"{indent}}}"

    def _body(self, message: DescriptorProto, name: str, inner: str) -> Iterator[str]:
        yield from (f"{inner}option {each};" for each in _options(message.options))
        yield from _reserved(message, inner, _MAX_RESERVED, 1)
        maps = {each.name: each for each in message.nested_type if each.options.map_entry}
        for enum in message.enum_type:
            yield from self._enum(enum, name, inner)
        for nested in message.nested_type:
            if nested.name not in maps:
                yield from self._message(nested, name, inner)
        yield from self._fields(message, name, inner, maps)

    def _fields(
        self, message: DescriptorProto, name: str, indent: str, maps: Mapping[str, DescriptorProto]
    ) -> Iterator[str]:
        done: set[int] = set()
        for field in message.field:
            choice = field.oneof_index
            if not field.HasField("oneof_index") or field.proto3_optional:
                yield from self._field(field, name, indent, maps)
            elif choice not in done:
                done.add(choice)
                title = message.oneof_decl[choice].name
                yield from self._comment(f"{name}.{title}", indent)
                yield f"{indent}oneof {title} {{"
                for each in message.field:
                    if each.HasField("oneof_index") and each.oneof_index == choice:
                        yield from self._field(each, name, indent + _STEP, maps)
                yield f"{indent}}}"

    def _field(
        self,
        field: FieldDescriptorProto,
        scope: str,
        indent: str,
        maps: Mapping[str, DescriptorProto],
    ) -> Iterator[str]:
        yield from self._comment(f"{scope}.{field.name}", indent)
        entry = maps.get(field.type_name.rpartition(".")[2]) if field.type_name else None
        if entry is not None:
            key, value = (self._type(each, scope) for each in entry.field)
            kind = f"map<{key}, {value}>"
        else:
            label = "optional " if field.proto3_optional else "repeated " * (field.label == 3)
            kind = label + self._type(field, scope)
        options = list(_options(field.options))
        if field.json_name and field.json_name != _json_name(field.name):
            options.append(f"json_name = {_literal(field.json_name)}")
        suffix = f" [{', '.join(options)}]" if options else ""
        yield f"{indent}{kind} {field.name} = {field.number}{suffix};"

    def _type(self, field: FieldDescriptorProto, scope: str) -> str:
        return PROTO_SCALARS.get(field.type) or self._name(field.type_name, scope)

    def _name(self, full: str, scope: str) -> str:
        """The shortest spelling of a type that means it from within `scope`; else the full one."""
        package = self._file.package
        if not full.startswith(f".{package}."):
            first = full[1:].partition(".")[0]
            hidden = first in package.split(".")[1:] or self._meaning(first, scope) is not None
            return full if hidden else full[1:]
        target = full.removeprefix(f".{package}.")
        parts = target.split(".")
        for count in range(1, len(parts) + 1):
            short = ".".join(parts[-count:])
            if self._meaning(short, scope) == target:
                return short
        return full

    def _meaning(self, name: str, scope: str) -> str | None:
        """What a relative name leads to: its first part is looked for from `scope` outwards."""
        first = name.partition(".")[0]
        while _join(scope, first) not in self._symbols:
            if not scope:
                return None
            scope = scope.rpartition(".")[0]
        return _join(scope, name)

    def _enum(self, enum: EnumDescriptorProto, scope: str, indent: str) -> Iterator[str]:
        name = _join(scope, enum.name)
        inner = indent + _STEP
        yield from self._comment(name, indent)
        yield f"{indent}enum {enum.name} {{"
        yield from (f"{inner}option {each};" for each in _options(enum.options))
        yield from _reserved(enum, inner, _MAX_ENUM, 0)
        for value in enum.value:
            yield from self._comment(f"{name}.{value.name}", inner)
            options = list(_options(value.options))
            suffix = f" [{', '.join(options)}]" if options else ""
            yield f"{inner}{value.name} = {value.number}{suffix};"
        yield f"{indent}}}"


def _join(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope else name


def _symbols(file: FileDescriptorProto) -> Iterator[str]:
    """Names within the package that a relative type name might meet first."""
    yield from (enum.name for enum in file.enum_type)
    yield from (service.name for service in file.service)
    pending: list[tuple[str, DescriptorProto]] = [("", each) for each in file.message_type]
    while pending:
        scope, message = pending.pop()
        name = _join(scope, message.name)
        yield name
        yield from (f"{name}.{field.name}" for field in message.field)
        yield from (f"{name}.{enum.name}" for enum in message.enum_type)
        yield from (f"{name}.{choice.name}" for choice in message.oneof_decl)
        yield from (f"{name}.{v.name}" for enum in message.enum_type for v in enum.value)
        pending += [(name, each) for each in message.nested_type]


def _json_name(name: str) -> str:
    """protoc's own lowerCamelCase: underscores go, the letter after one becomes a capital."""
    head, *rest = name.split("_")
    return head + "".join(each[:1].upper() + each[1:] for each in rest)


def _options(options: Any) -> Iterator[str]:
    """`name = value` of the standard options that are set; link options are unknown here."""
    for field, value in options.ListFields():
        if field.message_type is not None or field.is_repeated or field.name == "map_entry":
            continue
        if field.enum_type is not None:
            text = field.enum_type.values_by_number[value].name
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, str):
            text = _literal(value)
        else:
            text = str(value)
        yield f"{field.name} = {text}"


def _literal(text: str) -> str:
    """A string literal; whatever does not show becomes the escapes of its bytes."""
    from google.protobuf import text_encoding

    shown = text.isprintable()
    return f'"{text_encoding.CEscape(text.encode(), as_utf8=shown)}"'


def _reserved(
    owner: DescriptorProto | EnumDescriptorProto, indent: str, most: int, exclusive: int
) -> Iterator[str]:
    """`reserved` statements; ends of ranges are exclusive in messages, not in enumerations."""
    ranges = []
    for each in owner.reserved_range:
        last = each.end - exclusive
        end = "max" if last >= most - exclusive else str(last)
        ranges.append(str(each.start) if each.start == last else f"{each.start} to {end}")
    if ranges:
        yield f"{indent}reserved {', '.join(ranges)};"
    if owner.reserved_name:
        names = ", ".join(map(_literal, owner.reserved_name))
        yield f"{indent}reserved {names};"
