"""`.ci/venv.py` installs when, and only when, .venv/ is not what the locks say."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from support.trees import write_tree

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "venv.py"
LOCK = "{} \\\n    --hash=sha256:00\n"


class Installed(list[str]):
    """Commands that pip was given, and what is installed."""

    packages = "left-over pip"
    breaks = False


@pytest.fixture
def pip() -> Installed:
    return Installed()


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: Installed) -> ModuleType:
    spec = importlib.util.spec_from_file_location("cloudsync_gen_venv", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    write_tree(tmp_path, {"pyproject.toml": "a", "runtime.lock": LOCK.format("one==1")})
    write_tree(tmp_path, {"test.lock": LOCK.format("two==1")})
    for name, path in (("ROOT", ""), ("VENV", ".venv"), ("STAMP", ".venv/stamp")):
        monkeypatch.setattr(module, name, tmp_path / path)

    def run(*arguments: str) -> str:
        if arguments[0] == "-c":
            return pip.packages
        pip.append(" ".join(arguments[4:]))
        if pip.breaks:
            raise subprocess.CalledProcessError(1, arguments)
        return ""

    def create() -> None:
        pip.append("create")
        (tmp_path / ".venv").mkdir(exist_ok=True)

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "create", create)
    return module


PACKAGE = "install --no-deps --no-build-isolation -e ."


def test_a_fresh_one_gets_exactly_what_the_lock_names(venv: ModuleType, pip: Installed) -> None:
    venv.main("runtime")
    assert pip == [
        "create",
        "install --no-deps --require-hashes -r runtime.lock",
        "uninstall -y left-over",
        PACKAGE,
    ]
    pip.clear()
    venv.main("runtime")
    assert pip == []


def test_the_test_set_is_added_and_then_kept(venv: ModuleType, pip: Installed) -> None:
    venv.main("runtime")
    pip.clear()
    venv.main("test")
    assert pip[0] == "install --no-deps --require-hashes -r runtime.lock -r test.lock"
    pip.clear()
    venv.main("runtime")
    assert pip == []


def test_a_new_lock_is_installed_and_a_new_project_file_only_the_package(
    venv: ModuleType, pip: Installed, tmp_path: Path
) -> None:
    venv.main("test")
    pip.clear()
    write_tree(tmp_path, {"test.lock": LOCK.format("two==2")})
    venv.main("runtime")
    assert pip[0] == "install --no-deps --require-hashes -r runtime.lock -r test.lock"
    pip.clear()
    write_tree(tmp_path, {"pyproject.toml": "b"})
    venv.main("test")
    assert pip == [PACKAGE]


def test_libraries_of_teams_are_added_to_the_test_set(
    venv: ModuleType, pip: Installed, tmp_path: Path
) -> None:
    services = "generated/services"
    write_tree(tmp_path, {f"{services}/a/requirements.txt": "# none yet\n  # nor here\n"})
    write_tree(tmp_path, {f"{services}/b/requirements.txt": "# images\npillow>=11\n"})
    venv.main("test")
    bounds = tmp_path / ".venv" / "locked.txt"
    assert pip[3] == f"install -c {bounds} -r {services}/b/requirements.txt"
    assert bounds.read_text() == "one==1\ntwo==1\n"
    pip.clear()
    write_tree(tmp_path, {f"{services}/a/requirements.txt": "numpy\n"})
    venv.main("test")
    both = f"-r {services}/a/requirements.txt -r {services}/b/requirements.txt"
    assert pip[1:] == ["uninstall -y left-over", f"install -c {bounds} {both}", PACKAGE]


def test_an_install_that_broke_is_done_again(
    venv: ModuleType, pip: Installed, tmp_path: Path
) -> None:
    venv.main("runtime")
    before = (tmp_path / "runtime.lock").read_text()
    write_tree(tmp_path, {"runtime.lock": LOCK.format("one==2")})
    pip.breaks = True
    with pytest.raises(subprocess.CalledProcessError):
        venv.main("runtime")
    pip.breaks = False
    pip.clear()
    # also when the lock goes back to what was installed before the attempt
    write_tree(tmp_path, {"runtime.lock": before})
    venv.main("runtime")
    assert pip[0] == "install --no-deps --require-hashes -r runtime.lock"


@pytest.mark.parametrize("stamp", ["", "{", json.dumps({"interpreter": "another"})])
def test_a_stamp_of_another_interpreter_or_none_begins_anew(
    venv: ModuleType, pip: Installed, tmp_path: Path, stamp: str
) -> None:
    write_tree(tmp_path, {".venv/stamp": stamp})
    venv.main("runtime")
    assert pip[0] == "create"
