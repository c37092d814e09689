"""Values of the fields that organisations add."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from .generated import models

_NUMBER_DIGITS = 40


def fault(definition: models.ProfileFieldDefinition | None, value: str) -> str | None:
    """What is wrong with a custom value; an empty one leaves the field unfilled."""
    if definition is None:
        return "the organisation has no such field"
    if not value or _FORMS[definition.data_type](definition, value):
        return None
    return f"is no {definition.data_type}"


def _is_number(_: models.ProfileFieldDefinition, value: str) -> bool:
    plain = value.removeprefix("-")
    whole, _point, rest = plain.partition(".")
    digits = whole + rest
    return digits.isdecimal() and digits.isascii() and len(digits) <= _NUMBER_DIGITS and bool(whole)


def _is_date(_: models.ProfileFieldDefinition, value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_choice(definition: models.ProfileFieldDefinition, value: str) -> bool:
    return value in {each.root for each in definition.choices or ()}


def _is_person(_: models.ProfileFieldDefinition, value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


_FORMS = {
    models.ProfileFieldType.text: lambda _definition, _value: True,
    models.ProfileFieldType.number: _is_number,
    models.ProfileFieldType.date: _is_date,
    models.ProfileFieldType.choice: _is_choice,
    models.ProfileFieldType.person: _is_person,
}
