"""All or nothing: kills, full disks, other runs, links, state folders that came with the tree."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloudsync_gen.engine import lock, write
from cloudsync_gen.engine.disk import Unsafe
from cloudsync_gen.engine.locks import STATE, Busy, new_file
from cloudsync_gen.model.artefacts import Action, Change, Held
from support.effort import Effort
from support.trees import Files, read_tree, write_tree

OURS = {
    "generated/services/pear/generated/a.py": b"old a",
    "generated/services/pear/generated/deep/b.py": b"old b",
    "generated/docs/gone.md": b"to be deleted",
    "contracts/openapi/pear.yaml": b"old contract",
}
THEIRS = {
    "generated/services/pear/src/pear/own.py": b"a team's own",
    "README.md": b"nobody's business",
    "model/manifest.yaml": b"project: {}",
}
AFTER = {
    "generated/services/pear/generated/a.py": b"new a",
    "generated/services/pear/generated/deep/b.py": b"new b",
    "contracts/openapi/pear.yaml": b"new contract",
    "contracts/openapi/plum.yaml": b"another contract",
    "generated/services/plum/generated/x/y/z.py": b"deep",
}


def digest(content: bytes | None) -> str | None:
    return None if content is None else lock.digest(content)


def held(content: bytes | None) -> Held | None:
    return None if content is None else Held(content)


def changes() -> list[Change]:
    """What turns OURS into AFTER."""
    found = []
    for path in sorted({*OURS, *AFTER}):
        old, new = OURS.get(path), AFTER.get(path)
        action = Action.CREATE if old is None else Action.DELETE if new is None else Action.UPDATE
        found.append(
            Change(path=path, action=action, reason="x", old=digest(old), content=held(new))
        )
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "root", OURS | THEIRS)


def state_files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / STATE).iterdir())


def test_everything_is_carried_out_and_nothing_is_left_behind(root: Path) -> None:
    with write.exclusive(root):
        write.apply(root, changes())
    assert read_tree(root) == AFTER | THEIRS
    assert not (root / "generated/docs").exists()
    assert state_files(root) == [".gitignore", "run.lock"]


def test_there_may_be_more_than_a_million_files(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = write._staged
    monkeypatch.setattr(write, "_staged", lambda stage, n, change: staged(stage, n + 10**6, change))
    write.apply(root, changes())
    assert read_tree(root) == AFTER | THEIRS


def test_the_state_folder_is_no_business_of_git(root: Path) -> None:
    with write.exclusive(root):
        assert (root / STATE / ".gitignore").read_text() == "*\n"


# -- kills ----------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from cloudsync_gen.engine import write
from cloudsync_gen.model.artefacts import Change, Held

root, moment = Path(sys.argv[1]), int(sys.argv[2])
rows = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[tuple[Change, bytes | None]])
held = [None if new is None else Held(new) for _, new in rows]
due = [msgspec.structs.replace(row, content=new) for (row, _), new in zip(rows, held, strict=True)]
seen = 0

def tick(event, arguments):
    global seen
    if event in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"):
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

with write.exclusive(root):
    sys.addaudithook(tick)
    write.apply(root, due)
    done, moment = seen, 0
print(done)
"""


def child(root: Path, moment: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(root), str(moment)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        input=msgspec.msgpack.encode(
            [
                (msgspec.structs.replace(each, content=None), AFTER.get(each.path))
                for each in changes()
            ]
        ),
        capture_output=True,
        check=False,
    )


def stamps(root: Path) -> dict[str, int]:
    return {name: (root / name).stat().st_mtime_ns for name in THEIRS}


def test_a_kill_at_any_moment_leaves_all_or_nothing(tmp_path: Path, effort: Effort) -> None:
    whole = child(write_tree(tmp_path / "whole", OURS | THEIRS), 0)
    assert whole.returncode == 0, whole.stderr
    moments = range(1, int(whole.stdout) + 1)
    some = random.Random(7).sample(moments, 10)
    outcomes = set()
    for moment in moments if effort.full else sorted(some):
        root = write_tree(tmp_path / str(moment), OURS | THEIRS)
        before = stamps(root)
        assert child(root, moment).returncode == -9
        with write.exclusive(root):
            recovered = read_tree(root)
            assert recovered in (OURS | THEIRS, AFTER | THEIRS), moment
            outcomes.add(recovered == AFTER | THEIRS)
            if recovered == OURS | THEIRS:
                write.apply(root, changes())
        assert read_tree(root) == AFTER | THEIRS
        assert stamps(root) == before
        assert state_files(root) == [".gitignore", "run.lock"]
    assert outcomes == {True, False}


def decided(root: Path, monkeypatch: pytest.MonkeyPatch, upto: int) -> None:
    """Leaves a tree as a crash after `upto` carried-out steps does."""
    real = os.replace

    def stops(source: Any, target: Any, **folders: Any) -> None:
        nonlocal upto
        carried_out = target != "journal"
        if carried_out and not upto:
            raise KeyboardInterrupt
        upto -= carried_out
        real(source, target, **folders)

    with write.exclusive(root), monkeypatch.context() as patch:
        patch.setattr(os, "replace", stops)
        with pytest.raises(KeyboardInterrupt):
            write.apply(root, changes())
    assert write.pending(root)


def test_a_file_that_somebody_changed_after_a_crash_is_left_to_them(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(root, monkeypatch, 1)
    mine = {
        "contracts/openapi/pear.yaml": b"mine",
        "generated/services/plum/generated/x/y/z.py": b"m",
    }
    write_tree(root, mine)
    write.recover(root)
    assert read_tree(root) == AFTER | THEIRS | mine
    assert not write.pending(root)


def test_a_file_that_somebody_removed_after_a_crash_does_not_stop_the_rest(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(root, monkeypatch, 2)
    (root / "contracts/openapi/plum.yaml").unlink()
    write.recover(root)
    gone = {k: v for k, v in AFTER.items() if k != "contracts/openapi/plum.yaml"}
    assert read_tree(root) == gone | THEIRS


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"steps": [], "checksum": "0"}',
        b'{"steps": [], "checksum": "\xe1"}',
    ],
)
def test_a_damaged_journal_was_never_decided(root: Path, damage: bytes) -> None:
    write_tree(root, {f"{STATE}/journal": damage, f"{STATE}/stage/000000": b"half"})
    with write.exclusive(root):
        assert read_tree(root) == OURS | THEIRS
    assert state_files(root) == ["run.lock"]


# -- disks and folders that refuse ----------------------------------------------------------------


class Full:
    """Raises ENOSPC at the n-th file that is staged, after half of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self.left = number
        real = new_file

        def refuses(path: str, folder: int | None = None) -> int:
            self.left -= 1
            descriptor = real(path, folder)
            if not self.left:
                os.write(descriptor, b"half")
                os.close(descriptor)
                raise OSError(28, "No space left on device")
            return descriptor

        monkeypatch.setattr(write, "new_file", refuses)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_full_disk_leaves_the_tree_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patch, write.exclusive(root):
        Full(patch, number)
        with pytest.raises(OSError, match="No space"):
            write.apply(root, changes())
    assert read_tree(root) == OURS | THEIRS
    assert state_files(root) == [".gitignore", "run.lock"]


def test_a_disk_that_fills_up_at_the_journal_leaves_the_tree_as_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuses)
    with write.exclusive(root), pytest.raises(OSError, match="No space"):
        write.apply(root, changes())
    assert read_tree(root) == OURS | THEIRS


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_journal_in_pieces_is_the_journal(number: int) -> None:
    steps = tuple(write._Step(f"a/é{each}", f"{each:06d}", None, "0") for each in range(number))
    assert b"".join(write._encoded(steps)) == msgspec.json.encode(steps)


def test_a_file_that_changed_since_the_plan_stops_the_run_before_anything_is_done(
    root: Path,
) -> None:
    last = sorted(AFTER)[-1]
    write_tree(root, {last: b"somebody was quicker"})
    with write.exclusive(root), pytest.raises(Unsafe, match="changed while"):
        write.apply(root, changes())
    assert read_tree(root) == OURS | THEIRS | {last: b"somebody was quicker"}


def test_a_folder_that_may_not_be_written_stops_the_run_before_anything_is_done(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = root / "generated/services/pear/generated/deep"
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and real(path, mode))
    with write.exclusive(root), pytest.raises(Unsafe, match="may not be written"):
        write.apply(root, changes())
    assert read_tree(root) == OURS | THEIRS


# -- two runs -------------------------------------------------------------------------------------


def test_a_second_run_is_told_to_wait_and_touches_nothing(root: Path) -> None:
    with write.exclusive(root):
        done = child(root, 0)
        assert done.returncode == 1
        assert b"Busy" in done.stderr
        assert read_tree(root) == OURS | THEIRS
    assert child(root, 0).returncode == 0
    assert read_tree(root) == AFTER | THEIRS


def test_one_process_does_not_hold_the_tree_twice(root: Path) -> None:
    with write.exclusive(root), pytest.raises(Busy), write.exclusive(root):
        raise AssertionError("held twice")
    with write.exclusive(root):
        assert state_files(root) == [".gitignore", "run.lock"]


# -- links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    ["generated", "contracts", "generated/services", "generated/services/pear/generated/deep"],
)
def test_a_folder_that_became_a_link_is_refused(root: Path, tmp_path: Path, link: str) -> None:
    away = tmp_path / "away"
    (root / link).rename(away)
    (root / link).symlink_to(away)
    before = read_tree(tmp_path)
    with write.exclusive(root), pytest.raises(Unsafe):
        write.apply(root, changes())
    assert read_tree(tmp_path) == before


def test_a_folder_that_becomes_a_link_after_the_last_look_is_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, link = tmp_path / "away", root / "contracts"
    real = write._folder

    def swapped(*arguments: Any, **words: Any) -> Any:
        if not away.exists():
            link.rename(away)
            link.symlink_to(away)
        return real(*arguments, **words)

    monkeypatch.setattr(write, "_folder", swapped)
    with write.exclusive(root), pytest.raises(Unsafe, match="not a plain folder"):
        write.apply(root, changes())
    assert read_tree(away) == {"openapi/pear.yaml": b"old contract"}


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_state_folder_that_is_none_is_refused(root: Path, tmp_path: Path, kind: str) -> None:
    if kind == "link":
        (tmp_path / "away").mkdir()
        (root / STATE).symlink_to(tmp_path / "away")
    else:
        (root / STATE).write_text("")
    with pytest.raises(Unsafe, match="not a plain folder"), write.exclusive(root):
        raise AssertionError("held")
    if kind == "link":
        assert list((tmp_path / "away").iterdir()) == []


def test_a_hold_that_is_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / STATE).mkdir()
    (root / STATE / "run.lock").symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match=r"run\.lock"), write.exclusive(root):
        raise AssertionError("held")
    assert not (tmp_path / "made").exists()


# -- paths that no plan has -----------------------------------------------------------------------

OUTSIDE = [
    "README.md",
    "../escaped",
    "generated/../../escaped",
    "generated/../README.md",
    "/tmp/escaped",
    "model/manifest.yaml",
    ".git/hooks/pre-commit",
    "generated/.git/config",
    ".github/workflows/x.yml",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_an_output_outside_the_output_folders_is_refused(root: Path, path: str) -> None:
    change = Change(path=path, action=Action.CREATE, reason="x", old=None, content=Held(b"!"))
    with write.exclusive(root), pytest.raises(Unsafe):
        write.apply(root, [*changes(), change])
    assert read_tree(root) == OURS | THEIRS


def test_a_command_that_edits_the_model_writes_there_and_nowhere_else(root: Path) -> None:
    def edit(path: str) -> Change:
        old = digest((OURS | THEIRS).get(path))
        return Change(path=path, action=Action.UPDATE, reason="x", old=old, content=Held(b"edited"))

    refused = [path for path in OUTSIDE if path != "model/manifest.yaml"]
    for path in [
        *refused,
        "model/.schema/a.json",
        "model/.git/config",
        "contracts/openapi/pear.yaml",
    ]:
        with write.exclusive(root), pytest.raises(Unsafe):
            write.apply(root, changes(), [edit(path)])
        assert read_tree(root) == OURS | THEIRS
    edits = [edit("model/manifest.yaml"), edit("model/04_application/new.yaml")]
    with write.exclusive(root):
        write.apply(root, changes(), [*edits, edit("cloudsync-gen.toml")])
    edited = {e.path: b"edited" for e in edits} | {"cloudsync-gen.toml": b"edited"}
    assert read_tree(root) == AFTER | THEIRS | edited


# -- a journal of somebody else -------------------------------------------------------------------


def planted(root: Path, steps: list[dict[str, str | None]], files: Files) -> None:
    """A state folder that came with the tree, its checksum in order."""
    whole = sha256(msgspec.json.encode(steps)).hexdigest()
    journal = json.dumps({"steps": steps, "checksum": whole})
    write_tree(root, {f"{STATE}/journal": journal.encode()} | files)
    (root / STATE / "stage").mkdir(exist_ok=True)


@pytest.mark.parametrize("path", [p for p in OUTSIDE if not p.startswith("model/")])
def test_a_planted_journal_reaches_no_path_that_a_plan_does_not(root: Path, path: str) -> None:
    step = {"path": path, "staged": "000000", "old": None, "new": lock.digest(b"!")}
    planted(root, [step], {f"{STATE}/stage/000000": b"!"})
    with pytest.raises(Unsafe), write.exclusive(root):
        raise AssertionError("held")
    assert read_tree(root) == OURS | THEIRS


@pytest.mark.parametrize("staged", ["../../secret", "{away}/secret", "..", "link"])
def test_a_planted_journal_moves_no_foreign_file(root: Path, tmp_path: Path, staged: str) -> None:
    away = write_tree(tmp_path / "away", {"secret": "s"})
    write_tree(root.parent, {"secret": "s"})
    name = staged.replace("{away}", str(away))
    step = {"path": "generated/stolen", "staged": name, "old": None, "new": "0" * 64}
    planted(root, [step], {})
    (root / STATE / "stage/link").symlink_to(away / "secret")
    with pytest.raises(Unsafe, match="not written by this tool"), write.exclusive(root):
        raise AssertionError("held")
    assert not (root / "generated/stolen").exists()
    assert (away / "secret").read_text() == "s"


def test_a_planted_stage_that_is_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    away = write_tree(tmp_path / "away", {"000000": "s"})
    step = {"path": "generated/stolen", "staged": "000000", "old": None, "new": lock.digest(b"s")}
    planted(root, [step], {})
    (root / STATE / "stage").rmdir()
    (root / STATE / "stage").symlink_to(away)
    with write.exclusive(root):
        write.apply(root, changes())
    assert read_tree(root) == AFTER | THEIRS
    assert read_tree(away) == {"000000": b"s"}
