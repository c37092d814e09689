"""Layer folders -> declared elements with typed values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Literal, get_args, get_origin

import msgspec

from cloudsync_gen.diagnostics import Diagnostic, finding
from cloudsync_gen.model.declared import DeclaredElement, Project, declared
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import LAYERS, is_id, layer_of, name_of, type_of
from cloudsync_gen.model.layers import DERIVED_TYPES, ELEMENT_TYPES, types_of
from cloudsync_gen.naming import alike, likeliest, nearest, offered
from cloudsync_gen.source import Pointer, Ref

MANIFEST = "model/manifest.yaml"
_ENTRY = frozenset(("name", "path", "enabled", "order", "schema", "file_pattern", "description"))
"""Fields of a layer in the manifest (Documentation Robotics 0.2.0)."""
_PATH = re.compile(r" - at `(?:key` in `)?\$([^`]*)`$")
_OF_KEY = "at `key` in"
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
"""What msgspec calls the values of JSON -> what people do who write YAML."""

_KIND = re.compile(rf"`((?:{'|'.join(_KINDS)})(?: \| (?:{'|'.join(_KINDS)}))*)`")
_FORM = re.compile(r"text matching regex '(.*)'$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")
_LONG_PATTERN = re.compile(r"matching regex '.{120,}'$")
_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]*)`")
_LACKING = re.compile(r"^Object missing required field `([^`]*)`")
_NAMED = re.compile(r"(?:unknown|required) field `([^`]+)`")


class Manifest(msgspec.Struct, frozen=True):
    """The project and the folder of each layer (posix, relative to the root). `closed`: folders of
    layers that are switched off.
    """

    project: Project
    folders: Mapping[str, str]
    closed: frozenset[str] = frozenset()


def read_manifest(data: Any) -> tuple[Manifest | None, list[Diagnostic]]:
    """The manifest's data as a value; layers are found by name, never by number."""
    ref = Ref(MANIFEST)
    bad = "MDL001", "manifest"
    if not isinstance(data, dict):
        return None, [
            finding(*bad, ref, "the manifest is not a mapping", "give `project` and `layers`")
        ]
    try:
        project = msgspec.convert(data.get("project"), Project)
    except msgspec.ValidationError as error:
        pointer, what = explain(error)
        hint = "`project` needs name, slug, description and version"
        return None, [finding(*bad, ref.at("project", *pointer), what, hint)]
    found: list[Diagnostic] = []
    folders: dict[str, str] = {}
    closed: set[str] = set()
    layers = data.get("layers")
    for name, entry in (layers if isinstance(layers, dict) else {}).items():
        place = ref.name("layers", name)
        path = entry.get("path") if isinstance(entry, dict) else None
        if name not in LAYERS:
            near = likeliest(name, LAYERS)
            guess = f"did you mean `{near}`? " if near else ""
            hint = f"{guess}The layers are {', '.join(LAYERS)}"
            found.append(finding(*bad, place, f"`{name}` is no layer", hint))
        elif not isinstance(path, str) or not _inside(path):
            hint = "give a folder below `model/`, such as `model/01_motivation`"
            found.append(finding(*bad, place, f"layer `{name}` has no usable `path`", hint))
        elif unknown := [each for each in entry if each not in _ENTRY]:
            message = f"`{unknown[0]}` is no field of a layer"
            hint = offered(unknown[0], _ENTRY)
            found.append(finding(*bad, place.name(unknown[0]), message, hint))
        elif not isinstance(enabled := entry.get("enabled", True), bool):
            message = f"`enabled` of layer `{name}` is neither true nor false"
            found.append(finding(*bad, place.name("enabled"), message, "write `true` or `false`"))
        elif enabled:
            folders[name] = path.rstrip("/")
        else:
            closed.add(path.rstrip("/"))
    if not folders and not found:
        found.append(finding(*bad, ref, "the manifest names no layer", "give `layers`"))
    return Manifest(project, folders, frozenset(closed)), found


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return len(parts) > 1 and parts[0] == "model" and not any(p.startswith(".") for p in parts[1:])


def no_mapping(file: str) -> Diagnostic:
    """What is wrong with a file that holds a list or a single value."""
    hint = "begin each element with a key of its own: `press-crew:`, and its fields below it"
    message = "the file is no mapping, so no element of it is read"
    return finding("MDL002", "not-an-element", Ref(file), message, hint)


def elements_of(file: str, layer: str, data: Any) -> Iterator[tuple[str, Ref, Any]]:
    """(key, place, data as written) of each element of a layer file."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key, Ref(file, (key,)), value


def declare(
    ref: Ref, layer: str, data: Any
) -> tuple[DeclaredElement | None, list[Diagnostic], str]:
    """The element at `ref` with its typed value, what is wrong with it, and its id if it has one.

    Of an element with wrong fields the rest is read, where that is enough for a value.
    """
    if not isinstance(data, dict):
        hint = "an element is a mapping with `id`, `name` and `description`"
        return None, [finding("MDL002", "not-an-element", ref, "not an element", hint)], ""
    element = data.get("id")
    if not isinstance(element, str) or not is_id(element):
        place = ref.at("id") if "id" in data else ref
        hint = f"write `id: {layer}.<type>.<kebab-name>`"
        what = f"`{element}` is not an id" if "id" in data else "element has no `id`"
        return None, [finding("MDL003", "element-id", place, what, hint)], ""
    known = [
        f"{layer}.{name}" for name in types_of(layer) if f"{layer}.{name}" not in DERIVED_TYPES
    ]
    kind = type_of(element)
    if layer_of(element) != layer or kind not in known:
        near = nearest(kind, known)
        guess = f"did you mean `{near}`? " if alike(name_of(kind), name_of(near)) else ""
        hint = f"{guess}Types here: {', '.join(known)}"
        what = f"`{kind}` is no type of element of layer {layer}"
        return None, [finding("MDL004", "element-type", ref.at("id"), what, hint, element)], element
    struct = ELEMENT_TYPES[kind]
    try:
        value = msgspec.convert(data, struct)
    except msgspec.ValidationError:
        found = list(_field_errors(ref, element, struct, data))
        return _salvaged(ref, element, struct, data, found), found, element
    return declared(value, data, ref), [], element


def _salvaged(
    ref: Ref, element: str, struct: type[Element], data: Mapping[str, Any], found: list[Diagnostic]
) -> DeclaredElement | None:
    """The element without the fields that findings are about, and its data as written."""
    wrong = {
        each.ref.pointer[len(ref.pointer)] for each in found if each.ref.pointer != ref.pointer
    }
    rest = {name: value for name, value in data.items() if name not in wrong}
    try:
        value = msgspec.convert(rest, struct)
    except msgspec.ValidationError:
        return None
    return declared(value, data, ref)


def meant(layer: str, identity: str, key: str) -> tuple[str, ...]:
    """The ids by which others may mean an element whose id is not what its key says, or no id."""
    known = [f"{layer}.{name}" for name in types_of(layer)]
    kinds = [kind for kind in known if kind == type_of(identity)] if identity else []
    return tuple(f"{kind}.{key}" for kind in kinds or known)


def _field_errors(
    ref: Ref, element: str, struct: type[Element], data: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    """One finding per wrong field: msgspec stops at the first, so each field is tried by itself.

    A required field that is missing because it is misspelt is no second finding.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    code = "MDL005", "element-schema"
    meant: set[str] = set()
    for name in data:
        if name not in fields:
            near = nearest(name, fields)
            meant.add(near)
            guess = f"did you mean `{near}`? " if alike(name, near) else ""
            hint = f"{guess}Fields: {', '.join(sorted(fields))}"
            what = f"`{name}` is no field of `{type_of(element)}`"
            yield finding(*code, ref.name(name), what, hint, element)
    for name, field in fields.items():
        if name not in data:
            if field.required and name not in meant:
                hint = f"add it; `cloudsync-gen schema {type_of(element)}` shows the fields"
                yield finding(*code, ref, f"field `{name}` is missing", hint, element)
            continue
        wrong = _first_error(data[name], field.type)
        if wrong is not None:
            pointer, what, at_key = wrong
            hint = f"`cloudsync-gen schema {type_of(element)}` shows what is allowed"
            place = (ref.name if at_key else ref.at)(name, *pointer)
            yield finding(*code, place, f"`{name}`: {what}", hint, element)


def _first_error(data: Any, kind: Any) -> tuple[Pointer, str, bool] | None:
    """(pointer, message, whether a key is meant) of the first thing in `data` that does not fit
    its type.

    msgspec does not say at which key of a mapping it stopped: its entries are tried one by one.
    """
    error = _refusal(data, kind)
    if error is None:
        return None
    pointer, what = explain(error)
    if not pointer and get_origin(kind) is Literal:
        return (), f"expected one of {', '.join(f'`{each}`' for each in get_args(kind))}", False
    _, elided, after = str(error).partition("[...]")
    stranger = pointer[-1:] if _UNKNOWN.match(str(error)) else ()
    of_key = not elided and _OF_KEY in str(error)
    above = pointer[: len(pointer) - len(stranger)]
    mapping = _at(data, above) if elided or of_key else None
    for key, value in mapping.items() if isinstance(mapping, dict) else ():
        if _refusal(_with(data, above, {key: value}), kind) is not None:
            inner = _STEP.findall(after.rstrip("`").partition("[...]")[0])
            more = (int(index) if index else name for name, index, _ in inner)
            what = f"key `{key}`: {what}" if of_key else what
            return (*above, key, *more, *stranger), what, of_key or bool(stranger)
    return pointer, what, bool(stranger)


def _refusal(data: Any, kind: Any) -> msgspec.ValidationError | None:
    try:
        msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        return error
    return None


def _at(data: Any, pointer: Pointer) -> Any:
    """What lies at `pointer`, or nothing where a key holds signs that the pointer splits at."""
    for step in pointer:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _with(data: Any, pointer: Pointer, value: Any) -> Any:
    """`data` with `value` at `pointer`."""
    if not pointer:
        return value
    step, rest = pointer[0], pointer[1:]
    inner = _with(data[step], rest, value)
    if isinstance(data, list):
        return [inner if index == step else each for index, each in enumerate(data)]
    return {**data, step: inner}


def explain(error: msgspec.ValidationError) -> tuple[Pointer, str]:
    """(pointer, message) of msgspec's first error; an unknown or missing key is part of the
    pointer.
    """
    text = str(error)
    match = _PATH.search(text)
    pointer: list[str | int] = []
    if match is not None:
        text = text[: match.start()]
        for name, index, elided in _STEP.findall(match[1]):
            if elided:
                break
            pointer.append(int(index) if index else name)
    named = _NAMED.search(text)
    if named is not None and "unknown" in text:
        pointer.append(named[1])
    text = _LONG_PATTERN.sub("of a form that is allowed here", text)
    text = text.replace(r"(?!\\n)", "")  # how `$` is kept from passing a line break
    text = _KIND.sub(
        lambda found: " or ".join(map(_KINDS.__getitem__, found[1].split(" | "))), text
    )
    text = _FORM.sub(lambda found: f"text of the form `{found[1]}`".replace(r"\\", "\\"), text)
    text = _UNKNOWN.sub(r"`\1` is no field here", text)
    text = _LACKING.sub(r"field `\1` is missing", text)
    return tuple(pointer), text[:1].lower() + text[1:]
