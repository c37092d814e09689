"""A model that was loaded before is the same model, though most of it is not read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen.link import link
from cloudsync_gen.load import load
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Tree, tree_from_disk
from support.rules import BASE

ROOT = Path(__file__).parent.parent.parent
BROKEN = "model/04_application/desk.yaml"


@pytest.fixture(scope="module")
def whole() -> Tree:
    return tree_from_disk(ROOT, "model")


@pytest.fixture(scope="module")
def little() -> Tree:
    return tree_from_disk(BASE, "model")


class Kept:
    """A cache that counts what is new."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.written = 0

    @property
    def cache(self) -> ParseCache:
        return ParseCache(self.kept.get, self._write)

    def _write(self, key: str, content: bytes) -> None:
        self.written += 1
        self.kept[key] = content


def told(model: Model) -> dict[str, str]:
    """All of a model, in its order, types of values included."""
    said = {field: repr(getattr(model, field)) for field in ("refs", "out", "into", "sources")}
    said["elements"] = repr([*model.elements.items()])
    said["by_type"] = repr([*model.by_type.items()])
    return said | {"schemas": repr(model.schemas), "broken": repr((model.broken, model.lost))}


def loaded(tree: Tree, cache: ParseCache | None = None) -> Model:
    found = load(tree, cache)
    assert found.diagnostics == ()
    assert found.value is not None
    return link(found.value).value


def test_what_was_kept_is_the_same_model(whole: Tree) -> None:
    kept = Kept()
    first = told(loaded(whole, kept.cache))
    assert kept.written > 500
    kept.written = 0
    again = loaded(whole, kept.cache)
    assert (told(again), kept.written) == (first, 0)
    assert first == told(loaded(whole))


def test_an_element_that_was_kept_is_one_object_however_it_is_asked_for(whole: Tree) -> None:
    kept = Kept()
    loaded(whole, kept.cache)
    model = loaded(whole, kept.cache)
    for each in model.all(Service):
        assert model.get(Service, each.id) is each
        assert model.elements.get(ElementId(each.id)) is each
    assert model.get(Service, "application.service.no-such") is None
    assert "application.service.no-such" not in model.elements


def test_a_file_that_moved_says_so_in_its_places(little: Tree) -> None:
    kept = Kept()
    loaded(little, kept.cache)
    file = next(each for each in sorted(little) if each.startswith("model/04_application/"))
    moved = {**little, file.replace(".yaml", "-moved.yaml"): little[file]}
    del moved[file]
    assert told(loaded(moved, kept.cache)) == told(loaded(moved))


def test_what_is_wrong_with_a_file_is_told_each_time(little: Tree) -> None:
    kept = Kept()
    for text in (
        b"desk: {id: application.service.desk, name: Desk}\n",
        b"desk: {name: Desk, description: no id}\n",
        b"other: {id: application.domain.desk, name: Desk, description: What it is.}\n",
        b"desk: [\n",
        b"\xff\n",
    ):
        tree = {**little, BROKEN: text}
        plain = load(tree)
        for _ in range(3):
            found = load(tree, kept.cache)
            assert found.diagnostics == plain.diagnostics
            assert found.value is not None
            assert plain.value is not None
            assert found.value.broken == plain.value.broken
            assert found.value.lost == plain.value.lost
            assert found.value.complete == plain.value.complete


def test_what_cannot_be_read_of_what_was_kept_is_loaded_anew(little: Tree) -> None:
    kept = Kept()
    first = told(loaded(little, kept.cache))
    for spoilt in (b"", b"\xc1", b"\xd9"):
        kept.kept = dict.fromkeys(kept.kept, spoilt)
        assert told(loaded(little, kept.cache)) == first
