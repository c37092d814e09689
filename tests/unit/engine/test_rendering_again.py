"""What an earlier run rendered is not read before somebody needs its bytes, and made anew where it
is lost.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.reconcile import Scope
from cloudsync_gen.model.artefacts import Output
from support.rules import BASE
from support.trees import read_tree

LEMONADE = read_tree(BASE)


def rendered(root: Path) -> tuple[Output, ...]:
    made = pipeline.generate(LEMONADE, Scope(), Store(root), 1)
    assert made.rendered is not None
    return made.rendered


def said(outputs: tuple[Output, ...]) -> list[tuple[object, ...]]:
    names = [each for each in Output.__struct_fields__ if each != "content"]
    return [tuple(getattr(each, name) for name in names) for each in outputs]


def bytes_of(outputs: tuple[Output, ...]) -> list[bytes]:
    return [each.content() for each in outputs]


def entries(root: Path) -> list[Path]:
    """Of the cache: what is kept of units, by fingerprint, and what is said of their files."""
    below = (root / ".cloudsync-gen/cache").glob("??/*")
    return sorted(each for each in below if each.with_name(f"{each.name}.files").is_file())


def test_bytes_are_read_when_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rendered(tmp_path)
    units = {each.name for each in entries(tmp_path)}
    assert len(units) > 10
    read: list[str] = []
    plain = Store.read

    def noted(self: Store, key: str) -> bytes | None:
        read.append(key)
        return plain(self, key)

    monkeypatch.setattr(Store, "read", noted)
    again = rendered(tmp_path)
    assert said(again) == said(first)
    assert units.isdisjoint(read)
    assert bytes_of(again) == bytes_of(first)
    assert units <= {*read}


@pytest.mark.parametrize("spoilt", [b"", b"not what was kept"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, spoilt: bytes) -> None:
    first = rendered(tmp_path)
    for each in entries(tmp_path):
        each.write_bytes(spoilt)
    again = rendered(tmp_path)
    assert (said(again), bytes_of(again)) == (said(first), bytes_of(first))


def test_what_is_lost_is_rendered_with_the_others(tmp_path: Path) -> None:
    first = rendered(tmp_path)
    for number, each in enumerate(entries(tmp_path)):
        (each if number % 2 else each.with_name(f"{each.name}.files")).unlink()
    again = rendered(tmp_path)
    assert (said(again), bytes_of(again)) == (said(first), bytes_of(first))
