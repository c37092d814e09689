"""The wheel is whole, brings nothing that is not its own, and works away from this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import cloudsync_gen
from support.house.texts import tracked
from support.rules import BASE
from support.trees import Files, read_tree

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "generator/cloudsync_gen/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a fresh environment that has the wheel, and the locked libraries at hand."""
    venv = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    pip = ("-m", "pip", "--disable-pip-version-check", "-qq", "--python", str(venv / "bin/python"))
    run(sys.executable, *pip, "install", "--no-deps", "--no-index", str(wheel))
    site = next((venv / "lib").glob("python*")) / "site-packages"
    # a .pth adds folders but is not followed further, so this checkout stays out of it
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin"


def run(*command: str, cwd: Path = ROOT) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


def below(folder: str) -> Files:
    """Tracked files of this checkout, named relative to `folder`."""
    names = [name for name in tracked(ROOT) if name.startswith(folder)]
    return {name.removeprefix(folder): (ROOT / name).read_bytes() for name in names}


def test_the_wheel_holds_package_and_templates_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    templates = {f"cloudsync_gen/_templates/{k}": v for k, v in below("templates/").items()}
    package = {f"cloudsync_gen/{name}": content for name, content in below(PACKAGE).items()}
    info = f"cloudsync_gen-{cloudsync_gen.__version__}.dist-info/"
    ours = {name: content for name, content in held.items() if not name.startswith(info)}
    assert ours == templates | package
    assert "cloudsync_gen/py.typed" in ours
    assert f"{info}licenses/LICENSE" in held


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        facts = Parser().parsestr(archive.read(name).decode())
    assert facts["Name"] == "cloudsync-gen"
    assert facts["Version"] == cloudsync_gen.__version__
    assert facts["Requires-Python"] == ">=3.11"
    assert facts["License-Expression"] == "Apache-2.0"
    assert "strawberry-graphql" in "".join(facts.get_all("Requires-Dist", []))
    assert "pytest" not in "".join(facts.get_all("Requires-Dist", []))


def test_it_works_on_a_model_elsewhere(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
    where = "import cloudsync_gen; print(cloudsync_gen.__file__)"
    module = run(str(installed / "python"), "-c", where, cwd=tmp_path).strip()
    assert Path(module).is_relative_to(installed.parent)
    tool = str(installed / "cloudsync-gen")
    assert "COMMAND" in run(tool, "--help", cwd=tmp_path)
    for arguments in (["check"], ["generate"], ["generate", "--check"]):
        run(tool, *arguments, cwd=tmp_path)
    assert (tmp_path / "model" / ".schema" / "motivation.json").is_file()


def test_it_writes_the_same_bytes_as_this_checkout(installed: Path, tmp_path: Path) -> None:
    """Installed means compiled: what an interpreter leaves beside templates is no output."""
    assert any((installed.parent / "lib").rglob("_templates/**/__pycache__"))
    written = []
    for name, tool in (("wheel", installed), ("checkout", Path(sys.executable).parent)):
        root = tmp_path / name
        shutil.copytree(BASE, root)
        run(str(tool / "cloudsync-gen"), "generate", cwd=root)
        shutil.rmtree(root / ".cloudsync-gen")
        written.append(read_tree(root))
    assert written[0] == written[1]
