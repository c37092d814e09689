"""`new service`: what it adds to a model fits, type-checks, passes its tests, starts and works."""

from __future__ import annotations

import importlib
import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloudsync_gen.cli import main
from support.effort import Effort
from support.services import Written, opened, own_failures, running, type_errors
from support.trees import Files, read_tree

ROOT = Path(__file__).parents[2]
LEMONADE = ROOT / "tests" / "models" / "lemonade"
ORGANIZATION, PERSON = (f"01890000-0000-7000-8000-00000000000{each}" for each in "ab")


@dataclass(frozen=True)
class Asked:
    """A new service: what is asked for, what it is called then, where its things are found."""

    arguments: tuple[str, ...]
    service: str
    path: str


def starter(root: Path) -> None:
    """The model that `init` writes."""
    assert main(["--root", str(root), "init", str(root)]) == 0


def lemonade(root: Path) -> None:
    """A small model of another company."""
    shutil.copytree(LEMONADE / "model", root / "model")


def cloudsync(root: Path) -> None:
    """The model of this repository."""
    shutil.copytree(ROOT / "model", root / "model", ignore=shutil.ignore_patterns(".schema"))


Ground = Callable[[Path], None]
CASES: dict[str, tuple[Ground, Asked]] = {
    "starter": (starter, Asked(("order", "--domain", "core"), "order-service", "/v1/orders")),
    "keywords": (
        starter,
        Asked(("import", "--domain", "core", "--aggregate", "none"), "import-service", "/v1/nones"),
    ),
    "lemonade": (
        lemonade,
        Asked(
            ("statistics", "--domain", "brewing", "--aggregate", "stock-entry"),
            "statistics",
            "/v1/stock-entries",
        ),
    ),
    "cloudsync": (
        cloudsync,
        Asked(
            ("loyalty", "--domain", "content", "--aggregate", "gift-voucher"),
            "loyalty-service",
            "/v1/gift-vouchers",
        ),
    ),
}
SMALL = ("keywords", "lemonade")


@dataclass(frozen=True)
class Added:
    """A service that was added to the model below `root`; `before` is what was there."""

    root: Path
    before: Files
    asked: Asked
    made: Written


@pytest.fixture(scope="module")
def added(effort: Effort, tmp_path_factory: pytest.TempPathFactory) -> list[Added]:
    found = []
    for name in CASES if effort.full else SMALL:
        lay, asked = CASES[name]
        root = tmp_path_factory.mktemp(name)
        lay(root)
        before = read_tree(root)
        assert main(["--root", str(root), "new", "service", *asked.arguments]) == 0
        found.append(Added(root, before, asked, opened(root)))
    return found


def test_it_fits_the_model(added: list[Added], capsys: pytest.CaptureFixture[str]) -> None:
    for each in added:
        assert each.asked.service in each.made.names
        assert main(["--root", str(each.root), "check"]) == 0
        assert main(["--root", str(each.root), "generate", "--check"]) == 0
    assert "no findings" in capsys.readouterr().err


def test_nothing_that_was_written_by_people_is_written_anew(added: list[Added]) -> None:
    """One list of one file gets longer; all else of the model, comments too, stays as it is."""
    for each in added:
        after = read_tree(each.root)
        assert each.before.keys() <= after.keys()
        changed = [path for path, content in each.before.items() if after[path] != content]
        assert len(changed) == 1
        old, new = each.before[changed[0]].decode(), after[changed[0]].decode()
        alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
        assert new.endswith(old[len(list(alike)) :]), "more than an insertion"


def test_types_hold(added: list[Added]) -> None:
    for each in added:
        assert type_errors(each.made, each.asked.service) == ""


def test_its_own_tests_pass(added: list[Added]) -> None:
    for each in added:
        assert own_failures(each.made, each.asked.service) == ""


def test_it_starts_and_keeps_what_it_is_told(
    added: list[Added], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for each in added:
        for source in each.made.sources(each.asked.service):
            monkeypatch.syspath_prepend(str(source))
        package = each.made.package(each.asked.service)
        testing = importlib.import_module(f"{package}.generated.testing")
        with running(each.made, each.asked.service, tmp_path / each.asked.service) as process:
            cases = testing.cases(each.made.folder(process.service) / "tests" / "contract.json")
            roles = sorted({role for case in cases for role in case.roles})
            token = process.token(*roles, organization=ORGANIZATION, subject=PERSON)
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=process.url, headers=headers) as http:
                _lives(http, each.asked.path)
            assert httpx.get(f"{process.url}{each.asked.path}").status_code == 401


def _lives(http: httpx.Client, path: str) -> None:
    created = http.post(path, json={"name": "First"}, headers={"Idempotency-Key": "once"})
    assert created.status_code == 201, created.text
    thing: dict[str, Any] = created.json()
    url = created.headers["location"]
    assert url == f"{path}/{thing['id']}"
    assert (thing["name"], thing["ownerId"], thing["status"]) == ("First", PERSON, "active")
    assert http.get(url).json() == thing
    assert http.get(path).json()["items"] == [thing]
    assert http.get(path, params={"status": "archived"}).json()["items"] == []
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": created.headers["etag"]}
    changed = http.patch(url, json={"name": "Second"}, headers=patch)
    assert (changed.status_code, changed.json()["name"]) == (200, "Second"), changed.text
    assert http.patch(url, json={"name": "Third"}, headers=patch).status_code == 412
    archived = http.post(f"{url}/archive").json()
    assert archived["status"] == "archived"
    assert "archivedAt" in archived
    assert "archivedAt" not in http.post(f"{url}/restore").json()
    assert http.delete(url).status_code == 204
    assert http.get(url).status_code == 404
    assert http.get(path).json()["items"] == []


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    """A model that has been generated."""
    root = tmp_path / "root"
    lemonade(root)
    assert main(["--root", str(root), "generate"]) == 0
    return root


REFUSED = {
    "a service that is there": (("recipe", "--domain", "brewing"), 5),
    "what another one keeps": (("till", "--domain", "brewing", "--aggregate", "recipe"), 5),
    "no domain": (("till", "--domain", "brew"), 2),
    "a domain that is a path": (("till", "--domain", "../../brewing"), 2),
    "a path": (("../../till", "--domain", "brewing"), 2),
    "an absolute path": (("/tmp/till", "--domain", "brewing"), 2),
    "a line break": (("till\nid: x", "--domain", "brewing"), 2),
    "a template": (("{{7*7}}", "--domain", "brewing"), 2),
    "a command": (("till;reboot", "--domain", "brewing"), 2),
    "capitals": (("Till", "--domain", "brewing"), 2),
    "another script": (("кασσα", "--domain", "brewing"), 2),
    "no letter first": (("1till", "--domain", "brewing"), 2),
    "too long": (("t" * 41, "--domain", "brewing"), 2),
    "a device of Windows": (("aux", "--domain", "brewing"), 2),
    "a name that contracts need": (("problem", "--domain", "brewing"), 1),
    "an aggregate that is a path": (("till", "--domain", "brewing", "--aggregate", ".."), 2),
}


def test_what_is_refused_leaves_everything_as_it_is(
    ground: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_tree(ground)
    for what, (arguments, code) in REFUSED.items():
        capsys.readouterr()
        assert main(["--root", str(ground), "new", "service", *arguments]) == code, what
        assert "nothing was written" in capsys.readouterr().err, what
        assert read_tree(ground) == before, what


def test_a_model_that_does_not_measure_what_a_dashboard_must_show_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starter(tmp_path)
    arguments = ["--root", str(tmp_path), "new", "service", "till", "--domain", "core"]
    metrics = tmp_path / "model" / "11_apm" / "metrics" / "requests.yaml"
    metrics.write_text(metrics.read_text().replace("    - status\n", ""))
    assert main(arguments) == 2
    assert "requests with a label `status`" in capsys.readouterr().err
    metrics.unlink()
    assert main(arguments) == 2
    assert "histogram http_server_request_duration_seconds" in capsys.readouterr().err


def test_a_file_of_somebody_else_in_the_way_stops_it_all(ground: Path) -> None:
    theirs = ground / "generated" / "services" / "till" / "Dockerfile"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("FROM scratch\n")
    before = read_tree(ground)
    arguments = ["--root", str(ground), "new", "service", "till", "--domain", "brewing"]
    assert main(arguments) == 5
    assert read_tree(ground) == before
    theirs.unlink()
    assert main(arguments) == 0
    assert main(arguments) == 5, "the second time it is there"
