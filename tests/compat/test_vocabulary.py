"""Every id that a comparison can give is known, and says what it means."""

from __future__ import annotations

from typing import Any

import pytest

from cloudsync_gen.compat.vocabulary import meaning
from compat import (
    test_alternatives,
    test_lifecycle,
    test_operations,
    test_received,
    test_schemas,
    test_security,
)

TABLES: list[Any] = [
    test_alternatives.TABLE,
    test_lifecycle.TABLE,
    test_operations.TABLE,
    test_received.TABLE,
    test_schemas.OBJECTS,
    test_schemas.TABLE,
    test_security.TABLE,
]


def given() -> list[str]:
    """The ids that the tables of this folder expect."""
    lists = [cell for table in TABLES for row in table for cell in row if isinstance(cell, list)]
    return sorted({code.split()[1] for codes in lists for code in codes})


@pytest.mark.parametrize("code", given())
def test_an_id_that_is_given_is_known(code: str) -> None:
    text = meaning(code)
    assert text is not None
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "request-parameter-max-length-decreased",
            "In a parameter, the length that texts may have was lowered. "
            "Fewer values are allowed: it breaks who sends them, not who receives them.",
        ),
        (
            "response-property-enum-value-added",
            "In a part of a body that consumers receive, a listed value was added. "
            "More values are allowed: it breaks who receives them, not who sends them.",
        ),
        ("webhook-removed", "The provider no longer calls a webhook that consumers wait for."),
        ("request-body-became-purple", None),
        ("purple-type-changed", None),
        ("", None),
    ],
)
def test_an_id_says_what_it_means(code: str, text: str | None) -> None:
    assert meaning(code) == text
