"""Names do not change with the interpreter that makes them; slips of the hand are recognised."""

from __future__ import annotations

import keyword

from hypothesis import given
from hypothesis import strategies as st

from cloudsync_gen.naming import PYTHON_KEYWORDS, python_class, python_name, slip_of
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


@given(st.text("abcdefgh", min_size=5, max_size=12), st.data())
def test_every_single_slip_is_seen(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(name) - 1))
    letter = data.draw(st.sampled_from("xyz"))
    slips = {name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :]}
    slips |= {name[:at] + name[at + 1 :]} if len(name) > 5 else set()
    if at + 1 < len(name) and name[at] != name[at + 1]:
        slips.add(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    for slip in slips - {name}:
        assert slip_of(slip, [name, "zzzzzzzz"]) == name
