"""What roles permit, where the model hands it to a service."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

from cloudsync_chassis.security.roles import FILE, roles_of


def test_roles_are_read_from_the_generated_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "told_by_the_model"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    package = import_module(folder.name)
    with pytest.raises(FileNotFoundError):
        roles_of(package)
    told = {"clerk": {"full": ["book:list"], "related": ["book:sell"]}}
    (folder / FILE).write_text(json.dumps(told))
    clerk = roles_of(package)["clerk"]
    assert clerk.allows("book:list", related=False)
    assert clerk.allows("book:sell", related=True)
    assert not clerk.allows("book:sell", related=False)
    assert not clerk.allows("book:burn", related=True)
