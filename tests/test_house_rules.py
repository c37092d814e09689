"""The rules of this house: the tree keeps them, and each is seen to fail on a violation."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pkgutil import iter_modules, walk_packages
from typing import Any

import msgspec
import pytest

import cloudsync_gen
from cloudsync_gen.source import Ref
from support.house import CHECKS, views
from support.house.layers import HEAVY
from support.rules import BASE
from support.trees import write_tree

ROOT = Path(__file__).resolve().parent.parent
GEN = "generator/cloudsync_gen"
LONG_FUNCTION = "def f() -> None:\n" + "    pass\n" * 60
LAST_LEGAL = "def f() -> None:\n" + "    pass\n" * 59
SERVICE = "generated/services/a"
FULL_RULE = '"""A.\n\nWhat it does: a.\n\nWhy: b.\n\nExample: c.\n\nUse instead: d.\n"""\n'
LATER = "TO" + "DO"


def locked(files: dict[str, str], ownership: str = "generated") -> dict[str, str]:
    """The files, and a lock that says whose all of them are."""
    shard = {"format": 1, "files": {name: {"ownership": ownership} for name in files}}
    return {**files, "generated/.lock/a.json": json.dumps(shard)}


PLANTED: list[tuple[str, dict[str, str], str]] = [
    ("imports go one way", {f"{GEN}/load/x.py": "from cloudsync_gen.rules import RULES"}, "rules"),
    ("imports go one way", {f"{GEN}/load/x.py": "from cloudsync_gen import pipeline"}, "pipeline"),
    ("imports go one way", {f"{GEN}/model/x.py": "import cloudsync_gen.load.yaml"}, "load"),
    ("imports go one way", {f"{GEN}/targets/a/x.py": "from ...engine import write"}, "engine"),
    ("imports go one way", {f"{GEN}/rules/__init__.py": "from ..load import load"}, "load"),
    ("imports go one way", {f"{GEN}/link.py": "def f():\n    import cloudsync_gen.cli"}, "cli"),
    (
        "imports go one way",
        {f"{GEN}/rules/x.py": "import_module('cloudsync_gen.compat.x')"},
        "compat",
    ),
    (
        "imports go one way",
        {f"{GEN}/edit/x.py": "import_module(f'cloudsync_gen.live.{x}')"},
        "live",
    ),
    ("imports go one way", {f"{GEN}/utils.py": ""}, "where `utils` stands"),
    ("heavy imports are lazy", {f"{GEN}/cli/x.py": "import black"}, "import black where"),
    ("heavy imports are lazy", {f"{GEN}/load/__init__.py": "import graphql"}, "import graphql"),
    ("heavy imports are lazy", {f"{GEN}/x.py": "if A:\n    from jinja2 import b"}, "import jinja2"),
    ("modules and functions are short", {f"{GEN}/x.py": "a = 1\n" * 501}, "501 lines"),
    ("modules and functions are short", {f"{GEN}/x.py": LONG_FUNCTION}, "f has 61 lines"),
    ("modules and functions are short", {"templates/chassis/x.py": LONG_FUNCTION}, "f has 61"),
    ("only cli prints", {f"{GEN}/load/x.py": "print(1)"}, "x.py:1: print"),
    ("only cli prints", {f"{GEN}/report/x.py": "import sys\nsys.stderr.write('')"}, "sys.stderr"),
    ("only engine/write.py writes", {f"{GEN}/load/x.py": "open(p, 'w')"}, "x.py:1: open"),
    ("only engine/write.py writes", {f"{GEN}/load/x.py": "open(p, mode='r+b')"}, "open"),
    ("only engine/write.py writes", {f"{GEN}/load/x.py": "open(p, mode)"}, "open"),
    ("only engine/write.py writes", {f"{GEN}/load/x.py": "Path(p).open('a')"}, "open"),
    ("only engine/write.py writes", {f"{GEN}/load/x.py": "Path(p).write_text('')"}, "write_text"),
    ("only engine/write.py writes", {f"{GEN}/engine/x.py": "os.replace(a, b)"}, "os.replace"),
    ("only engine/write.py writes", {f"{GEN}/engine/x.py": "os.open(a, os.O_CREAT)"}, "os.open"),
    ("only engine/write.py writes", {f"{GEN}/cli/x.py": "shutil.rmtree(a)"}, "shutil.rmtree"),
    ("no test is skipped", {"tests/test_x.py": "@pytest.mark.skip\ndef f(): ..."}, "mark.skip"),
    ("no test is skipped", {"tests/a/test_x.py": "pytest.importorskip('x')"}, "importorskip"),
    ("no test is skipped", {"tests/test_x.py": "from pytest import skip"}, "skip"),
    ("no test is skipped", {"tests/test_x.py": "from unittest import skipIf"}, "skipIf"),
    ("every test asserts", {"tests/test_x.py": "def test_a():\n    f()"}, "test_a asserts nothing"),
    ("every test asserts", {"tests/unit/test_x.py": "async def test_a():\n    f()"}, "test_a"),
    ("exports are true", {f"{GEN}/__init__.py": ""}, "no __all__"),
    ("exports are true", {f"{GEN}/x.py": "__all__ = ['a', 'b']\na = 1"}, "__all__ names b"),
    ("exports are true", {f"{GEN}/x.py": "__all__ = ['b', 'a']\na = b = 1"}, "not sorted"),
    ("exports are true", {f"{GEN}/__init__.py": "__all__ = []\ndef a(): ..."}, "a is not in"),
    (
        "rules are documented and have fixtures",
        {f"{GEN}/rules/a/x.py": '"""A."""'},
        "What it does:",
    ),
    ("rules are documented and have fixtures", {f"{GEN}/rules/a/x.py": FULL_RULE}, "rules/a/x/bad"),
    (
        "rules are documented and have fixtures",
        {f"{GEN}/rules/a/x.py": FULL_RULE, "tests/rules/a/x/bad/a": "", "tests/rules/a/x/ok/a": ""},
        "no tests/rules/a/x/expected.txt",
    ),
    ("nothing is left for later", {f"{GEN}/x.py": f"# {LATER}: more"}, f"x.py:1: {LATER}"),
    ("nothing is left for later", {"templates/a/b.py.j2": f"# {LATER}"}, "b.py.j2:1"),
    ("nothing is left for later", {f"{GEN}/x.py": "raise Not" + "ImplementedError"}, "x.py:1"),
    ("no machine is named", {"README.md": "see /" + "work/main/x"}, "README.md:1"),
    ("no machine is named", {"a.lock": "--index https://py" + "pi.org/simple"}, "a.lock:1"),
    ("no machine is named", {"a.json": '{"home": "/' + 'root/.cache"}'}, "a.json:1"),
    (
        "output is small",
        locked({f"{SERVICE}/x.py": "a" * 200_001}),
        "a: 200001 bytes, 200000 at most",
    ),
    (
        "output is small",
        locked({f"{SERVICE}/{n}.py": "" for n in range(61)}),
        "a: 61 files, 60 at most",
    ),
    (
        "output is small",
        {f"generated/docs/{n}.md": "a" * 2_000_001 for n in range(10)},
        "generated: 20000010 bytes",
    ),
    ("output is small", {f"generated/docs/{n}.md": "" for n in range(5001)}, "generated: 5001"),
]

KEPT: list[tuple[str, dict[str, str]]] = [
    (
        "imports go one way",
        {
            f"{GEN}/__init__.py": "from cloudsync_gen.source import Ref",
            f"{GEN}/load/x.py": "from cloudsync_gen.load import y\nfrom ..model import z",
            f"{GEN}/pipeline.py": "from cloudsync_gen import load, rules\nimport os",
            f"{GEN}/cli/x.py": "from cloudsync_gen import __version__, pipeline",
        },
    ),
    ("heavy imports are lazy", {f"{GEN}/cli/x.py": "def f():\n    import black"}),
    ("heavy imports are lazy", {f"{GEN}/engine/x.py": "import jinja2"}),
    ("modules and functions are short", {f"{GEN}/x.py": LAST_LEGAL}),
    ("only cli prints", {f"{GEN}/cli/x.py": "print(1)\nsys.stdout.write('')"}),
    (
        "only engine/write.py writes",
        {
            f"{GEN}/engine/write.py": "Path(p).write_text('')",
            f"{GEN}/load/x.py": "open(p)\nPath(p).open('rb')\nio.open(p, 'rt')\na.replace(b, c)",
            f"{GEN}/engine/x.py": "with TemporaryDirectory() as f:\n    Path(f).write_text('')",
            f"{GEN}/engine/y.py": "os.open(p, os.O_RDONLY | os.O_NOFOLLOW)",
            f"{GEN}/cli/y.py": "os.open(os.devnull, os.O_WRONLY)",
        },
    ),
    ("no test is skipped", {"tests/test_x.py": "@pytest.mark.parametrize('a', [])\ndef f(): ..."}),
    ("every test asserts", {"tests/test_x.py": "def test_a():\n    with pytest.raises(E): f()"}),
    ("exports are true", {f"{GEN}/__init__.py": "__all__ = ['a']\n_b = a = 1"}),
    (
        "rules are documented and have fixtures",
        {
            f"{GEN}/rules/a/x.py": FULL_RULE,
            f"{GEN}/rules/a/_shared.py": "",
            f"{GEN}/rules/a/__init__.py": "",
            "tests/rules/a/x/bad/edit.json": "{}",
            "tests/rules/a/x/ok/edit.json": "{}",
            "tests/rules/a/x/expected.txt": "model/a.yaml:1:1: ABC001\n",
        },
    ),
    (
        "nothing is left for later",
        {f"{GEN}/x.py": "METHODS = 1\nwith suppress(NotImplementedError): ..."},
    ),
    ("no machine is named", {"a.md": "model/" + "work/x and https://a.example/" + "root/x"}),
    ("output is small", {f"{SERVICE}/{n}.py": "a" * 3_333 for n in range(60)}),
    ("output is small", locked({f"{SERVICE}/handlers.py": "a" * 200_001}, "scaffold")),
]


def complaints(check: str, root: Path) -> list[str]:
    return list(CHECKS[check](root))


def checkout(root: Path, files: dict[str, str]) -> Path:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return write_tree(root, files)


@pytest.mark.parametrize("check", CHECKS)
def test_this_tree_keeps_it(check: str) -> None:
    assert complaints(check, ROOT) == []


@pytest.mark.parametrize(("check", "files", "complaint"), PLANTED)
def test_a_violation_is_found(
    tmp_path: Path, check: str, files: dict[str, str], complaint: str
) -> None:
    found = complaints(check, checkout(tmp_path, files))
    assert len([each for each in found if complaint in each]) == 1, found


@pytest.mark.parametrize(("check", "files"), KEPT)
def test_what_is_right_is_let_be(tmp_path: Path, check: str, files: dict[str, str]) -> None:
    assert complaints(check, checkout(tmp_path, files)) == []


def test_every_check_has_a_violation_and_an_example() -> None:
    assert {check for check, _, _ in PLANTED} == {check for check, _ in KEPT} == set(CHECKS)


# -- what only the imported package can tell ------------------------------------------------------


def package_modules() -> Iterator[str]:
    for found in walk_packages(cloudsync_gen.__path__, "cloudsync_gen."):
        if not found.name.endswith("__main__"):
            yield found.name


def disorder(keys: Sequence[str]) -> list[str]:
    """Keys that are not above the one before them: out of order, or there twice."""
    return [after for before, after in pairwise(keys) if after <= before]


REGISTRIES = {
    "cloudsync_gen.rules": ("RULES", "code"),
    "cloudsync_gen.targets": ("TARGETS", "name"),
}


def registered() -> Iterator[tuple[str, list[Any]]]:
    there = {each.name for each in iter_modules(cloudsync_gen.__path__, "cloudsync_gen.")}
    for module, (name, _) in REGISTRIES.items():
        if module in there:
            yield module, list(getattr(import_module(module), name))


def test_handlers_load_the_models_of_a_callee_with_the_first_call() -> None:
    """`from client import models` gets what loads them late; naming the module loads them at each
    start, which takes up to a twentieth of it.
    """
    eager = re.compile(r"^(from \w+_client\.models import|import \w+_client\.models\b)", re.M)
    modules = [*ROOT.glob("generated/services/*/src/*/*.py")]
    assert modules
    assert [str(each) for each in modules if eager.search(each.read_text("utf-8"))] == []


def test_registries_are_sorted_and_unique() -> None:
    for module, entries in registered():
        name, key = REGISTRIES[module]
        assert disorder([getattr(entry, key) for entry in entries]) == [], f"{module}.{name}"
    assert disorder(["A1", "A3", "A2", "A2"]) == ["A2", "A2"]


def test_every_rule_module_is_registered_under_its_own_name() -> None:
    rules = dict(registered())["cloudsync_gen.rules"]
    names = {rule.check.__module__.split(".")[-1].replace("_", "-"): rule.name for rule in rules}
    assert {module: name for module, name in names.items() if module != name} == {}
    modules = {
        module.removeprefix("cloudsync_gen.rules.")
        for module in package_modules()
        if module.startswith("cloudsync_gen.rules.") and module.count(".") == 3
    }
    listed = {rule.check.__module__.removeprefix("cloudsync_gen.rules.") for rule in rules}
    assert {m for m in modules if not m.split(".")[-1].startswith("_")} == listed


def test_views_hold_plain_final_data() -> None:
    found = [
        complaint
        for name in package_modules()
        if name.startswith("cloudsync_gen.targets.")
        for struct in views.structs_of(import_module(name))
        for complaint in views.complaints(struct)
    ]
    assert found == []


class Nested(msgspec.Struct, frozen=True):
    where: Ref


class BadView(msgspec.Struct, frozen=True):
    name: str
    nested: tuple[dict[str, Nested | None], ...]
    root: Path | None
    at: list[datetime]


class LooseView(msgspec.Struct):
    name: str


class GoodView(msgspec.Struct, frozen=True):
    name: str
    names: tuple[str, ...] = ()


def test_a_view_with_a_place_a_path_or_a_time_is_found() -> None:
    assert list(views.complaints(BadView)) == [
        "BadView.nested.Nested.where: Ref",
        "BadView.root: Path",
        "BadView.at: datetime",
    ]
    assert list(views.complaints(LooseView)) == ["LooseView: not frozen"]
    assert list(views.complaints(GoodView)) == []


MAIN = "from cloudsync_gen.cli import main\n"
LIGHT = {
    "help": f"{MAIN}assert main(['--help']) == 0",
    "a usage error": f"{MAIN}assert main(['--nonsense']) == 2",
    "the pipeline": "import cloudsync_gen.pipeline",
    "check of an unchanged model": f"{MAIN}assert main(['check']) == 0",
}


@pytest.mark.parametrize("program", LIGHT.values(), ids=LIGHT)
def test_nothing_heavy_is_imported_before_it_is_needed(tmp_path: Path, program: str) -> None:
    shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
    report = "import sys\nprint()\nprint(*sorted(sys.modules))"
    command = [sys.executable, "-c", f"{program}\n{report}"]
    for _ in range(2):  # the first run may have something to find out
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    modules = done.stdout.splitlines()[-1].split()
    assert "cloudsync_gen" in modules
    assert HEAVY.intersection(modules) == set()
