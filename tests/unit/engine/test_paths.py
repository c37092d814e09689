"""Paths of artefacts: hostile names end in a fault, and never on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudsync_gen.engine import disk, paths
from cloudsync_gen.engine.disk import Unsafe
from support.trees import write_tree

HOSTILE = [
    *("", "/", ".", "..", "generated", "generated/", "contracts", "generatedx/a", "model/a.yaml"),
    *(
        "/abs",
        "generated/..",
        "generated/../a",
        "generated/a/../../b",
        "generated/./a",
        "generated//a",
    ),
    *("generated/a\\..\\b", "generated/C:\\x", "C:/x", "generated/a:b", "//host/generated/a"),
    *(
        "generated/con",
        "generated/CON.txt",
        "generated/lpt1",
        "generated/aux.py",
        "generated/nul.tar.gz",
    ),
    *(
        "generated/a.",
        "generated/a ",
        "generated/ a",
        "generated/a./b",
        "generated/a\n",
        "generated/a\n/b",
    ),
    *("generated/-rf", "generated/a\x00b", "generated/a\tb", "generated/\u202eabc", "generated/ａ"),
    *(
        "generated/\u00e9",
        "generated/e\u0301",
        "generated/a\u2028b",
        "generated/a b",
        "generated/$HOME",
    ),
    *(
        "generated/.git/config",
        "generated/.GIT/config",
        "generated/a/.git",
        "generated/.github/x.yml",
    ),
    *(
        "generated/.gitlab/x",
        "generated/.hg/hgrc",
        "generated/.svn/x",
        "contracts/.github/workflows/x.yml",
    ),
    *(
        "generated/" + "x" * 121,
        "generated/" + "/".join(["x" * 100] * 3),
        "generated/*",
        "generated/a?",
    ),
    *(
        "generated/{{ x }}",
        "generated/`id`",
        "generated/$(id)",
        "generated/a;b",
        "generated/a|b",
        "~/a",
    ),
    *(
        ".git/hooks/pre-commit",
        "README.md",
        "pyproject.toml",
        ".cloudsync-gen/journal",
        "model/.schema",
    ),
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_has_a_fault(path: str) -> None:
    assert paths.fault(path)


@pytest.mark.parametrize(
    "path",
    [
        "contracts/openapi/document.yaml",
        "generated/services/document-service/src/document_service/__init__.py",
        "generated/charts/library/templates/_all.tpl",
        "generated/.lock/system.json",
        "generated/.base/generated/services/a/Dockerfile",
        "generated/services/a/.dockerignore",
        "model/.schema/api.json",
        "generated/" + "x" * 120,
        "generated/.base/generated/" + "/".join(["x" * 75] * 3),
    ],
)
def test_a_plain_path_has_none(path: str) -> None:
    assert paths.fault(path) == ""


@pytest.mark.parametrize("path", [p for p in HOSTILE if p not in ("model/a.yaml",)])
def test_what_edits_the_model_reaches_no_hostile_path_either(path: str) -> None:
    for root in ("generated/", "contracts/"):
        path = "model/" + path.removeprefix(root) if path.startswith(root) else path
    assert paths.source_fault(path)


def test_what_edits_the_model_may_write_there() -> None:
    assert paths.source_fault("model/04_application/content/pear.yaml") == ""
    assert paths.source_fault("cloudsync-gen.toml") == ""
    assert paths.source_fault("model/.schema/api.json")
    assert paths.source_fault("pyproject.toml")


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["generated/a", "generated/A"], [("generated/A", "generated/a")]),
        (["generated/a", "generated/a"], []),
        (["generated/a", "generated/a/b"], [("generated/a", "generated/a/b")]),
        (["generated/a/b", "generated/A"], [("generated/A", "generated/a/b")]),
        (["generated/straße", "generated/STRASSE"], [("generated/STRASSE", "generated/straße")]),
        (["generated/a", "generated/ab", "generated/b/a"], []),
    ],
)
def test_two_names_for_one_file_are_found(names: list[str], pairs: list[tuple[str, str]]) -> None:
    assert list(paths.collisions(names)) == pairs


def test_reading_follows_no_link_and_reads_what_is_there(tmp_path: Path) -> None:
    write_tree(tmp_path, {"generated/a": "a", "away/b": "b"})
    (tmp_path / "generated/link").symlink_to(tmp_path / "away/b")
    (tmp_path / "generated/folder").symlink_to(tmp_path / "away")
    assert disk.read(tmp_path, "generated/a") == b"a"
    assert disk.read(tmp_path, "generated/none") is None
    assert disk.read(tmp_path, "none/none") is None
    for path in ("generated/link", "generated/folder/b", "generated/a/b"):
        with pytest.raises(Unsafe):
            disk.read(tmp_path, path)


def test_all_outputs_are_listed_and_caches_of_python_are_not(tmp_path: Path) -> None:
    kept = ["contracts/a", "generated/.lock/a.json", "generated/s/src/a.py", "model/.schema/a.json"]
    passed = ["generated/s/.venv/a.py", "generated/s/__pycache__/a.pyc", "generated/s/a.egg-info/x"]
    write_tree(tmp_path, dict.fromkeys([*kept, *passed, "model/a.yaml", "README.md"], ""))
    assert list(disk.outputs(tmp_path)) == kept
