"""A text that has a pattern is judged to its last character: `$` alone lets a line break pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.model.declared import Project
from cloudsync_gen.model.ids import is_id
from cloudsync_gen.model.layers import ELEMENT_TYPES
from support.rules import BASE
from support.trees import edited, read_tree


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        found = schema.get("pattern")
        if isinstance(found, str):
            yield found
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from patterns(each)


def test_no_pattern_lets_a_line_break_pass_at_its_end() -> None:
    _, schemas = msgspec.json.schema_components(
        [*ELEMENT_TYPES.values(), Project], schema_hook=lambda _: {"type": "object"}
    )
    found = {*patterns(schemas)}
    assert len(found) > 20
    assert [each for each in found if re.search(r"\$(?!\(\?!\\n\))", each)] == []
    assert not is_id("a.b.c\n")


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("08_data_store/stores.yaml", "  table: recipes\n", '  table: "recipes\\n"\n', 13),
        ("05_technology/platform.yaml", "rto: 20m", 'rto: "20m\\n"', 77),
        ("02_business/business.yaml", "pager: press", 'pager: "press\\n"', 6),
        ("manifest.yaml", "slug: zitrusgarten", 'slug: "zitrus\\ngarten"', 3),
        ("manifest.yaml", "version: 1.0.0", 'version: "1.0.0\\n"', 5),
        ("manifest.yaml", "license: Apache-2.0", 'license: "Apache-2.0\\n"', 6),
    ],
)
def test_such_a_text_is_found_where_it_stands(file: str, old: str, new: str, line: int) -> None:
    files = edited(read_tree(BASE), {f"model/{file}": {old: new}})
    checked = pipeline.check(files)
    assert [checked.sources.span(each.ref).line for each in checked.diagnostics] == [line]
