"""The lock: what becomes of a file, and shards that survive bad merges."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cloudsync_gen.engine.lock import (
    Shard,
    decide,
    digest,
    entry_of,
    read_shard,
    shard_path,
    write_shard,
)
from cloudsync_gen.model.artefacts import Action, Held, LockEntry, Output, Ownership

NEW, OLD, ELSE = (digest(text) for text in (b"new", b"old", b"else"))
OWNERS = {"G": Ownership.GENERATED, "S": Ownership.SCAFFOLD, "F": Ownership.FROZEN}

# wanted, locked (with the digest OLD): what becomes of a disk that has nothing, NEW, OLD, else
TABLE = """
- - : keep     keep     keep     keep
- G : delete   conflict delete   conflict
- S : keep     keep     keep     keep
- F : conflict conflict keep     conflict
G - : create   same     conflict conflict
G G : create   same     update   conflict
G S : create   same     update   conflict
G F : conflict conflict conflict conflict
S - : create   same     keep     keep
S G : create   same     update   keep
S S : keep     same     update   keep
S F : conflict conflict conflict conflict
F - : create   same     conflict conflict
F G : create   same     update   conflict
F S : create   same     update   conflict
F F : conflict conflict conflict conflict
"""


def wanted(owner: str, content: bytes = b"new") -> Output | None:
    if owner == "-":
        return None
    return Output(
        path="generated/a",
        content=Held(content),
        digest=digest(content),
        target="t",
        unit="u",
        template="t/a.j2",
        ownership=OWNERS[owner],
        sources=("application.service.a",),
    )


def locked(owner: str, content: bytes = b"old") -> LockEntry | None:
    if owner == "-":
        return None
    return LockEntry(digest=digest(content), target="t", template="x", ownership=OWNERS[owner])


def rows() -> list[tuple[str, str, str | None, Action]]:
    found = []
    for line in TABLE.strip().splitlines():
        left, right = line.split(":")
        new, old = left.split()
        for disk, action in zip((None, NEW, OLD, ELSE), right.split(), strict=True):
            found.append((new, old, disk, Action(action)))
    return found


def test_the_table_has_every_combination() -> None:
    assert len(rows()) == 4 * 4 * 4
    assert {(new, old) for new, old, _, _ in rows()} == {(a, b) for a in "-GSF" for b in "-GSF"}


@pytest.mark.parametrize(("new", "old", "disk", "action"), rows())
def test_what_becomes_of_a_file(new: str, old: str, disk: str | None, action: Action) -> None:
    decided, reason = decide(wanted(new), locked(old), disk)
    assert decided is action
    assert reason


@pytest.mark.parametrize("owner", "GSF")
def test_a_released_file_that_is_wanted_as_released_is_left_in_peace(owner: str) -> None:
    assert decide(wanted(owner, b"old"), locked("F"), OLD)[0] is Action.SAME
    assert decide(wanted(owner, b"old"), locked("F"), None)[0] is Action.CONFLICT
    assert decide(wanted(owner, b"old"), locked("F"), ELSE)[0] is Action.CONFLICT


def shard() -> Shard:
    entries = {}
    for name in ("b", "a", "ü/c"):
        rendered = wanted("G", name.encode())
        assert rendered is not None
        entries[f"generated/{name}"] = entry_of(rendered)
    return entries


def test_a_shard_comes_back_as_it_was_written() -> None:
    written = write_shard(shard())
    assert read_shard(written) == shard()
    assert write_shard(dict(reversed(shard().items()))) == written
    assert read_shard(write_shard({})) == {}
    assert shard_path("user-service") == "generated/.lock/user-service.json"


def test_a_shard_has_one_line_for_each_file() -> None:
    lines = write_shard(shard()).decode().splitlines()
    assert [line.split('"')[1] for line in lines[1:-1]] == sorted(shard())
    assert len(lines) == len(shard()) + 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"format": 1, "files": {"\xe1": 1}}',
        b"[]",
        b"null",
        b'{"format": 2, "files": {}}',
        b'{"format": 1, "files": {"a": 1}}',
        b'{"format": 1, "files": {"a": {"digest": "x", "target": "t", "template": "t", '
        b'"ownership": "ours"}}}',
        b"\xff\xfe",
        b'<<<<<<< HEAD\n{"format": 1, "files": {\n=======\n{"format": 1, "files": {\n>>>>>>> b\n',
    ],
)
def test_a_damaged_shard_counts_as_empty(content: bytes) -> None:
    assert read_shard(content) == {}


def git(folder: Path, *command: str) -> int:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    done = subprocess.run(
        ["git", *identity, *command], cwd=folder, capture_output=True, check=False
    )
    return done.returncode


def test_git_merges_lines_of_two_branches_and_a_conflict_reads_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "shard.json"
    many = {f"generated/{n:02d}": entry for n in range(12) for entry in [locked("G")] if entry}
    ours = LockEntry(digest=NEW, target="t", template="x", ownership=Ownership.GENERATED)
    theirs = LockEntry(digest=ELSE, target="t", template="x", ownership=Ownership.GENERATED)

    def commit(shard: Shard) -> None:
        path.write_bytes(write_shard(shard))
        assert git(tmp_path, "add", "-A") == git(tmp_path, "commit", "-qm", "x") == 0

    assert git(tmp_path, "init", "-q", "-b", "main") == 0
    commit(many)
    assert git(tmp_path, "switch", "-qc", "side") == 0
    commit(many | {"generated/01": theirs})
    assert git(tmp_path, "switch", "-q", "main") == 0
    commit(many | {"generated/10": ours})
    assert git(tmp_path, "merge", "-q", "side") == 0
    merged = many | {"generated/01": theirs, "generated/10": ours}
    assert read_shard(path.read_bytes()) == merged

    assert git(tmp_path, "switch", "-qc", "other") == 0
    commit(merged | {"generated/05": theirs})
    assert git(tmp_path, "switch", "-q", "main") == 0
    commit(merged | {"generated/05": ours})
    assert git(tmp_path, "merge", "-q", "other") != 0
    assert b"<<<<<<<" in path.read_bytes()
    assert read_shard(path.read_bytes()) == {}
