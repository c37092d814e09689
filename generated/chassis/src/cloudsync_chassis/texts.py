"""Texts of parameters, read as strictly as the formats of JSON Schema are written.

pydantic takes more: seconds since the epoch for a date, a UUID in braces, `yes` for true.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import PydanticCustomError

_DAY = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"

_FORMS: dict[type, re.Pattern[str]] = {
    kind: re.compile(form, re.ASCII)
    for kind, form in {
        bool: "true|false",
        date: _DAY,
        datetime: f"{_DAY}[Tt]{_TIME}",
        float: r"-?\d+(\.\d+)?([eE][+-]?\d+)?",
        int: r"-?\d+(\.0+)?",
        UUID: "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    }.items()
}
"""RFC 3339 §5.6 for times, RFC 9562 §4 for UUIDs, RFC 8259 for what JSON says without quotes."""

KINDS = frozenset(_FORMS)
"""Types whose texts have a form."""


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
