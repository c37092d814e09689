"""The serialiser writes what every YAML and JSON reader reads back as the same data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsync_gen.engine.serialise import json_text, yaml_text
from cloudsync_gen.load import yaml_tree
from support import plain_yaml

TRAPS = [
    *("yes", "No", "on", "OFF", "y", "N", "null", "~", "true", "False", "", " ", "- a", "a: b"),
    *("a #b", "a:", "1", "1.10", "0x1F", "010", "0o10", "22:22", "2024-01-01", "1e3", ".5", "+1"),
    *("=", "<<", "!tag", "&a", "*a", "%d", "@x", "`x`", "{a}", "[a]", "|", ">", "---", "..."),
    *("#/components/schemas/A", "^[a-z]+$", r"^\d+\.\d*$", 'say "x"', "it's", "a\tb", "a\nb"),
    *("a\nb\n", "a\n\n", "\na", " a\nb", "a \nb", "a\r\nb", "\x00", "\x85", "\u2028", "\ufeff"),
    *("\u202egnp", "é", "日本", "😀", "\U000e0001", "nan", ".inf", "None", "trailing "),
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(TRAPS)
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=6) | st.sampled_from(TRAPS), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("text", TRAPS)
def test_every_trap_stays_a_string_as_value_as_key_and_in_a_list(text: str) -> None:
    data = {text: text, "list": [text, [text], {text: [text]}]}
    written = yaml_text(data)
    assert plain_yaml.load(written) == data
    assert yaml_tree.parse("x.yaml", written).value == data
    assert json.loads(json_text(data)) == data


@settings(max_examples=settings().max_examples * 5)
@given(DATA)
def test_round_trip_through_readers_of_yaml_1_1_and_1_2(data: Any) -> None:
    written = yaml_text(data)
    assert plain_yaml.load(written) == data
    assert json.loads(json_text(data)) == data
    if not isinstance(data, (list, dict)) and data is not None:
        return
    parsed = yaml_tree.parse("x.yaml", written)
    assert (parsed.value, parsed.problems) == (data, ())


def test_hidden_characters_are_escapes_in_both_formats() -> None:
    hidden = {"a": "x\u202ey\u200bz\x85\u2028\U000e0001"}
    for written in (yaml_text(hidden), json_text(hidden)):
        assert written.isascii()


def test_shared_values_are_written_out_and_never_aliased() -> None:
    shared = {"type": "string"}
    written = yaml_text({"a": shared, "b": shared})
    assert written == "a:\n  type: string\nb:\n  type: string\n"


def test_layout_is_block_style_with_nested_lists_and_empty_containers() -> None:
    data = {"a": [{"b": 1, "c": [2, [3]]}, "x"], "e": {}, "f": [], "t": "one\ntwo\n"}
    assert yaml_text(data) == (
        "a:\n  - b: 1\n    c:\n      - 2\n      - - 3\n  - x\n" "e: {}\nf: []\nt: |\n  one\n  two\n"
    )


def test_keys_keep_their_order_unless_json_is_asked_to_sort() -> None:
    data = {"b": 1, "a": 2}
    assert yaml_text(data) == "b: 1\na: 2\n"
    assert json_text(data) == '{\n  "b": 1,\n  "a": 2\n}\n'
    assert json_text(data, sort=True) == '{\n  "a": 2,\n  "b": 1\n}\n'


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_numbers_without_a_json_form_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no JSON form"):
        yaml_text({"a": value})


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError):
        yaml_text({"a": {1, 2}})
    with pytest.raises(TypeError):
        yaml_text({1: "a"})
