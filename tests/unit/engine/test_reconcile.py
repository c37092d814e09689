"""Reconciling: what is wanted against the lock and the disk, and what a run then writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cloudsync_gen.engine import lock
from cloudsync_gen.engine.disk import Unsafe
from cloudsync_gen.engine.reconcile import LOST_BASE, Plan, Scope, read_shards, reconcile
from cloudsync_gen.engine.write import apply, exclusive
from cloudsync_gen.model.artefacts import Action, Held, LockEntry, Output, Ownership
from support.trees import read_tree, write_tree

SCAFFOLD, FROZEN = Ownership.SCAFFOLD, Ownership.FROZEN
OWNERS = {"handler.py": SCAFFOLD, "v1.py": FROZEN}
A, HANDLER = "generated/services/pear/generated/a.py", "generated/services/pear/handler.py"
RELEASED = "generated/services/pear/generated/v1.py"
FIRST = {A: "a1", HANDLER: "h1", RELEASED: "v1"}


def rendered(files: Mapping[str, str], unit: str = "pear", target: str = "t") -> list[Output]:
    """Files of one unit; the ownership follows from the name."""
    return [
        Output(
            path=path,
            content=Held(text.encode()),
            digest=lock.digest(text.encode()),
            target=target,
            unit=unit,
            template="t/x.j2",
            ownership=OWNERS.get(path.rpartition("/")[2], Ownership.GENERATED),
        )
        for path, text in files.items()
    ]


def plan(root: Path, wanted: list[Output], scope: Scope | None = None) -> Plan:
    return reconcile(root, wanted, scope or Scope(), ("generated/services",))


def run(root: Path, wanted: list[Output], scope: Scope | None = None) -> Plan:
    """What `generate` does with the plan."""
    with exclusive(root):
        made = plan(root, wanted, scope)
        if not made.conflicts:
            apply(root, (*made.changes, *made.bookkeeping))
    return made


def actions(made: Plan) -> dict[str, str]:
    return {change.path: change.action.value for change in made.changes}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree after a first run."""
    made = run(tmp_path, rendered(FIRST))
    assert set(actions(made).values()) == {"create"}
    return tmp_path


def texts(root: Path) -> dict[str, str]:
    found = read_tree(root / "generated")
    return {f"generated/{name}": content.decode() for name, content in found.items()}


def test_a_first_run_writes_files_bases_and_one_shard(root: Path) -> None:
    shard = read_shards(root)["pear"]
    assert {path: entry.ownership for path, entry in shard.items()} == {
        A: Ownership.GENERATED,
        HANDLER: SCAFFOLD,
        RELEASED: FROZEN,
    }
    assert texts(root) == {
        **FIRST,
        lock.base_path(HANDLER): "h1",
        lock.shard_path("pear"): lock.write_shard(shard).decode(),
    }


def test_a_second_run_touches_nothing(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    made = run(root, rendered(FIRST))
    assert made.clean
    assert set(actions(made).values()) == {"same"}
    after = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    del after[root / ".cloudsync-gen/run.lock"], before[root / ".cloudsync-gen/run.lock"]
    assert after == before


def test_generated_files_follow_the_model(root: Path) -> None:
    made = run(root, rendered({A: "a2", RELEASED: "v1", "generated/new.txt": "n"}))
    assert actions(made) == {
        A: "update",
        HANDLER: "keep",
        RELEASED: "same",
        "generated/new.txt": "create",
    }
    assert texts(root)[A] == "a2"
    assert texts(root)["generated/new.txt"] == "n"
    assert run(root, rendered({A: "a2", RELEASED: "v1", "generated/new.txt": "n"})).clean


def test_what_is_no_longer_wanted_is_deleted_with_its_empty_folders(root: Path) -> None:
    kept = {HANDLER: "h1"}
    write_tree(root, {A: "a1"})
    (root / RELEASED).unlink()
    shards = read_shards(root)["pear"]
    del shards[RELEASED]
    write_tree(root, {lock.shard_path("pear"): lock.write_shard(shards)})
    made = run(root, rendered(kept))
    assert actions(made) == {A: "delete", HANDLER: "same"}
    assert not (root / A).parent.exists()
    assert (root / HANDLER).exists()


def test_a_pristine_scaffold_is_updated_together_with_its_base(root: Path) -> None:
    made = run(root, rendered(FIRST | {HANDLER: "h2"}))
    assert actions(made)[HANDLER] == "update"
    assert (texts(root)[HANDLER], texts(root)[lock.base_path(HANDLER)]) == ("h2", "h2")


def test_an_edited_scaffold_is_its_teams_and_keeps_the_base_it_came_from(root: Path) -> None:
    write_tree(root, {HANDLER: "ours"})
    made = run(root, rendered(FIRST | {HANDLER: "h2"}))
    assert actions(made)[HANDLER] == "keep"
    assert (texts(root)[HANDLER], texts(root)[lock.base_path(HANDLER)]) == ("ours", "h1")
    assert read_shards(root)["pear"][HANDLER].digest == lock.digest(b"h1")
    assert made.clean


def test_a_scaffold_that_its_team_deleted_stays_deleted(root: Path) -> None:
    (root / HANDLER).unlink()
    made = run(root, rendered(FIRST))
    assert actions(made)[HANDLER] == "keep"
    assert made.clean
    assert HANDLER not in texts(root)


def test_the_scaffolds_of_a_service_that_is_gone_stay_and_are_no_orphans(root: Path) -> None:
    (root / RELEASED).unlink()
    shards = read_shards(root)["pear"]
    del shards[RELEASED]
    write_tree(root, {lock.shard_path("pear"): lock.write_shard(shards)})
    made = run(root, [])
    assert actions(made) == {A: "delete", HANDLER: "keep"}
    assert made.orphans == ()
    assert texts(root)[HANDLER] == "h1"
    assert run(root, []).clean


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({A: "edited"}, "edited by hand"),
        ({RELEASED: "edited"}, "released, and changed"),
        ({RELEASED: None}, "released, and gone"),
        ({"generated/new.txt": "theirs"}, "never wrote"),
    ],
)
def test_a_conflict_stops_everything(
    root: Path, damage: dict[str, str | None], reason: str
) -> None:
    for path, text in damage.items():
        if text is None:
            (root / path).unlink()
        else:
            write_tree(root, {path: text})
    before = texts(root)
    made = run(root, rendered(FIRST | {"generated/new.txt": "n"}))
    assert [reason in change.reason for change in made.conflicts] == [True]
    assert not made.clean
    assert texts(root) == before


def test_orphans_are_told_where_no_team_may_put_files(root: Path) -> None:
    strays = [
        "contracts/stray.yaml",
        "generated/docs/stray.md",
        "generated/services/pear/src/pear/generated/stray.py",
    ]
    own = ["generated/services/pear/src/pear/own.py", "generated/services/pear/README.md"]
    write_tree(root, dict.fromkeys((*strays, *own), "x"))
    made = plan(root, rendered(FIRST))
    assert list(made.orphans) == strays
    assert not made.clean


def test_a_run_for_one_unit_leaves_the_others_alone(root: Path) -> None:
    plum = rendered({"generated/services/plum/generated/b.py": "b1"}, "plum")
    run(root, [*rendered(FIRST), *plum])
    scope = Scope(units=frozenset({"plum"}))
    made = run(root, rendered({"generated/services/plum/generated/b.py": "b2"}, "plum"), scope)
    assert actions(made) == {"generated/services/plum/generated/b.py": "update"}
    assert set(read_shards(root)) == {"pear", "plum"}
    assert texts(root)[A] == "a1"
    only = run(root, [], Scope(targets=frozenset({"elsewhere"})))
    assert actions(only) == {}
    assert only.clean


def test_a_file_that_moves_to_another_unit_changes_shards(root: Path) -> None:
    run(root, rendered({A: "a1"}, "plum") + rendered({HANDLER: "h1", RELEASED: "v1"}))
    assert A in read_shards(root)["plum"]
    assert A not in read_shards(root)["pear"]


def test_the_worst_merge_costs_one_run(root: Path) -> None:
    before = texts(root)
    write_tree(root, {lock.shard_path("pear"): "<<<<<<< HEAD\n{\n=======\n}\n>>>>>>> b\n"})
    made = run(root, rendered(FIRST))
    assert set(actions(made).values()) == {"same"}
    assert texts(root) == before


def test_a_base_that_can_be_made_again_is(root: Path) -> None:
    for damage in ("other", None):
        base = root / lock.base_path(HANDLER)
        base.unlink() if damage is None else base.write_text(damage)
        made = plan(root, rendered(FIRST))
        assert not made.clean
        run(root, rendered(FIRST))
        assert base.read_text() == "h1"


@pytest.mark.parametrize("damage", ["other", None])
def test_a_lost_base_of_an_edited_scaffold_is_a_conflict(root: Path, damage: str | None) -> None:
    base = root / lock.base_path(HANDLER)
    write_tree(root, {HANDLER: "ours"})
    base.unlink() if damage is None else base.write_text(damage)
    made = run(root, rendered(FIRST | {HANDLER: "h2", A: "a2"}))
    assert [(c.path, c.reason) for c in made.conflicts] == [(lock.base_path(HANDLER), LOST_BASE)]
    assert not made.clean
    assert texts(root)[A] == "a1"


def test_bases_that_nothing_needs_are_dropped(root: Path) -> None:
    stale = lock.base_path("generated/services/gone/handler.py")
    write_tree(root, {stale: "x"})
    assert not plan(root, rendered(FIRST)).clean
    run(root, rendered(FIRST))
    assert not (root / stale).exists()


def test_a_lock_that_names_foreign_files_reads_and_deletes_none(tmp_path: Path) -> None:
    foreign = write_tree(tmp_path / "home", {"secret": "s"}) / "secret"
    root = tmp_path / "root"
    entry = LockEntry(
        digest=lock.digest(b"s"), target="t", template="t", ownership=Ownership.GENERATED
    )
    names = ("../home/secret", "generated/../../home/secret", str(foreign), "model/a.yaml")
    shard = lock.write_shard(dict.fromkeys(names, entry))
    write_tree(root, {lock.shard_path("pear"): shard, "model/a.yaml": "s"})
    made = run(root, [])
    assert made.changes == ()
    assert foreign.read_text() == "s"
    assert (root / "model/a.yaml").read_text() == "s"


@pytest.mark.parametrize("link", ["generated", "generated/services/pear", A])
def test_a_symbolic_link_among_the_outputs_is_refused(root: Path, link: str) -> None:
    moved = root / "elsewhere"
    (root / link).rename(moved)
    (root / link).symlink_to(moved)
    with pytest.raises(Unsafe):
        plan(root, rendered(FIRST))


def test_a_folder_or_a_pipe_where_a_file_belongs_is_refused(root: Path) -> None:
    import os

    (root / A).unlink()
    (root / A).mkdir()
    with pytest.raises(Unsafe):
        plan(root, rendered(FIRST))
    (root / A).rmdir()
    os.mkfifo(root / A)
    with pytest.raises(Unsafe):
        plan(root, rendered(FIRST))


def test_a_plan_says_what_a_file_was_and_becomes(root: Path) -> None:
    (change,) = plan(root, rendered(FIRST | {A: "a2"})).having(Action.UPDATE)
    assert (change.path, change.old, change.content) == (A, lock.digest(b"a1"), Held(b"a2"))
    assert change.unit == "pear"
