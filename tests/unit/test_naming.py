"""Names do not change with the interpreter that makes them."""

from __future__ import annotations

import keyword

from cloudsync_gen.naming import PYTHON_KEYWORDS, python_class, python_name
from cloudsync_gen.targets.layer_schemas import layer_schema


def test_keywords_are_those_of_every_python_that_is_supported() -> None:
    assert frozenset(keyword.kwlist) == PYTHON_KEYWORDS


def test_reserved_words_are_no_names() -> None:
    assert [python_name(each) for each in ("import", "match", "type", "none", "3d")] == [
        *("import_", "match_", "type", "none", "n3_d")
    ]
    assert python_class("none") == "None_"


def test_descriptions_of_schemas_are_dedented() -> None:
    texts = [
        each["description"]
        for each in layer_schema("application")["$defs"].values()
        if "description" in each
    ]
    assert len(texts) > 10
    lines = [line for text in texts for line in text.splitlines()]
    assert [line for line in lines if line != line.strip() and not line.startswith("  -")] == []
