"""Every place of a model where its format lets somebody write text.

The places of elements are those of the schemas that the tool publishes for its layers, also of
fields that the model at hand does not use: these are added, with as little around them as the
schema demands. Contract sources are walked as they are; texts that their formats allow beside what
they have are added.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from cloudsync_gen.load import yaml_tree
from cloudsync_gen.model.ids import LAYERS
from cloudsync_gen.model.links import covers, rows_of
from cloudsync_gen.source import Pointer
from cloudsync_gen.targets.layer_schemas import layer_schema
from support.trees import Files

TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\n\\]|\\.)*"|//[^\n]*|#[^\n]*|\d+|\w+|\s+|[^\w\s]'
)
_MANY = "*"
_SOME_ID = "application.service.a"
_ADDED = ("description", "summary", "title", "example", "default", "pattern", "$comment", "x-note")
"""Keywords of JSON Schema and OpenAPI whose value may be any text, or a text of their own kind."""
_SAMPLES = (
    *("a", "ab", "a-b", "aB", "A", "1", "10s", "250m", "99.9%", "1d", "1.0.0", "0 3 * * *", "/a"),
    *("https://a.example", "10.0.0.0/8", "a@b.example", "2026-01-01", "a.b", "GET", "P1D", "100m"),
    *("a_b", "128Mi", "eu-north-1", "a:b", "00:00", _SOME_ID, "a b"),
)


class Position(Struct, frozen=True, order=True):
    """A place of text. `pointer`: in YAML the steps, in SDL and proto the number of a token.

    `kind`: the field of the format, such as `application.service/stores/*/purpose`. `lays`: the
    element with what has to stand around the text, where the field is not used yet.
    """

    file: str
    pointer: Pointer
    kind: str
    lays: str = ""


def positions(files: Files) -> Iterator[Position]:
    """All places of a model, those of one kind side by side."""
    opened = {name: _opened(name, text) for name, text in files.items() if _is_yaml(name)}
    contracts = [name for name in opened if is_contract(name)]
    elements = {
        str(element["id"]): (name, key, element)
        for name, data in sorted(opened.items())
        if name not in contracts and not name.endswith("manifest.yaml")
        for key, element in data.items()
    }
    for layer in LAYERS:
        yield from _of_layer(layer, elements, opened)
    for name in (*contracts, "model/manifest.yaml"):
        yield from _of_document(name, opened[name])
    for name, text in sorted(files.items()):
        if name.endswith((".graphql", ".proto")):
            yield from _of_tokens(name, text.decode())


def placed(files: Files, texts: Mapping[Position, str]) -> Files:
    """The model with a text at each of these places."""
    after = dict(files)
    by_file: dict[str, dict[Position, str]] = {}
    for position, text in texts.items():
        by_file.setdefault(position.file, {})[position] = text
    for name, here in by_file.items():
        if name.endswith((".graphql", ".proto")):
            after[name] = _spelt(name, files[name].decode(), here).encode()
            continue
        data = _opened(name, files[name]) if name in files else {}
        for position, text in sorted(here.items()):
            if position.lays:
                head = str(position.pointer[0])
                whole = _completed(data.get(head), json.loads(position.lays))
                data = {**data, head: whole}
            data = put(data, position.pointer, text)
        after[name] = yaml_of(data).encode()
    return after


def yaml_of(data: Any) -> str:
    """Plain data as YAML, whatever its strings hold."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return re.sub(
        "[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        text,
    )


def is_contract(name: str) -> bool:
    """Whether a file is a contract source, and not a mapping of elements."""
    return "/06_api/" in name and name.count("/") > 2


def _is_yaml(name: str) -> bool:
    return name.endswith(".yaml")


def _opened(name: str, text: bytes) -> Any:
    return yaml_tree.parse(name, text.decode()).value


# -- elements of the layers -----------------------------------------------------------------------


def _of_layer(
    layer: str, elements: Mapping[str, tuple[str, str, Any]], opened: Mapping[str, Any]
) -> Iterator[Position]:
    schema = layer_schema(layer)
    folder = opened["model/manifest.yaml"]["layers"][layer]["path"].rstrip("/")
    for branch in schema["additionalProperties"]["allOf"]:
        prefix = branch["if"]["properties"]["id"]["pattern"][1:].replace("[.]", ".")
        known = [each for identity, each in elements.items() if identity.startswith(prefix)]
        for path in _strings(branch["then"], schema["$defs"], (), frozenset()):
            kind = f"{prefix[:-1]}/" + "/".join(path)
            there = [
                Position(name, (key, *steps), kind)
                for name, key, element in known
                for steps in _instances(element, path)
            ]
            name, key, element = (
                known[0]
                if known
                else (
                    f"{folder}/added.yaml",
                    prefix[:-1],
                    {**_least(branch["then"], schema["$defs"]), "id": f"{prefix}added"},
                )
            )
            element = _linked(element, prefix[:-1], elements)
            if path[-1] == "**":
                yield from _of_schemas(known, path, kind)
            if there:
                yield from there
            else:
                laid = _laid(name, key, element, (schema, branch["then"], path), kind)
                whole = _linked(json.loads(laid.lays), prefix[:-1], elements)
                yield structs.replace(laid, lays=json.dumps(whole))


def _linked(element: Any, kind: str, elements: Iterable[str]) -> Any:
    """The element with links that lead somewhere instead of those that were made up."""
    rows = {row.path: row.targets for row in rows_of(kind)}
    for pointer, text in [*_texts(element, ())]:
        if text != _SOME_ID:
            continue
        path = ".".join("[]" if isinstance(s, int) else s for s in pointer).replace(".[]", "[]")
        targets = rows.get(path) or rows.get(path.replace("added", _MANY)) or ()
        fitting = (e for e in elements if covers(targets, e.rpartition(".")[0]))
        element = put(element, pointer, next(fitting, text))
    return element


def _of_schemas(
    known: Iterable[tuple[str, str, Any]], path: tuple[str, ...], kind: str
) -> Iterator[Position]:
    """Texts that a JSON Schema within an element may have besides those that it has."""
    for name, key, element in known:
        for steps, holder in _mappings(element.get(path[0], {}), (path[0],)):
            for added in _ADDED:
                if added not in holder:
                    yield Position(name, (key, *steps, added), f"{kind}+{added}")


def _strings(
    schema: Any, defs: Mapping[str, Any], path: tuple[str, ...], seen: frozenset[str]
) -> Iterator[tuple[str, ...]]:
    """Paths of all texts in values of a schema; `*` stands for every key or index."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            yield from _strings(defs[name], defs, path, seen | {name})
        return
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _strings(branch, defs, path, seen)
    if schema.get("type") == "string" or any(isinstance(e, str) for e in schema.get("enum", ())):
        yield path
    for name, each in schema.get("properties", {}).items():
        yield from _strings(each, defs, (*path, name), seen)
    for more in ("items", "additionalProperties"):
        if isinstance(schema.get(more), dict):
            yield from _strings(schema[more], defs, (*path, _MANY), seen)
    if not {*schema} - {"title", "description", "default"} or (
        schema.get("type") == "object"
        and (schema.get("additionalProperties", True) in (True, {}) and "properties" not in schema)
    ):
        yield (*path, "**")


def _instances(value: Any, path: tuple[str, ...]) -> Iterator[Pointer]:
    """Where in a value the texts of a path stand."""
    if not path:
        if isinstance(value, str):
            yield ()
        return
    step, rest = path[0], path[1:]
    if step == "**":
        for pointer, _ in _texts(value, ()):
            yield pointer
        return
    entries: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list) and step == _MANY:
        entries = enumerate(value)
    for key, each in entries:
        if step in (_MANY, key):
            for below in _instances(each, rest):
                yield (key, *below)


def _texts(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield pointer, value
    entries: Any = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else entries:
        yield from _texts(each, (*pointer, key))


def _laid(
    name: str, key: str, element: Any, field: tuple[Any, Any, tuple[str, ...]], kind: str
) -> Position:
    """A place in a field that is not used yet, with what the schema demands around it."""
    schema, node, path = field
    whole = json.loads(json.dumps(element))
    holder = whole
    steps: list[str | int] = []
    for number, step in enumerate(path):
        node = _below(_resolved(node, schema["$defs"], step), step)
        actual: Any = 0 if isinstance(holder, list) else "added" if step[0] == _MANY else step
        steps.append(actual)
        made = _filled(node, schema["$defs"], path[number + 1 :])
        if isinstance(holder, list) and not holder:
            holder.append(made)
        elif isinstance(holder, dict) and holder.get(actual) in (None, [], {}):
            holder[actual] = made
        if not isinstance(holder, dict | list):
            break
        holder = holder[actual]
    return Position(name, (key, *steps), kind, json.dumps(whole))


def _below(node: Mapping[str, Any], step: str) -> Any:
    within = node.get("properties", {}).get(step) or node.get("items")
    within = within or node.get("additionalProperties")
    return within if isinstance(within, dict) else {}


def _filled(node: Any, defs: Mapping[str, Any], rest: tuple[str, ...]) -> Any:
    """The least value that has room for the steps that follow."""
    return _least(_resolved(node, defs, rest[0]) if rest else node, defs)


def _resolved(node: Any, defs: Mapping[str, Any], step: str) -> Any:
    """The alternative of a schema that has this step."""
    while "$ref" in node:
        node = defs[node["$ref"].rpartition("/")[2]]
    for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        inner = _resolved(branch, defs, step)
        many = "items" in inner or isinstance(inner.get("additionalProperties"), dict)
        if step in inner.get("properties", {}) or (step == _MANY and many) or step == "**":
            return inner
    return node


def _least(node: Any, defs: Mapping[str, Any]) -> Any:
    """The least value of a schema, as far as a look at it tells."""
    while "$ref" in node:
        node = defs[node["$ref"].rpartition("/")[2]]
    options = [each for each in node.get("anyOf", ()) if each.get("type") != "null"]
    if options:
        return _least(options[0], defs)
    if node.get("enum"):
        return node["enum"][0]
    match node.get("type"):
        case "object":
            properties = node.get("properties", {})
            return {name: _least(properties[name], defs) for name in node.get("required", ())}
        case "array":
            return [_least(node["items"], defs)] if node.get("minItems") else []
        case "integer" | "number":
            return node.get("minimum", 1)
        case "boolean":
            return False
    pattern = re.compile(node.get("pattern", "").replace("$(?!\\n)", "$"))
    return next((each for each in _SAMPLES if pattern.search(each)), "a")


# -- contract sources -----------------------------------------------------------------------------


def _of_document(name: str, data: Any) -> Iterator[Position]:
    kind = name.split("/")[-2]
    for pointer, _ in _texts(data, ()):
        steps = [_MANY if isinstance(each, int) else each for each in pointer]
        yield Position(name, pointer, f"{kind}/" + "/".join(steps))
    for pointer, holder in _mappings(data, ()):
        for added in _ADDED:
            if added not in holder:
                yield Position(name, (*pointer, added), f"{kind}/{_last(pointer)}+{added}")


def _last(pointer: Pointer) -> str:
    return "/".join(map(str, pointer[-2:]))


def _mappings(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    if isinstance(value, dict):
        yield pointer, value
    entries: Any = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else entries:
        yield from _mappings(each, (*pointer, key))


def _of_tokens(name: str, text: str) -> Iterator[Position]:
    """Literals, and the beginning of each line, where SDL may have a description and proto a
    comment.
    """
    kind = name.rpartition(".")[2]
    new_line = True
    for number, token in enumerate(TOKEN.findall(text)):
        if token.startswith('"'):
            yield Position(name, (number,), f"{kind}/literal")
        elif token.startswith("//"):
            yield Position(name, (number,), f"{kind}/comment")
        elif new_line and token[0].isalpha():
            yield Position(name, (number, "before"), f"{kind}/before {token}")
        new_line = ("\n" in token and token.isspace()) or (new_line and token.isspace())


def _spelt(name: str, text: str, here: Mapping[Position, str]) -> str:
    tokens = TOKEN.findall(text)
    for position, given in here.items():
        number = int(position.pointer[0])
        whole, comment = sdl_string(given), proto_comment(given)
        if tokens[number].startswith("//"):
            tokens[number] = comment.rstrip("\n")
        elif len(position.pointer) == 1:
            tokens[number] = whole if name.endswith(".graphql") else proto_string(given)
        elif name.endswith(".graphql"):
            tokens[number] = f"{whole} {tokens[number]}"
        else:
            tokens[number] = f"\n{comment}{tokens[number]}"
    return "".join(tokens)


def sdl_string(text: str) -> str:
    """A string literal of GraphQL."""
    return '"' + json.dumps(text)[1:-1].replace("\\u007f", "\x7f") + '"'


def proto_comment(text: str) -> str:
    """Lines of comments of proto3."""
    return "".join(f"// {line}\n" for line in text.splitlines() or [""])


def proto_string(text: str) -> str:
    """A string literal of proto3: everything that is not plain as the octal escape of its bytes."""
    plain = re.compile(r"[A-Za-z0-9 _.,:/-]")
    body = (c if plain.match(c) else "".join(f"\\{b:03o}" for b in c.encode()) for c in text)
    return '"' + "".join(body) + '"'


def put(value: Any, pointer: Pointer, new: Any) -> Any:
    """The value with something else at a place."""
    if not pointer:
        return new
    step = pointer[0]
    if isinstance(step, int):
        items = list(value) if isinstance(value, list) else []
        below = items[step] if step < len(items) else None
        return [*items[:step], put(below, pointer[1:], new), *items[step + 1 :]]
    fields = dict(value) if isinstance(value, dict) else {}
    fields[step] = put(fields.get(step), pointer[1:], new)
    return fields


def _completed(value: Any, full: Any) -> Any:
    """The value with what only the other has."""
    if isinstance(value, dict) and isinstance(full, dict):
        return {k: _completed(value.get(k), full.get(k)) for k in {**value, **full}}
    if isinstance(value, list) and value and isinstance(full, list) and full:
        return [_completed(value[0], full[0]), *value[1:]]
    return full if value in (None, [], {}) else value


def kinds(given: Iterable[Position]) -> dict[str, list[Position]]:
    """Places by the field of the format that they are of."""
    found: dict[str, list[Position]] = {}
    for each in given:
        found.setdefault(each.kind, []).append(each)
    return found
