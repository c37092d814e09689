"""A service away from its repository: installed from wheels, it serves the published contract."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
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
    done = attempt(folder, *command)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


def attempt(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def build(folder: Path, kind: str, into: Path) -> Path:
    """A distribution of the project in a folder: an `sdist`, or a `wheel`."""
    run(folder, sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into))
    (made,) = into.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def recorded(wheel: Path) -> dict[str, list[bytes]]:
    """The lines of all files, those of the RECORD in order of names."""
    found = {name: text.splitlines(keepends=True) for name, text in contents(wheel).items()}
    return {name: sorted(text) if "/RECORD" in name else text for name, text in found.items()}


def required(wheel: Path) -> list[str]:
    """What a wheel says that it needs, extras left out."""
    (metadata,) = (text for name, text in contents(wheel).items() if name.endswith("/METADATA"))
    needed = message_from_bytes(metadata).get_all("Requires-Dist", [])
    return [each for each in needed if "extra ==" not in each]


def test_the_wheel_holds_the_contract_once(made: Written, wheels: list[Path]) -> None:
    (wheel,) = (each for each in wheels if each.name.startswith("recipe-"))
    published = (made.contracts.graphql["board"].path, made.contracts.rest["recipe"].path)
    with zipfile.ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if "contracts/" in name]
        assert found == [f"recipe/generated/contracts/{path}" for path in published]
        for name, path in zip(found, published, strict=True):
            assert archive.read(name) == (made.root / "contracts" / path).read_bytes()


def test_a_wheel_from_the_sdist_is_the_wheel_from_the_repository(
    made: Written, wheels: list[Path], tmp_path: Path
) -> None:
    sdist = build(made.folder("recipe"), "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert (unpacked / "tests" / "test_handlers.py").is_file()
    (wheel,) = (each for each in wheels if each.name.startswith("recipe-"))
    assert recorded(build(unpacked, "wheel", tmp_path / "wheel")) == recorded(wheel)


def test_a_team_adds_libraries_of_its_own(made: Written, tmp_path: Path) -> None:
    """Beside what the generated part needs, in a file that regeneration leaves alone."""
    away = tmp_path / "generated" / "services" / "recipe"
    shutil.copytree(made.folder("recipe"), away)
    shutil.copytree(made.root / "contracts", tmp_path / "contracts")
    generated = required(build(away, "wheel", tmp_path / "before"))
    assert any(each.startswith("cloudsync-chassis[") for each in generated)
    theirs = "# images\npillow<13,>=11  # small ones\n\nnumpy>=2; python_version >= '3.12'\n"
    (away / "requirements.txt").write_text(theirs)
    needed = required(build(away, "wheel", tmp_path / "after"))
    own = ["numpy>=2; python_version >= '3.12'", "pillow<13,>=11"]
    assert sorted(needed) == sorted([*generated, *own])
    (away / "requirements.txt").unlink()
    assert required(build(away, "wheel", tmp_path / "without")) == generated


@pytest.mark.parametrize(
    "line", ["-r ../other.txt", "--index-url https://elsewhere.invalid/", "a b"]
)
def test_what_is_no_requirement_is_named(made: Written, tmp_path: Path, line: str) -> None:
    away = tmp_path / "recipe"
    shutil.copytree(made.folder("recipe"), away)
    (away / "requirements.txt").write_text(f"pillow>=11\n{line}\n")
    done = attempt(away, sys.executable, "-m", "hatchling", "build", "-t", "sdist")
    assert done.returncode != 0
    assert "requirements.txt:2:" in done.stderr


def test_a_build_away_from_the_contract_says_so(made: Written, tmp_path: Path) -> None:
    away = tmp_path / "recipe"
    shutil.copytree(made.folder("recipe"), away)
    done = attempt(away, sys.executable, "-m", "hatchling", "build", "-t", "wheel")
    assert done.returncode != 0
    assert "build from the repository or from its sdist" in done.stderr


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
    assert "no contracts/graphql/" in done.stderr
    assert "build the service's wheel from the repository" in done.stderr
