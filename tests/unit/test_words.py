"""What is read again and again is kept once, and nothing else becomes the same by that."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bench.synthetic import synthetic
from cloudsync_gen.load import load
from cloudsync_gen.load import words as module
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.words import Words, share
from cloudsync_gen.load.yaml_tree import parse
from cloudsync_gen.model.layers.data_model import Message

UNLIKE: tuple[Any, ...] = (
    *(1, 1.0, True, "1", 0, 0.0, -0.0, False, None, "None", "", [], {}, [1], [True], ["1"]),
    *({"a": 1}, {"a": True}, {"a": "1"}, {"a": [1]}, {"a": {"a": 1}}, ["a", 1], [["a", 1]]),
    *({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": "b", "b": "a"}, {"a": None}, {"a": {}}),
)
"""Data of which some are equal to Python, and none says the same as another."""


def written(value: Any) -> bytes:
    return msgspec.json.encode(value)


def test_equal_parts_of_two_texts_are_one_object() -> None:
    words = Words()
    one = parse("a", "x: {type: string, of: [1, {deep: yes}]}\ny: other", words).value
    two = parse("b", "z: {type: string, of: [1, {deep: yes}]}", words).value
    assert one["x"] is two["z"]
    assert one["x"] == {"type": "string", "of": [1, {"deep": "yes"}]}


def test_without_words_every_part_is_its_own() -> None:
    data = parse("a", "x: {type: string}\ny: {type: string}").value
    assert data["x"] == data["y"]
    assert data["x"] is not data["y"]


@pytest.mark.parametrize("most", [1, module.MOST_PARTS])
def test_what_says_another_thing_stays_another(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(module, "MOST_PARTS", most)
    words = Words()
    for turn in range(3):
        for value in UNLIKE:
            whole = msgspec.json.decode(written({"turn": turn, "value": value}))
            assert written(share(whole, words)) == written({"turn": turn, "value": value})


def test_a_remembered_text_shares_as_one_that_is_read() -> None:
    words = Words()
    read = parse("a", "x: {type: string}", words).value
    assert share(msgspec.json.decode(b'{"y": {"type": "string"}}'), words)["y"] is read["x"]


@pytest.mark.parametrize("remembered", [False, True])
def test_services_that_say_the_same_of_a_property_share_it(*, remembered: bool) -> None:
    known: dict[str, bytes] = {}
    cache, tree = ParseCache(known.get, known.__setitem__), synthetic(2)
    made = load(tree, cache)
    if remembered:
        made = load(tree, cache)
    assert made.value is not None
    notes = [
        each.value.schema["properties"]["note"]
        for each in made.value.elements
        if isinstance(each.value, Message) and each.id.endswith("-daily-line")
    ]
    assert len(notes) == 2
    assert notes[0] is notes[1]
