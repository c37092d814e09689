"""The published hooks, run by the real pre-commit in real repositories of another company."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from support.effort import Effort
from support.hooks import BIN, GOALS, RIGHT, ROOT, VALUES, WRONG, Repository, local, published
from support.house.texts import tracked
from support.trees import read_tree, write_tree
from support.wheels import pack

ALL = ("cloudsync-check", "cloudsync-generate")
VALUE = """
weight:
  id: data_model.value.weight
  name: Weight
  description: Of a parcel, in grams.
  schema:
    type: integer
    format: int32
    minimum: 0
    maximum: 100000
"""
ROLES = "model/03_security/roles.yaml"
COURIER = """
courier:
  id: motivation.stakeholder.courier
  name: Courier
  description: Carries parcels.
  concerns: [time]
  influence: low
"""
LOADED = ("cloudsync_gen.cli.dispatch", "cloudsync_gen.pipeline", "jinja2")
BROKEN = re.compile(rf"{re.escape(GOALS)}:\d+:7: error\[LNK001\]")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One whose model and output are committed, in a folder whose name needs quoting."""
    aside = tmp_path_factory.mktemp("company")
    made = Repository.begun(aside / "Zwei Wörter", aside)
    made.install(local())
    made.git("add", "-A")
    made.git("commit", "-q", "--no-verify", "-m", "begin")
    made.git("tag", "begun")
    return made


@pytest.fixture
def repository(company: Repository) -> Iterator[Repository]:
    """The same, as it was committed; only checking hooks the commits of most tests."""
    company.only("cloudsync-check")
    yield company
    if (company.root / ".git/MERGE_HEAD").exists():
        company.git("merge", "--abort")
    company.git("checkout", "-q", "-f", "main")
    company.git("reset", "-q", "--hard", "begun")
    company.git("clean", "-q", "-ffd")


def test_the_hooks_of_the_issue_are_published() -> None:
    ids = {hook["id"]: hook["entry"] for hook in published()}
    assert ids == {
        "cloudsync-check": "cloudsync-gen check --staged",
        "cloudsync-generate": "cloudsync-gen generate --check --staged",
        "cloudsync-generate-fix": "cloudsync-gen generate --exit-code --staged",
    }
    assert {hook["language"] for hook in published()} == {"python"}


def test_the_real_hooks_need_no_network_once_they_are_installed(
    repository: Repository, tmp_path: Path, effort: Effort
) -> None:
    """Installed by pre-commit itself, from a repository with what the wheel is built of; `--full`:
    with all libraries in the environment of the hook, else it is told of none and borrows those
    of this one.
    """
    source, wheels = Repository(tmp_path / "tool", tmp_path), tmp_path / "wheels"
    names = ("generator/", "templates/", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-h")
    files = {each: (ROOT / each).read_bytes() for each in tracked(ROOT) if each.startswith(names)}
    if not effort.full:
        text = files["pyproject.toml"].decode()
        files["pyproject.toml"] = re.sub(r"(?ms)^dependencies = .*?^]$", "", text).encode()
    write_tree(source.root, files)
    source.git("init", "-q", "-b", "main")
    source.git("add", "-A")
    source.git("commit", "-q", "-m", "release")
    wheels.mkdir()
    pack(wheels, ["hatchling", *(metadata.requires("cloudsync-gen") or () if effort.full else ())])
    user = Repository(repository.root, tmp_path)
    user.env |= {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PYTHONPATH": str(tmp_path / "offline"),
    }
    revision = source.git("rev-parse", "HEAD").strip()
    hooks = [{"id": "cloudsync-check"}]
    user.install({"repos": [{"repo": str(source.root), "rev": revision, "hooks": hooks}]})
    user.run(str(BIN / "pre-commit"), "install-hooks")
    shutil.rmtree(wheels)
    shutil.rmtree(source.root)
    if not effort.full:
        user.env["PYTHONPATH"] += os.pathsep + sysconfig.get_path("purelib")
    assert [*Path(user.env["PRE_COMMIT_HOME"]).glob("repo*/py_env-*/bin/cloudsync-gen")]
    user.git("add", ".pre-commit-config.yaml")
    user.edit(GOALS, RIGHT, WRONG)
    committed, said = user.commit()
    assert not committed
    assert BROKEN.search(said), said
    user.edit(GOALS, WRONG, RIGHT)
    committed, said = user.commit()
    assert committed, said


def test_no_hook_reaches_a_network_here(repository: Repository) -> None:
    reach = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = repository.run(sys.executable, "-c", reach, check=False)
    assert "the network is refused" in done.stderr


# -- what is judged -------------------------------------------------------------------------------


def test_a_broken_line_is_told_where_it_stands(repository: Repository) -> None:
    repository.edit(GOALS, RIGHT, WRONG)
    committed, said = repository.commit()
    assert not committed
    assert BROKEN.search(said)


def test_a_fault_that_is_not_staged_holds_nothing_up(repository: Repository) -> None:
    repository.edit(GOALS, "name: Dependable", "name: Reliable")
    repository.edit(GOALS, RIGHT, WRONG, stage=False)
    committed, said = repository.commit()
    assert committed, said
    assert WRONG in repository.text(GOALS)
    assert WRONG not in repository.git("show", f"HEAD:{GOALS}")


def test_a_fault_that_is_only_staged_is_refused(repository: Repository) -> None:
    repository.edit(GOALS, RIGHT, WRONG)
    repository.edit(GOALS, WRONG, RIGHT, stage=False)
    committed, said = repository.commit()
    assert not committed
    assert BROKEN.search(said)
    assert WRONG not in repository.text(GOALS)


def test_a_file_that_git_does_not_track_mends_nothing(repository: Repository) -> None:
    new = "model/01_motivation/more.yaml"
    person = "custmer:\n  id: motivation.stakeholder.custmer\n  name: C\n  description: Buys.\n"
    repository.edit(GOALS, RIGHT, WRONG)
    write_tree(repository.root, {new: person + "  concerns: [price]\n  influence: high\n"})
    committed, said = repository.commit()
    assert not committed
    assert BROKEN.search(said)


def test_of_a_commit_of_one_file_only_that_file_is_judged(repository: Repository) -> None:
    """git makes an index of its own for that."""
    repository.edit(GOALS, RIGHT, WRONG)
    repository.edit("cloudsync-gen.toml", "# jobs = 0", "jobs = 1")
    committed, said = repository.commit("--", "cloudsync-gen.toml")
    assert committed, said
    committed, said = repository.commit("--", GOALS)
    assert not committed
    assert BROKEN.search(said)


def test_a_deletion_alone_is_judged(repository: Repository) -> None:
    """pre-commit itself passes over commits that only delete."""
    repository.git(
        "rm", "-q", "model/03_security/roles.yaml", "model/03_security/classifications.yaml"
    )
    repository.git("rm", "-q", "model/05_technology/platform.yaml")
    committed, said = repository.commit()
    assert not committed
    assert "error[LNK001]" in said


def test_a_file_may_be_renamed_and_is_judged_under_its_new_name(repository: Repository) -> None:
    name = "model/01_motivation/Zielé und \u76ee\u6a19.yaml"
    repository.git("mv", GOALS, name)
    committed, said = repository.commit()
    assert committed, said
    repository.edit(name, RIGHT, WRONG)
    committed, said = repository.commit()
    assert not committed
    assert re.search(rf"{re.escape(name)}:\d+:7: error\[LNK001\]", said)


def test_a_commit_elsewhere_does_not_wait_for_what_others_broke(repository: Repository) -> None:
    repository.edit(GOALS, RIGHT, WRONG)
    committed, said = repository.commit("--no-verify")
    assert committed, said
    write_tree(repository.root, {"NOTES.md": "String is out.\n"})
    repository.git("add", "NOTES.md")
    committed, said = repository.commit()
    assert committed, said
    everything = repository.run(str(BIN / "pre-commit"), "run", "--all-files", check=False)
    assert BROKEN.search(everything.stdout)


def test_a_first_commit_is_judged(repository: Repository) -> None:
    repository.git("checkout", "-q", "--orphan", "anew")
    repository.edit(GOALS, RIGHT, WRONG)
    committed, said = repository.commit()
    assert not committed
    assert BROKEN.search(said)
    repository.edit(GOALS, WRONG, RIGHT)
    committed, said = repository.commit()
    assert committed, said


@pytest.mark.parametrize("conflict", [True, False], ids=["by-hand", "by-git"])
def test_a_merge_of_two_right_sides_can_be_wrong(repository: Repository, conflict: bool) -> None:
    """One side removes what the other begins to use; what conflicts is another file, if any."""
    write_tree(repository.root, {GOALS: repository.text(GOALS) + COURIER, "NOTES.md": "Stock\n"})
    repository.git("add", "-A")
    repository.git("commit", "-q", "--no-verify", "-m", "both know couriers")
    repository.git("checkout", "-q", "-B", "theirs")
    repository.edit(GOALS, COURIER, "")
    write_tree(repository.root, {"NOTES.md": "theirs\n"} if conflict else {})
    repository.git("commit", "-q", "--no-verify", "-a", "-m", "no couriers")
    repository.git("checkout", "-q", "-B", "ours", "main")
    repository.edit(ROLES, "holder: customer", "holder: courier")
    write_tree(repository.root, {"NOTES.md": "ours\n"} if conflict else {})
    repository.git("commit", "-q", "--no-verify", "-a", "-m", "couriers are members")
    done = repository.run("git", "merge", "-q", "-m", "merge", "theirs", check=False)
    said = done.stdout + done.stderr
    assert ("NOTES.md" in said) == conflict
    if conflict:
        write_tree(repository.root, {"NOTES.md": "both\n"})
        repository.git("add", "NOTES.md")
        _, said = repository.commit()
    assert ROLES in said
    assert " " not in repository.git("log", "-1", "--format=%P").strip()


# -- outputs --------------------------------------------------------------------------------------


def test_outputs_are_judged_as_they_are_staged(repository: Repository) -> None:
    repository.only("cloudsync-generate")
    repository.edit(VALUES, "description: A moment", "description: One moment")
    committed, said = repository.commit()
    assert not committed
    assert "contracts/jsonschema/value-timestamp.json" in said
    write_tree(repository.root, {VALUES: repository.text(VALUES) + VALUE})
    repository.tool("generate")
    repository.git("add", "-u")
    committed, said = repository.commit()
    assert not committed
    new = "contracts/jsonschema/value-weight.json"
    assert f"1 file that the model implies would not be committed: git add -- {new}" in said
    repository.git("add", new)
    committed, said = repository.commit()
    assert committed, said


def test_the_fixing_hook_writes_and_says_what_to_add(repository: Repository) -> None:
    repository.only("cloudsync-generate-fix")
    write_tree(repository.root, {VALUES: repository.text(VALUES) + VALUE})
    repository.git("add", VALUES)
    committed, said = repository.commit()
    assert not committed
    add = re.search(r"(?m)^written, to be committed too: (git add -- .*)$", said)
    assert add is not None, said
    assert "contracts/jsonschema/value-weight.json" in add[1]
    repository.run(*shlex.split(add[1]))
    committed, said = repository.commit()
    assert committed, said
    assert repository.git("status", "--porcelain") == ""


def test_a_fix_keeps_what_was_put_aside(repository: Repository) -> None:
    repository.only("cloudsync-generate-fix")
    repository.edit(VALUES, "description: A moment", "description: One moment")
    repository.edit(VALUES, "description: Counts", "description: Tells", stage=False)
    committed, _ = repository.commit()
    assert not committed
    assert "One moment" in repository.text("contracts/jsonschema/value-timestamp.json")
    assert "Counts" in repository.text("contracts/jsonschema/value-entity-version.json")
    assert "description: Tells" in repository.text(VALUES)


# -- where it runs --------------------------------------------------------------------------------


def test_a_hook_runs_in_folders_and_other_work_trees(repository: Repository) -> None:
    repository.edit(GOALS, RIGHT, WRONG)
    committed, said = repository.commit(cwd=repository.root / "model/01_motivation")
    assert not committed
    assert BROKEN.search(said)
    repository.git("reset", "-q", "--hard")
    beside = repository.root.parent / "ein zweiter Baum"
    repository.git("worktree", "add", "-q", "--detach", str(beside))
    try:
        other = Repository(beside, repository.root.parent)
        other.only("cloudsync-check")
        other.edit(GOALS, RIGHT, WRONG)
        committed, said = other.commit()
        assert not committed
        assert BROKEN.search(said)
    finally:
        repository.git("worktree", "remove", "--force", str(beside))


def test_a_hook_runs_in_a_submodule_and_for_a_model_further_down(
    repository: Repository, tmp_path: Path
) -> None:
    outer = Repository(tmp_path / "outer", tmp_path)
    outer.root.mkdir()
    outer.git("init", "-q", "-b", "main")
    allowed = ("-c", "protocol.file.allow=always")
    outer.git(*allowed, "submodule", "--quiet", "add", str(repository.root), "systems/parcels")
    inner = Repository(outer.root / "systems/parcels", tmp_path)
    inner.install(local())
    inner.only("cloudsync-check")
    inner.edit(GOALS, RIGHT, WRONG)
    committed, said = inner.commit()
    assert not committed
    assert BROKEN.search(said)
    # the same tree as a plain folder of the outer repository
    outer.git("rm", "-q", "-f", "systems/parcels")
    shutil.copytree(repository.root / "model", outer.root / "systems/parcels/model")
    outer.install(local(args=["--root", "systems/parcels"]))
    outer.only("cloudsync-check")
    outer.git("add", "-A")
    outer.edit(f"systems/parcels/{GOALS}", RIGHT, WRONG)
    committed, said = outer.commit()
    assert not committed
    assert BROKEN.search(said)


# -- what gets in between -------------------------------------------------------------------------


def until(condition: str, path: Path, patience: float = 60) -> None:
    """Waits until files of a pattern are there."""
    ends = time.monotonic() + patience
    while not [*path.glob(condition)]:
        assert time.monotonic() < ends, f"no {condition} in {path}"
        time.sleep(0.005)


def test_ctrl_c_leaves_nothing_half_done(repository: Repository) -> None:
    """git, pre-commit and the hook are one process group, and all of it is interrupted: before the
    hook writes, or once it has written all.
    """
    repository.only("cloudsync-generate-fix")
    repository.edit(VALUES, "description: A moment", "description: One moment")
    repository.edit(GOALS, "name: Dependable", "name: Reliable", stage=False)
    apart = frozenset({".git", ".cloudsync-gen", "__pycache__"})
    before = read_tree(repository.root, apart)
    head = repository.git("rev-parse", "HEAD")
    running = repository.start("git", "commit", "-q", "-m", "change")
    until("patch*", Path(repository.env["PRE_COMMIT_HOME"]))
    time.sleep(0.5)  # the hook has begun to read
    os.killpg(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    assert running.returncode != 0, said
    assert repository.git("rev-parse", "HEAD") == head
    after = read_tree(repository.root, apart)
    assert not (repository.root / ".cloudsync-gen/stage").exists()
    committed, said = repository.commit()
    assert not committed
    assert "to be committed too" in said
    assert after in (before, read_tree(repository.root, apart))


@pytest.mark.parametrize("begun", LOADED)
def test_an_interrupted_run_says_130(repository: Repository, begun: str) -> None:
    """As soon as it has loaded this."""
    repository.edit(VALUES, "description: A moment", "description: One moment")
    tool = ("-X", "importtime", "-m", "cloudsync_gen", "generate", "--no-cache")
    running = repository.start(sys.executable, *tool)
    assert running.stdout is not None
    assert any(line.split()[-1] == begun for line in running.stdout)
    os.killpg(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in said) == (130, False), said
    repository.tool("generate")
    assert "One moment" in repository.text("contracts/jsonschema/value-timestamp.json")


def test_two_at_once_disturb_neither(repository: Repository) -> None:
    repository.only(*ALL)
    command = (str(BIN / "pre-commit"), "run", "--all-files")
    for running in [repository.start(*command) for _ in range(2)]:
        said, _ = running.communicate(timeout=120)
        assert running.returncode == 0, said
    repository.edit(VALUES, "description: A moment", "description: One moment")
    fix = (str(BIN / "cloudsync-gen"), "generate", "--exit-code", "--staged")
    ended = []
    for running in [repository.start(*fix) for _ in range(2)]:
        said, _ = running.communicate(timeout=120)
        ended.append(running.returncode)
        assert running.returncode in (0, 1) or "wait for it to end" in said
    assert 1 in ended
    repository.tool("generate", "--check")
