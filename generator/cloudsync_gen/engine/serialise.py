"""Data -> YAML or JSON text: deterministic, the same to readers of YAML 1.1 and 1.2.

Whatever a reader might take for something else than a string is quoted, anchors and aliases are
never written, and characters that do not show (controls, bidi marks, line separators) are escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

_FIRST = frozenset("/_$(^")
_WORDS = frozenset(
    ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "nan", "inf")
)
_HIDDEN = re.compile(r"[^\x20-\x7e\n\t]")
_JSON_HIDDEN = re.compile(r"[^\x00-\x7e]")
_STEP = "  "


def yaml_text(value: object) -> str:
    """A YAML document: block style, two spaces, keys in the order given, one newline at the end.

    Mappings need string keys. Raises `TypeError` for anything that is not JSON data and
    `ValueError` for a number that JSON cannot hold.
    """
    if isinstance(value, Mapping) and value:
        lines = _mapping(value, "")
    elif _is_list(value) and value:
        lines = _sequence(value, "")
    else:
        lines = iter((_inline(value),))
    return "\n".join(lines) + "\n"


def yaml_stream(values: Sequence[object]) -> str:
    """Several YAML documents, each begun by its marker (YAML 1.2.2, 9.2). Raises as `yaml_text`."""
    return "".join(f"---\n{yaml_text(each)}" for each in values)


def json_text(value: object, *, sort: bool = False) -> str:
    """A JSON document: two spaces, keys in the order given or sorted, one newline at the end."""
    encoded = msgspec.json.encode(value, order="sorted" if sort else None)
    text = msgspec.json.format(encoded, indent=2).decode("utf-8")
    return json_shown(text) + "\n"


def json_shown(text: str) -> str:
    """JSON text in which every character shows: direction marks and line separators are escapes."""
    return _JSON_HIDDEN.sub(_json_escape, text)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _mapping(value: Mapping[object, object], indent: str) -> Iterator[str]:
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"key {key!r} is not a string")
        yield from _entry(f"{indent}{_scalar(key)}:", item, indent)


def _entry(head: str, item: object, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield head
        yield from _mapping(item, indent + _STEP)
    elif isinstance(item, str):
        if "\n" in item and _is_block(item):
            yield from _block(head, item, indent)
        else:
            yield f"{head} {_scalar(item)}"
    elif _is_list(item) and item:
        yield head
        yield from _sequence(item, indent + _STEP)
    else:
        yield f"{head} {_inline(item)}"


def _sequence(value: object, indent: str) -> Iterator[str]:
    assert isinstance(value, Sequence)
    for item in value:
        if isinstance(item, Mapping) and item:
            lines = _mapping(item, indent + _STEP)
        elif _is_list(item) and item:
            lines = _sequence(item, indent + _STEP)
        else:
            yield from _entry(f"{indent}-", item, indent)
            continue
        yield f"{indent}- {next(lines)[len(indent) + 2:]}"
        yield from lines


def _inline(value: object) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return "{}"
    if _is_list(value):
        return "[]"
    raise TypeError(f"{type(value).__name__} is not JSON data")


def _float(value: float) -> str:
    text = repr(value)
    if "n" in text:
        raise ValueError(f"{text} has no JSON form")
    mantissa, e, exponent = text.partition("e")
    return text if not e or "." in mantissa else f"{mantissa}.0e{exponent}"


@lru_cache(maxsize=8192)
def _scalar(text: str) -> str:
    if _is_plain(text):
        return text
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + _HIDDEN.sub(_yaml_escape, escaped.replace("\t", "\\t")) + '"'


def _is_plain(text: str) -> bool:
    if not text or not (text[0].isalpha() or text[0] in _FIRST) or text[-1] in ": ":
        return False
    if ": " in text or " #" in text or not text.isprintable():
        return False
    return text.lower() not in _WORDS


def _is_block(text: str) -> bool:
    """Whether a literal block keeps this text: nothing hidden, no outer spaces on a line."""
    lines = text.split("\n")
    return (
        bool(lines[0])
        and not lines[0].startswith(" ")
        and all(line.isprintable() and not line.endswith(" ") for line in lines)
    )


def _block(head: str, text: str, indent: str) -> Iterator[str]:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    yield f"{head} |{('-', '')[ends] if ends < 2 else '+'}"
    for line in text.split("\n")[: None if ends == 0 else -1]:
        yield f"{indent}{_STEP}{line}" if line else ""


def _yaml_escape(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable():
        return char
    code = ord(char)
    return (
        f"\\x{code:02x}" if code < 0x100 else _utf16(code) if code < 0x10000 else f"\\U{code:08x}"
    )


def _json_escape(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else _utf16(ord(match[0]))


def _utf16(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
