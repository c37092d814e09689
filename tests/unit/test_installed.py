"""Versions of libraries, told without what tells them elsewhere."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

import pytest

from cloudsync_gen.contracts.trials import JUDGES
from cloudsync_gen.engine.fingerprint import SHAPING
from cloudsync_gen.model import installed


@pytest.mark.parametrize("name", [*SHAPING, *(each.library for each in JUDGES.values())])
def test_libraries_that_shape_output_have_the_version_that_they_say(name: str) -> None:
    assert installed.version_of(name) == version(name)
    assert installed.version_of(name.replace("-", "_").upper()) == version(name)


def test_all_libraries_have_the_version_that_they_say() -> None:
    names = {each.name for each in distributions()}
    assert len(names) > 50
    assert {name: installed.version_of(name) for name in names} == {
        name: version(name) for name in names
    }


def test_of_two_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in (("a", "pear_tree-1.0"), ("b", "Pear.Tree-2.0"), ("b", "plum-3.1")):
        (tmp_path / f"{place}-packages" / f"{name}.dist-info").mkdir(parents=True)
    installed._described.cache_clear()
    monkeypatch.setattr("sys.path", [str(tmp_path / f"{each}-packages") for each in "xab"])
    try:
        assert installed.version_of("pear-tree") == "1.0"
        assert installed.version_of("plum") == "3.1"
        with pytest.raises(PackageNotFoundError):
            installed.version_of("cherry")
    finally:
        installed._described.cache_clear()
