"""Texts of values, read as strictly as the formats of JSON Schema are written.

pydantic takes more: seconds since the epoch for a date, a UUID in braces, `yes` for true. What a
parameter says is `checked` before pydantic sees it; for bodies `as_written` has pydantic's own
schema ask for the form, so that no Python runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from ipaddress import IPv6Address
from types import MappingProxyType
from typing import Any, LiteralString, cast
from uuid import UUID

from pydantic_core import PydanticCustomError, core_schema
from pydantic_core.core_schema import CoreSchema

from cloudsync_chassis.formats import FORMATS

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_MOMENT = f"{_DAY}[Tt]{_TIME}"
_INTEGER = "-?(0|[1-9][0-9]*)"

_FORMS: dict[type, re.Pattern[str]] = {
    kind: re.compile(form)
    for kind, form in {
        bool: "true|false",
        date: _DAY,
        datetime: _MOMENT,
        float: rf"{_INTEGER}(\.[0-9]+)?([eE][+-]?[0-9]+)?",
        int: rf"{_INTEGER}(\.0+)?",
        UUID: "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    }.items()
}
"""RFC 3339 §5.6 for times, RFC 9562 §4 for UUIDs, RFC 8259 for what JSON says without quotes."""

KINDS = frozenset(_FORMS)
"""Types whose texts have a form."""

FIRST, LAST = (each.replace(tzinfo=UTC) for each in (datetime.min, datetime.max))
"""Between them every instant can be told in UTC, as stores keep it, wherever it was written."""

_ADDRESS = "^[0-9A-Fa-f:.]*$"
"""An IPv6 address of JSON Schema has no zone (RFC 4291 §2.2)."""

_LOOKS_AROUND = re.compile(r"(?<!\\)(?:\\\\)*\(\?<?[=!]")
_DOLLAR = re.compile(r"(\\.|\[(?:\\.|[^\]\\])*\])|\$", re.DOTALL)
"""Group 1 holds what a dollar may be part of without being the end."""

_OTHER_FORMAT: tuple[LiteralString, LiteralString] = (
    "other_form",
    "Input should be of the format '{format}'",
)

_PARTS = frozenset(
    (
        *("schema", "items_schema", "keys_schema", "values_schema", "extras_schema", "choices"),
        *("steps", "lax_schema", "strict_schema", "json_schema", "python_schema"),
    )
)
"""Where pydantic's schemas hold others; all else is data, which may look like a schema."""


def fits(kind: type, text: str) -> bool:
    """Whether the text is written as values of the type are, whatever it means."""
    return _FORMS[kind].fullmatch(text) is not None


def checked(kind: type, value: Any) -> Any:
    """The value, if it is no text or one that fits.

    Raises:
        PydanticCustomError: it is a text of another form.
    """
    if isinstance(value, str) and not fits(kind, value):
        raise PydanticCustomError("other_form", "not written as its format asks")
    return value


def formatted(name: str, text: str) -> str:
    """The text, if it is of the format (`formats.FORMATS`).

    Raises:
        PydanticCustomError: it is not.
    """
    if not re.fullmatch(FORMATS[name], text):
        raise PydanticCustomError(*_OTHER_FORMAT, {"format": name})
    return text


def as_written(schema: CoreSchema, formats: Mapping[str, str] = MappingProxyType({})) -> CoreSchema:
    """The same schema, but that dates, times and UUIDs of JSON have the form of their format.

    Python values of these are read as before. Classes within it decide for themselves.

    `formats`: by field, the format that its text has besides (`formats.FORMATS`); a class that is
    but a value has the field `root`.
    """
    return cast(CoreSchema, _rewritten(schema, formats))


def _rewritten(node: Any, formats: Mapping[str, str]) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_rewritten(each, formats) for each in node)
    if not isinstance(node, Mapping):
        return node
    kind = node.get("type")
    if kind == "date":
        return _in_json(node, _text(f"^{_DAY}$", "a date as 2030-01-31 (RFC 3339)"))
    if kind == "datetime":
        text = _text(f"^{_MOMENT}$", "a time as 2030-01-31T09:30:00Z (RFC 3339)")
        aware = node.get("tz_constraint") == "aware"
        return _in_json({"ge": FIRST, "le": LAST, **node} if aware else node, text)
    if kind == "uuid":
        return _in_json(node, _hyphenated())
    if kind == "str" and isinstance(node.get("pattern"), str):
        return _to_its_end(node, node["pattern"])
    if kind == "function-after" and node["function"].get("function") is IPv6Address:
        return {**node, "schema": _text(_ADDRESS, "an IPv6 address without a zone")}
    made = {key: _rewritten(each, formats) if key in _PARTS else each for key, each in node.items()}
    if isinstance(fields := node.get("fields"), Mapping):
        made["fields"] = {
            name: _formatted(_rewritten(each, formats), formats.get(name))
            for name, each in fields.items()
        }
    if node.get("root_model"):
        made["schema"] = _formatted(made["schema"], formats.get("root"))
    return made


def _to_its_end(node: Mapping[str, Any], pattern: str) -> Mapping[str, Any]:
    """The text, searched by the engine to which `$` is its end, as it is to JSON Schema.

    To Python's it is the place before a last line break, too; only that one can look around.
    """
    if not _LOOKS_AROUND.search(pattern):
        return {**node, "regex_engine": "rust-regex"}
    ended = _DOLLAR.sub(lambda found: found[1] or r"\Z", pattern)
    return {**node, "regex_engine": "python-re", "pattern": ended}


def _formatted(node: Any, name: str | None) -> Any:
    """The schema of one value, whose texts have the format, too."""
    if isinstance(node, list | tuple):
        return type(node)(_formatted(each, name) for each in node)
    if name is None or not isinstance(node, Mapping):
        return node
    if node.get("type") == "str":
        wanted = core_schema.custom_error_schema(
            core_schema.str_schema(pattern=FORMATS[name], regex_engine="rust-regex"),
            custom_error_type=_OTHER_FORMAT[0],
            custom_error_message=_OTHER_FORMAT[1],
            custom_error_context={"format": name},
        )
        return core_schema.chain_schema([cast(CoreSchema, node), wanted])
    return {
        key: _formatted(each, name) if key in ("schema", "choices") else each
        for key, each in node.items()
    }


def _in_json(node: Mapping[str, Any], text: CoreSchema) -> CoreSchema:
    """What `node` says of values, and of a JSON text that it is `text` before."""
    read = cast(CoreSchema, {**node, "strict": False})  # what it reads is no JSON any more
    return core_schema.json_or_python_schema(core_schema.chain_schema([text, read]), node)


def _text(pattern: str, wanted: LiteralString) -> CoreSchema:
    schema = core_schema.str_schema(pattern=pattern, strict=True, regex_engine="rust-regex")
    return _told(schema, wanted)


def _hyphenated() -> CoreSchema:
    """Of the forms that pydantic knows, one is 36 characters long: counting costs least."""
    counted = core_schema.str_schema(min_length=36, max_length=36, strict=True)
    return _told(counted, "a UUID of 36 characters (RFC 9562)")


def _told(schema: CoreSchema, wanted: LiteralString) -> CoreSchema:
    return core_schema.custom_error_schema(
        schema, custom_error_type="other_form", custom_error_message=f"Input should be {wanted}"
    )
