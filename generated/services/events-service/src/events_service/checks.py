"""What is looked at in a payload besides its wording: depth, time, and people who should not be there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from .generated import models
from .generated.settings import ServiceSettings

_DEEPEST = 6
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b")
_CARD = re.compile(r"(?<![0-9A-Za-z-])[3-6](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z-])")
"""Banks and shops have the first digits from 3 to 6; what lies within an id is none."""


def told(payload: str) -> dict[str, Any] | None:
    """The payload as an object; None where it is none (RFC 8259, without NaN)."""
    try:
        found = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def too_deep(value: Any) -> bool:
    """Whether objects and arrays lie in one another more than six levels deep."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [inner for each in level for inner in _inner(each)]
        if not level:
            return False
    return True


def wrong_clock(settings: ServiceSettings, occurred: datetime, received: datetime) -> bool:
    """Whether an event is told as too old, or too far ahead."""
    age = (received - occurred).total_seconds()
    return age > settings.event_age_limit or -age > settings.clock_ahead_limit


def names_a_person(value: Any, allowed: frozenset[str]) -> bool:
    """Whether a text, outside of the pointers where people may appear, holds an e-mail address, an
    IBAN (ISO 13616) or the number of a card (ISO/IEC 7812).
    """
    return any(_personal(text) for path, text in _texts(value, "") if path not in allowed)


def texts_at(value: Any, pointer: str) -> list[str]:
    """Texts at a pointer, in each item of arrays on the way."""
    level = [value]
    for name in pointer.removeprefix("/").split("/"):
        level = [each[name] for each in _flat(level) if isinstance(each, dict) and name in each]
    return [each for each in _flat(level) if isinstance(each, str)]


def replaced(value: Any, pointer: str, names: Mapping[str, str]) -> None:
    """Put names in the place of texts at a pointer; what stands there and is no text goes."""
    *way, last = pointer.removeprefix("/").split("/")
    level = [value]
    for name in way:
        level = [each[name] for each in _flat(level) if isinstance(each, dict) and name in each]
    for each in _flat(level):
        if isinstance(each, dict) and last in each:
            told = [names[text] for text in _flat([each[last]]) if isinstance(text, str)]
            each[last] = told if isinstance(each[last], list) else next(iter(told), None)


def first_fault(
    settings: ServiceSettings, event: models.SubmittedEvent, received: datetime
) -> models.QuarantineReason | None:
    """What needs no wording to be found."""
    reasons = models.QuarantineReason
    payload = told(event.payload)
    if payload is not None and too_deep(payload):
        return reasons.oversize
    if wrong_clock(settings, event.occurred_at, received):
        return reasons.clock_skew
    return None


def _personal(text: str) -> bool:
    if _EMAIL.search(text):
        return True
    if any(_is_iban(each.group()) for each in _IBAN.finditer(text)):
        return True
    return any(_is_card(each.group()) for each in _CARD.finditer(text))


def _is_iban(text: str) -> bool:
    """Remainder 1 of 97 (ISO 7064)."""
    plain = text.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def _is_card(text: str) -> bool:
    """The check digit of Luhn (ISO/IEC 7812-1, annex B)."""
    digits = [int(each) for each in text if each.isdigit()][::-1]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, str(value)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, path)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield "", str(name)
            yield from _texts(each, f"{path}/{name}")


def _flat(values: list[Any]) -> list[Any]:
    return [each for one in values for each in (one if isinstance(one, list) else [one])]


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and infinities are no JSON")
