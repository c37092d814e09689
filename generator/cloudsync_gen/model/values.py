"""Value formats that fields of many layers share, with the pattern that each obeys."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Text = Annotated[str, Meta(min_length=1, max_length=4000)]
Short = Annotated[str, Meta(min_length=1, max_length=300)]
Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$(?!\n)", max_length=63)]
"""RFC 1123 label that begins with a letter."""

Identifier = Annotated[str, Meta(pattern=r"^[a-z][a-zA-Z0-9]*$(?!\n)", max_length=80)]
"""lowerCamelCase name of a property."""

SqlName = Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_]*$(?!\n)", max_length=63)]
"""Unquoted SQL identifier: 63 bytes is PostgreSQL's NAMEDATALEN - 1."""

Duration = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(ms|s|m|h|d)$(?!\n)")]
Percentage = Annotated[str, Meta(pattern=r"^(100|[0-9]{1,2})(\.[0-9]{1,6})?%$(?!\n)")]
Permission = Annotated[str, Meta(pattern=r"^[a-z][a-z-]*:(\*|[a-z][a-z-]*)$(?!\n)", max_length=80)]
"""`resource:action`, the action one of the resource's, or `*` in a role for all of them."""

HttpsUrl = Annotated[str, Meta(pattern=r"^https://[^\s]+$(?!\n)", max_length=2048)]
MetricName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)", max_length=120)]
Quantity = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$(?!\n)")]
"""Kubernetes resource quantity."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Version = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+){0,2}([.-][a-z0-9]+)*$(?!\n)")]

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"^([0-9]{1,9})(ms|s|m|h|d)$(?!\n)")


def milliseconds(duration: str) -> int:
    """Length of a `Duration` in ms. Raises `ValueError` for any other text."""
    match = _DURATION.match(duration)
    if match is None:
        raise ValueError(f"not a duration: {duration!r}")
    return int(match[1]) * _UNIT_MS[match[2]]


def percent(value: str) -> float:
    """Number of a `Percentage`, in per cent. Raises `ValueError` for any other text."""
    if not value.endswith("%"):
        raise ValueError(f"not a percentage: {value!r}")
    return float(value[:-1])


_UNIT = {"": Fraction(1), "m": Fraction(1, 1000)}
_UNIT |= {unit: Fraction(1000) ** power for power, unit in enumerate("kMGT", 1)}
_UNIT |= {f"{unit}i": Fraction(1024) ** power for power, unit in enumerate("KMGT", 1)}
_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$(?!\n)")


CORES = re.compile(r"[0-9]+(\.[0-9]+)?m?")
"""Matches a whole `Quantity` of processors."""

BYTES = re.compile(r"[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)")
"""Matches a whole `Quantity` of memory."""


def quantity(value: str) -> Fraction:
    """What a `Quantity` comes to, exactly. Raises `ValueError` for any other text."""
    match = _QUANTITY.match(value)
    if match is None:
        raise ValueError(f"not a quantity: {value!r}")
    return Fraction(match[1]) * _UNIT[match[2] or ""]
