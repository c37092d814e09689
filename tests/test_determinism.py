"""The same model gives the same bytes, whatever seed, place, clock, locale, number of hands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.effort import Effort
from support.golden import differences
from support.trees import Files, read_tree, write_tree

MODELS = Path(__file__).parent / "models"
OWN = Path(__file__).parent.parent
TOOL = Path(sys.executable).parent / "cloudsync-gen"
LOCK = re.compile(r"generated/\.lock/[^/]+\.json")
CIRCUMSTANCES = {
    "seed": ({"PYTHONHASHSEED": "1"}, "-j1", "."),
    "clock": ({"TZ": "Pacific/Kiritimati", "SOURCE_DATE_EPOCH": "1"}, "-j1", "."),
    "locale": ({"LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"}, "-j1", "."),
    "workers": ({}, "-j2", "."),
    "working directory": ({}, "-j1", "model"),
}
AT_ONCE = (
    {name: value for env, _, _ in CIRCUMSTANCES.values() for name, value in env.items()},
    *("-j2", "model"),
)


def generated(
    model: Path, root: Path, env: dict[str, str], jobs: str, cwd: str, *services: str
) -> Files:
    no_output = shutil.ignore_patterns(".schema")
    shutil.copytree(model / "model", root / "model", ignore=no_output)
    command = [str(TOOL), "--root", str(root), "generate", jobs, *services]
    done = subprocess.run(
        command,
        cwd=root / cwd,
        env={**os.environ, "PYTHONHASHSEED": "0", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return read_tree(root)


@pytest.mark.parametrize("model", sorted(MODELS.iterdir()), ids=lambda path: path.name)
def test_the_same_bytes_in_other_circumstances(model: Path, tmp_path: Path, effort: Effort) -> None:
    """One after the other they tell which it was."""
    first = generated(model, tmp_path / "first", {}, "-j1", ".")
    assert len(first) > len(read_tree(model))
    circumstances = CIRCUMSTANCES if effort.full else {"all at once": AT_ONCE}
    for name, (env, jobs, cwd) in circumstances.items():
        other = generated(model, tmp_path / name, env, jobs, cwd)
        assert list(differences(first, other)) == [], name


@pytest.mark.parametrize("model", sorted(MODELS.iterdir()), ids=lambda path: path.name)
def test_the_order_of_files_on_disk_does_not_matter(model: Path, tmp_path: Path) -> None:
    first = generated(model, tmp_path / "first", {}, "-j1", ".")
    backwards = tmp_path / "backwards" / "model"
    for name, content in sorted(read_tree(model / "model").items(), reverse=True):
        write_tree(backwards, {name: content})
    again = generated(tmp_path / "backwards", tmp_path / "again", {}, "-j1", ".")
    assert list(differences(first, again)) == []


def test_this_repositorys_own_model_in_all_other_circumstances_at_once(
    tmp_path: Path, effort: Effort
) -> None:
    """What is committed was written under those of somebody else, some other day. In the small run
    what belongs to one service: `.ci/run` compares all of it, under such ones as well.
    """
    services = () if effort.full else ("document-service",)
    other = generated(OWN, tmp_path, *AT_ONCE, *services)
    locks = {name: json.loads(other[name])["files"] for name in other if LOCK.fullmatch(name)}
    ours = {
        name
        for files in locks.values()
        for name, each in files.items()
        if each["ownership"] == "generated"
    }
    assert len(ours) > effort.count(small=20, full=2_000)
    # what belongs to a team may be changed: its lock tells what it was
    judged = ours | locks.keys()
    committed = {name: (OWN / name).read_bytes() for name in judged if (OWN / name).is_file()}
    assert list(differences(committed, {name: other[name] for name in judged})) == []
