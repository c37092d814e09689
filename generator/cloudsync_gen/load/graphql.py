"""GraphQL sources -> the schema as an element and one element per field that something answers.

Pointers of a source: `schema`, `types/<type>/fields/<field>/arguments/<argument>`,
`types/<type>/values/<value>`, `directives/<name>`; below them the arguments of link directives by
their name (`schema/id`, `types/Query/fields/page/resolves`, `types/Page/schema`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from cloudsync_gen.diagnostics import Diagnostic, Severity, finding
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.findings import unreadable
from cloudsync_gen.load.layers import explain
from cloudsync_gen.load.openapi import Loaded, document_of
from cloudsync_gen.load.yaml_tree import Problem
from cloudsync_gen.model.declared import declared
from cloudsync_gen.model.ids import is_id
from cloudsync_gen.model.layers.api import GraphqlApi, JoinedField, RootField
from cloudsync_gen.model.sources import LINK_DIRECTIVES, LINK_NAMES, GraphqlSource, SourceType
from cloudsync_gen.naming import kebab
from cloudsync_gen.source import Located, Pointer, Ref, Span

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLError, Node

MAX_BYTES = 1024 * 1024
MAX_TOKENS = 50_000
MAX_DEPTH = 32
"""Brackets within brackets; the parser is recursive."""

_FIELD_LINKS = ("resolves", "performs", "follows")
"""Directives of fields: what they name is the link of that name."""
_BY = "by"
"""The argument of `@resolves` that is no link: the field of the same object that it is asked by."""

_MEANT = frozenset((*LINK_NAMES, "deprecated", "specifiedBy", "oneOf"))
_ROOTS = ("query", "mutation", "subscription")


def graphql_source(
    file: str, content: bytes, cache: ParseCache | None = None
) -> tuple[GraphqlSource | None, Loaded]:
    """The source and its elements, or what makes it no usable schema."""
    cache = cache or ParseCache()
    known = cache.get("graphql", content)
    if known is not None:
        return _declared(file, content.decode(), known.value)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _refused(file, "SRC007", "not UTF-8", "save as UTF-8", Span(file, line, 1, line, 1))
    document = _parse(file, text)
    if isinstance(document, Problem):
        return None, ([], unreadable(file, (document,)))
    found = list(_findings(file, document))
    if found:
        return None, ([], found)
    outline = _outline(document)
    cache.put("graphql", content, outline)
    return _declared(file, text, outline)


def locate(file: str, text: str) -> Located:
    """Positions of types, fields, arguments, values and of what link directives say."""
    document = _parse(file, text)
    if isinstance(document, Problem):
        return {}
    found: dict[Pointer, tuple[Span, Span | None]] = {(): (Span(file, 1, 1, 1, 1), None)}
    for pointer, node in _nodes(document):
        name = getattr(node, "name", None)
        span = _span(file, node)
        key = _span(file, name) if name is not None else None
        found.setdefault(pointer, (key or span, key))
    return found


def comments(file: str, text: str) -> Iterator[tuple[int, int, str]]:
    """(line, column, text from the `#` on) of each comment; of none where the text is broken."""
    document = _parse(file, text)
    token = document.loc.start_token if not isinstance(document, Problem) and document.loc else None
    while token is not None:
        if token.kind.name == "COMMENT":
            yield token.line, token.column, f"#{token.value}"
        token = token.next


def _refused(
    file: str, code: str, message: str, hint: str, span: Span
) -> tuple[GraphqlSource | None, Loaded]:
    return None, ([], unreadable(file, (Problem(code, message, hint, span),)))


def _parse(file: str, text: str) -> DocumentNode | Problem:
    from graphql import GraphQLSyntaxError, Source, parse

    start = Span(file, 1, 1, 1, 1)
    if len(text) > MAX_BYTES:
        hint = "split the schema"
        return Problem("SRC005", f"file is larger than {MAX_BYTES // 1024} KiB", hint, start)
    if _depth(text) > MAX_DEPTH:
        return Problem("SRC005", f"nested deeper than {MAX_DEPTH} brackets", "flatten it", start)
    try:
        return parse(Source(text, file), max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        line, column = error.locations[0] if error.locations else (1, 1)
        span = Span(file, line, column, line, column + 1)
        what = error.message.removeprefix("Syntax Error: ").rstrip(".")
        code = "SRC005" if "tokens" in what else "SRC001"
        return Problem(code, f"not GraphQL: {what}", "mend the syntax", span)


def _depth(text: str) -> int:
    """Deepest nesting of brackets, those in descriptions included: a cheap upper bound."""
    if sum(text.count(each) for each in "[{(") <= MAX_DEPTH:
        return 0
    deepest = depth = 0
    for char in text:
        if char in "[{(":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]})" and depth:
            depth -= 1
    return deepest


def _findings(file: str, document: DocumentNode) -> Iterator[Diagnostic]:
    """What keeps the document from being a schema whose every word reaches the contract."""
    from graphql import GraphQLError, build_ast_schema, parse, validate_schema
    from graphql.validation.validate import validate_sdl

    foreign = list(_foreign_directives(file, document))
    if foreign:
        yield from foreign
        return
    own = [each for each in document.definitions if not _is_link_definition(each)]
    links = parse(LINK_DIRECTIVES, no_location=True).definitions
    whole = type(document)(definitions=(*own, *links))
    errors = validate_sdl(whole)
    if not errors:
        try:
            errors = validate_schema(build_ast_schema(whole, assume_valid_sdl=True))
        except (GraphQLError, TypeError) as broken:
            errors = [broken if isinstance(broken, GraphQLError) else GraphQLError(str(broken))]
    yield from (_invalid(file, error) for error in errors)
    if not errors:
        yield from _lost_links(file, document)
        yield from _contract_findings(file, document)


def _is_link_definition(node: Node) -> bool:
    return node.kind == "directive_definition" and node.name.value in LINK_NAMES  # type: ignore[attr-defined]


def _invalid(file: str, error: GraphQLError) -> Diagnostic:
    nodes = error.nodes or []
    span = next((_span(file, node) for node in nodes if node.loc), Span(file, 1, 1, 1, 1))
    return Diagnostic(
        code="GQL002",
        name="graphql-schema",
        severity=Severity.ERROR,
        ref=Ref(file),
        message=error.message.rstrip("."),
        hint="mend the schema (GraphQL specification, section Type System)",
        span=span,
    )


def _foreign_directives(file: str, document: DocumentNode) -> Iterator[Diagnostic]:
    for pointer, node in _nodes(document):
        for each in getattr(node, "directives", None) or ():
            if each.name.value not in _MEANT:
                hint = f"use one of {', '.join(f'@{name}' for name in sorted(_MEANT))}"
                what = f"`@{each.name.value}` would be lost: it has no meaning in a contract"
                yield finding("GQL003", "graphql-directive", Ref(file, pointer), what, hint)


def _lost_links(file: str, document: DocumentNode) -> Iterator[Diagnostic]:
    """Directives that nothing would read where they stand."""
    roots = _roots(document)
    for definition in document.definitions:
        name = getattr(getattr(definition, "name", None), "value", "")
        for field in getattr(definition, "fields", None) or ():
            place = Ref(file, ("types", name, "fields", field.name.value))
            links = _links_of(field)
            if links and definition.kind.startswith("interface"):
                what = f"nothing answers `{name}.{field.name.value}` itself: it is of an interface"
                hint = "put the directive on the fields of the types that implement it"
                yield finding(
                    "GQL003", "graphql-directive", place.at(next(iter(links))), what, hint
                )
            elif _BY in links and name in roots:
                what = "`by` is read of fields of other types, and of no field of a root"
                hint = "take `by` out: arguments of a field of a root are the operation's own"
                yield finding("GQL003", "graphql-directive", place.at(_BY), what, hint)


def _contract_findings(file: str, document: DocumentNode) -> Iterator[Diagnostic]:
    facts = _schema_links(document)
    identity = facts.get("id", "")
    hint = f'write `schema @contract(id: "api.graphql-api.{kebab(document_of(file))}") {{ … }}`'
    if not identity:
        what = "the schema has no `@contract(id:)`"
        yield finding("GQL001", "graphql-document", Ref(file, ("schema",)), what, hint)
    elif not is_id(identity) or not identity.startswith("api.graphql-api."):
        what = f"`{identity}` is no id of a GraphQL API"
        yield finding("GQL001", "graphql-document", Ref(file, ("schema", "id")), what, hint)


def _span(file: str, node: Node) -> Span:
    loc = node.loc
    if loc is None:
        return Span(file, 1, 1, 1, 1)
    first, last = loc.start_token, loc.end_token
    return Span(file, first.line, first.column, last.line, last.column + last.end - last.start)


def _nodes(document: DocumentNode) -> Iterator[tuple[Pointer, Node]]:
    """(pointer, node) of everything that a pointer may name."""
    for definition in document.definitions:
        kind = definition.kind
        if kind in ("schema_definition", "schema_extension"):
            yield from _with_links(("schema",), definition)
        elif kind == "directive_definition":
            yield ("directives", definition.name.value), definition  # type: ignore[attr-defined]
        elif kind.endswith(("_type_definition", "_type_extension")):
            yield from _type_nodes(definition)


def _type_nodes(definition: Any) -> Iterator[tuple[Pointer, Node]]:
    here: Pointer = ("types", definition.name.value)
    yield from _with_links(here, definition)
    for field in getattr(definition, "fields", None) or ():
        place = (*here, "fields", field.name.value)
        yield from _with_links(place, field)
        for argument in getattr(field, "arguments", None) or ():
            yield (*place, "arguments", argument.name.value), argument
    for value in getattr(definition, "values", None) or ():
        yield (*here, "values", value.name.value), value


def _with_links(pointer: Pointer, node: Any) -> Iterator[tuple[Pointer, Node]]:
    yield pointer, node
    for name, argument in _link_arguments(node):
        yield (*pointer, name), argument.value


def _link_arguments(node: Any) -> Iterator[tuple[str, Any]]:
    """(field of the element, argument) of the link directives on a node."""
    for directive in node.directives or ():
        kind = directive.name.value
        if kind in LINK_NAMES:
            for argument in directive.arguments or ():
                name = argument.name.value
                yield kind if kind in _FIELD_LINKS and name != _BY else name, argument


def _links_of(node: Any) -> dict[str, Any]:
    """What link directives say: ids, and of a schema a few numbers and words."""
    return {
        name: int(value) if argument.value.kind == "int_value" else value
        for name, argument in _link_arguments(node)
        if isinstance(value := getattr(argument.value, "value", None), str | bool)
    }


def _schema_links(document: DocumentNode) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for definition in document.definitions:
        if definition.kind in ("schema_definition", "schema_extension"):
            facts.update(_links_of(definition))
    return facts


def _roots(document: DocumentNode) -> Mapping[str, str]:
    """Name of each root type -> its operation."""
    named = {
        each.type.name.value: each.operation.value
        for definition in document.definitions
        if definition.kind in ("schema_definition", "schema_extension")
        for each in definition.operation_types or ()  # type: ignore[attr-defined]
    }
    return named or {operation.capitalize(): operation for operation in _ROOTS}


def _description(node: Any) -> str:
    return node.description.value.strip() if getattr(node, "description", None) else ""


def _outline(document: DocumentNode) -> dict[str, Any]:
    """What the elements are made of, as plain data."""
    from graphql import print_ast

    roots = _roots(document)
    objects = [
        each
        for each in document.definitions
        if each.kind in ("object_type_definition", "object_type_extension")
    ]
    described = (_description(each) for each in document.definitions if each.kind[:6] == "schema")
    fields = [
        {
            "root": definition.name.value,  # type: ignore[attr-defined]
            "operation": roots[definition.name.value],  # type: ignore[attr-defined]
            "name": field.name.value,
            "description": _description(field),
            "returns": print_ast(field.type),
            "arguments": [each.name.value for each in field.arguments or ()],
            **_links_of(field),
        }
        for definition in objects
        if definition.name.value in roots  # type: ignore[attr-defined]
        for field in definition.fields or ()  # type: ignore[attr-defined]
    ]
    joins = [
        {
            "type": definition.name.value,  # type: ignore[attr-defined]
            "name": field.name.value,
            "description": _description(field),
            "returns": print_ast(field.type),
            "arguments": [each.name.value for each in field.arguments or ()],
            **links,
        }
        for definition in objects
        if definition.name.value not in roots  # type: ignore[attr-defined]
        for field in definition.fields or ()  # type: ignore[attr-defined]
        if (links := _links_of(field))
    ]
    return {
        "schema": _schema_links(document),
        "description": next(filter(None, described), ""),
        "fields": fields,
        "joins": joins,
        "types": list(_types(document)),
    }


def _types(document: DocumentNode) -> Iterator[dict[str, Any]]:
    """Types with fields and enumerations, written as `SourceType`; extensions as types of their
    own.
    """
    for each in document.definitions:
        links = _links_of(each) if hasattr(each, "directives") else {}
        named: dict[str, Any] = {"name": getattr(getattr(each, "name", None), "value", ""), **links}
        if each.kind.startswith("enum_type"):
            members = [value.name.value for value in each.values or ()]  # type: ignore[attr-defined]
            yield {**named, "kind": "enum", "members": members}
        elif each.kind.startswith("union_type"):
            yield {**named, "kind": "union"}
        elif each.kind.startswith(("object_type", "interface_type", "input_object_type")):
            kind = "input" if each.kind[:5] == "input" and "schema" not in links else "object"
            # what another service answers is no part of the entity
            own = (e for e in each.fields or () if "schema" not in links or not _links_of(e))  # type: ignore[attr-defined]
            yield {**named, "kind": kind, "fields": [_field_type(field) for field in own]}


def _field_type(field: Any) -> dict[str, Any]:
    optional = field.type.kind != "non_null_type"
    node = field.type if optional else field.type.type
    repeated = node.kind == "list_type"
    while hasattr(node, "type"):
        node = node.type
    return {
        "name": field.name.value,
        "type": node.name.value,
        "repeated": repeated,
        "optional": optional,
        "arguments": [each.name.value for each in getattr(field, "arguments", None) or ()],
    }


def _declared(file: str, text: str, outline: Mapping[str, Any]) -> tuple[GraphqlSource, Loaded]:
    document = document_of(file)
    schema = outline["schema"]
    written = {
        **schema,
        "name": f"GraphQL schema {document}",
        "description": outline["description"] or f"GraphQL schema {document}",
        "document": document,
    }
    elements, found = _convert(GraphqlApi, written, Ref(file, ("schema",)))
    for field in outline["fields"]:
        place = Ref(file, ("types", field["root"], "fields", field["name"]))
        more, problems = _convert(RootField, _root_field(document, field), place)
        elements.extend(more)
        found.extend(problems)
    for field in outline["joins"]:
        place = Ref(file, ("types", field["type"], "fields", field["name"]))
        more, problems = _convert(JoinedField, _joined_field(document, field), place)
        elements.extend(more)
        found.extend(problems)
    types = msgspec.convert(outline["types"], tuple[SourceType, ...])
    source = GraphqlSource(document=document, id=schema["id"], file=file, text=text, types=types)
    return source, (elements, found)


def _root_field(document: str, field: Mapping[str, Any]) -> dict[str, Any]:
    name = field["name"]
    return {
        "id": f"api.field.{kebab(document)}-{kebab(name)}",
        "name": name,
        "description": field["description"] or name,
        "document": document,
        "operationType": field["operation"],
        "fieldName": name,
        "returnType": field["returns"],
        "arguments": field["arguments"],
        **{name: field[name] for name in _FIELD_LINKS if name in field},
    }


def _joined_field(document: str, field: Mapping[str, Any]) -> dict[str, Any]:
    kind, name = field["type"], field["name"]
    return {
        "id": f"api.join.{kebab(document)}-{kebab(kind)}-{kebab(name)}",
        "name": f"{kind}.{name}",
        "description": field["description"] or name,
        "document": document,
        "typeName": kind,
        "fieldName": name,
        "returnType": field["returns"],
        "arguments": field["arguments"],
        **{each: field[each] for each in (_BY, *_FIELD_LINKS) if each in field},
    }


def _convert(
    struct: type[GraphqlApi | RootField | JoinedField], written: Mapping[str, Any], ref: Ref
) -> Loaded:
    try:
        value = msgspec.convert(written, struct)
    except msgspec.ValidationError as error:
        pointer, what = explain(error)
        hint = "mend the field; link directives hold ids of elements"
        place = ref.at(*pointer)
        identity = str(written.get("id", ""))
        return [], [finding("GQL004", "graphql-field", place, what, hint, identity)]
    return [declared(value, written, ref)], []
