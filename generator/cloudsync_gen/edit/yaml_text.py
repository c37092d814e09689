"""Additions to YAML text. Nothing that stands there is written anew; text is put in between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from cloudsync_gen.source import Pointer

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class NotEditable(ValueError):
    """The text does not have the form that an addition needs; its message says what it has."""


def append(text: str, pointer: Pointer, items: Sequence[str]) -> str:
    """The text with items at the end of the sequence at `pointer`, in the style of the last one.

    Raises `NotEditable` where there is no sequence of scalars, or one that other places share.
    """
    before = _plain(_compose(text))
    sequence = _sequence(_compose(text), pointer)
    made = _put(text, sequence, items)
    if _plain(_compose(made)) != _with(before, pointer, items):
        raise NotEditable("the addition would change something else")
    return made


def _compose(text: str) -> Any:
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise NotEditable("not YAML") from error


def node_at(text: str, pointer: Pointer) -> tuple[yaml.MappingNode, yaml.Node, yaml.Node]:
    """(mapping, key, value) of the field at a pointer. Raises `NotEditable`."""
    mapping: Any = _compose(text)
    field: tuple[Any, Any] | None = None
    for number, step in enumerate(pointer):
        last = number == len(pointer) - 1
        if isinstance(mapping, yaml.SequenceNode) and isinstance(step, int) and not last:
            inner = mapping.value[step] if step < len(mapping.value) else None
        elif isinstance(mapping, yaml.MappingNode):
            field = next((pair for pair in mapping.value if pair[0].value == step), None)
            inner = field[1] if field else None
        else:
            inner = None
        if inner is None or inner.start_mark.index < mapping.start_mark.index:
            raise NotEditable(f"there is no `{step}`, or it is written elsewhere")
        if not last:
            mapping = inner
    if field is None:
        raise NotEditable("there is no field")
    return mapping, *field


def _sequence(root: Any, pointer: Pointer) -> yaml.SequenceNode:
    node, after = root, 0
    for step in pointer:
        if not isinstance(node, yaml.MappingNode):
            raise NotEditable(f"there is no `{step}`")
        found = [(key, value) for key, value in node.value if key.value == step]
        if not found:
            raise NotEditable(f"there is no `{step}`")
        key, node = found[0]
        after = key.end_mark.index
        if node.start_mark.index < after:
            raise NotEditable(f"`{step}` is an alias of what stands elsewhere")
    scalars = isinstance(node, yaml.SequenceNode) and all(
        isinstance(item, yaml.ScalarNode) for item in node.value
    )
    if not isinstance(node, yaml.SequenceNode) or not scalars:
        raise NotEditable("there is no list of plain values")
    return node


def _put(text: str, sequence: yaml.SequenceNode, items: Sequence[str]) -> str:
    if not sequence.value:
        inner = sequence.start_mark.index + 1
        return text[:inner] + ", ".join(_written(each, '"') for each in items) + text[inner:]
    last = sequence.value[-1]
    written = [_written(each, last.style) for each in items]
    end = last.end_mark.index
    if sequence.flow_style:
        return text[:end] + "".join(f", {each}" for each in written) + text[end:]
    lines_end = text.find("\n", end)
    newline = "\r\n" if text[lines_end - 1 : lines_end] == "\r" else "\n"
    dash = text[text.rfind("\n", 0, last.start_mark.index) + 1 : last.start_mark.index]
    if dash.strip() != "-":
        raise NotEditable("the last item does not begin on a line of its own")
    lines = newline.join(f"{dash}{each}" for each in written)
    if lines_end < 0:
        return f"{text}{newline}{lines}{newline}"
    return f"{text[:lines_end + 1]}{lines}{newline}{text[lines_end + 1:]}"


def _written(item: str, style: str | None) -> str:
    if style == "'":
        return "'" + item.replace("'", "''") + "'"
    return json.dumps(item) if style == '"' else item


def _plain(node: Any) -> Any:
    """Keys, order and text of a document; scalars as written, with their style's meaning."""
    if isinstance(node, yaml.MappingNode):
        return [(_plain(key), _plain(value)) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return None if node is None else node.value


def _with(plain: Any, pointer: Pointer, items: Sequence[str]) -> Any:
    if not pointer:
        return [*plain, *items]
    return [
        (key, _with(value, pointer[1:], items) if key == pointer[0] else value)
        for key, value in plain
    ]
