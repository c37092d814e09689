"""A service away from its repository: installed from wheels, it serves the published contract."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import httpx
import pytest

from support.services import CHASSIS, Written, running_at, written

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "models" / "lemonade"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(MODEL, tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def wheels(made: Written, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Wheels of the chassis, of a service, and of the clients that it calls others with."""
    folder = tmp_path_factory.mktemp("wheels")
    chassis = tmp_path_factory.mktemp("chassis") / "chassis"
    shutil.copytree(CHASSIS.parent, chassis, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for project in (chassis, made.folder("recipe"), *(each.parent for each in made.clients())):
        run(project, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment with the wheels, and the locked libraries at hand."""
    venv = tmp_path_factory.mktemp("image") / "venv"
    run(ROOT, sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "--python")
    options = ("install", "--no-deps", "--no-index", "--no-compile")
    run(ROOT, *pip, str(python), *options, *map(str, wheels))
    site = next((venv / "lib").glob("python*")) / "site-packages"
    # a .pth adds folders but is not followed further, so this checkout stays out of it
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(folder: Path, *command: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


def test_the_wheel_holds_the_contract_once(made: Written, wheels: list[Path]) -> None:
    (wheel,) = (each for each in wheels if each.name.startswith("recipe-"))
    contract = made.contracts.rest["recipe"]
    with zipfile.ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if "contracts/" in name]
        assert found == [f"recipe/generated/contracts/{contract.path}"]
        assert archive.read(found[0]) == (made.root / "contracts" / contract.path).read_bytes()


def test_it_serves_the_contract_without_the_repository(
    made: Written, installed: Path, tmp_path: Path
) -> None:
    away = installed.parents[1]
    assert not any((folder / "contracts").exists() for folder in away.parents)
    command = (str(installed), "-m", "recipe")
    with running_at(made, "recipe", tmp_path / "state", command, {}) as process:
        served = httpx.get(f"{process.url}/openapi.json").json()
        assert served == json.loads(json.dumps(made.contracts.rest["recipe"].data))


def test_a_wheel_without_the_contract_says_so(made: Written, tmp_path: Path) -> None:
    """What was copied out of the repository by hand fails at once, and says why."""
    alone = tmp_path / "src"
    shutil.copytree(made.folder("recipe") / "src", alone)
    variables = {
        "PYTHONPATH": os.pathsep.join(map(str, (alone, *made.clients(), CHASSIS))),
        "PATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "recipe"],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "no contracts/openapi/" in done.stderr
    assert "build the service's wheel from the repository" in done.stderr
