"""What a service checks of the parameters of its routes, beyond their types."""

from __future__ import annotations

from typing import Any

import pytest

from cloudsync_gen.targets.service.requests import _extra, _limits

SCHEMAS: dict[str, Any] = {"Tag": {"type": "string", "format": "uri", "maxLength": 12}}
TAG = {"$ref": "#/components/schemas/Tag"}


@pytest.mark.parametrize(
    ("kind", "schema", "limits", "extra"),
    [
        ("str", {"maxLength": 3, "pattern": "^a$"}, {"max_length": 3, "pattern": "^a$"}, {}),
        ("str", {"format": "email"}, {}, {"x-format": "email"}),
        ("UUID", {"format": "uuid", "maxLength": 36}, {}, {}),
        ("list[UUID]", {"minItems": 1, "maxItems": 9}, {"min_length": 1, "max_length": 9}, {}),
        (
            "list[str]",
            {"items": TAG, "uniqueItems": True},
            {},
            {"x-unique": True, "x-items": {"max_length": 12, "x-format": "uri"}},
        ),
        ("list[str]", {"items": {"minItems": 3}, "uniqueItems": False}, {}, {}),
    ],
)
def test_lists_keep_their_sizes_and_items_their_limits(
    kind: str, schema: dict[str, Any], limits: dict[str, Any], extra: dict[str, Any]
) -> None:
    assert dict(_limits(kind, schema)) == limits
    assert _extra(kind, schema, SCHEMAS) == extra
