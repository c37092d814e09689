"""The cache and the warm index may be lost, damaged or planted: that costs time, never truth."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.engine import index
from cloudsync_gen.engine.cache import PACK, PATIENCE, Store
from cloudsync_gen.engine.known import known
from cloudsync_gen.engine.locks import STATE
from cloudsync_gen.engine.spool import IN_MEMORY
from cloudsync_gen.model.artefacts import PydanticModels
from support.rules import BASE
from support.trees import Files, read_tree, write_tree

KEY, OTHER = "ab" * 20, "cd" * 20
MODEL = "model/01_motivation/goals.yaml"


def entry(root: Path, key: str = KEY) -> Path:
    return root / STATE / "cache" / key[:2] / key


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.read(KEY) is None
    store.write(KEY, b"content")
    assert store.read(KEY) == Store(tmp_path).read(KEY) == b"content"
    assert store.read(OTHER) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap", "folder"])
def test_a_damaged_entry_is_not_there(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    store.write(KEY, b"content")
    store.write(OTHER, b"another")
    path, content = entry(tmp_path), entry(tmp_path).read_bytes()
    if damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "swap":
        path.write_bytes(entry(tmp_path, OTHER).read_bytes())
    else:
        path.unlink()
        path.mkdir()
    assert store.read(KEY) is None
    assert store.read(OTHER) == b"another"


def test_a_cache_that_came_with_a_tree_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Store(tmp_path / "a").write(KEY, b"content")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert Store(tmp_path / "a").read(KEY) == b"content"
    assert Store(tmp_path / "b").read(KEY) is None


def test_a_cache_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    for link in (STATE, f"{STATE}/cache"):
        root = tmp_path / f"root-{link.count('/')}"
        (root / link).parent.mkdir(parents=True)
        (root / link).symlink_to(away)
        store = Store(root)
        store.write(KEY, b"content")
        assert store.read(KEY) is None
    assert list(away.iterdir()) == []


def test_a_disk_that_refuses_is_no_error(tmp_path: Path) -> None:
    for store in (Store(None), Store(tmp_path / "none" / "there")):
        store.write(KEY, b"content")
        assert store.read(KEY) is None
        store.prune()


def test_the_oldest_entries_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudsync_gen.engine.cache.MAX_ENTRIES", 4)
    store = Store(tmp_path)
    keys = [f"{n:02d}" * 20 for n in range(6)]
    for age, key in enumerate(reversed(keys)):
        store.write(key, b"x")
        os.utime(entry(tmp_path, key), (age, age))
    store.prune()
    assert [key for key in keys if store.read(key) is not None] == keys[:2]


def test_a_pack_is_read_as_it_was_saved(tmp_path: Path) -> None:
    first = Store(tmp_path).pack
    first.write(KEY, b"content")
    assert first.read(KEY) == b"content"
    assert Store(tmp_path).pack.read(KEY) is None
    first.save()
    second = Store(tmp_path).pack
    assert second.read(KEY) == b"content"
    assert second.read(OTHER) is None
    second.write(OTHER, b"another")
    second.save()
    third = Store(tmp_path).pack
    assert (third.read(KEY), third.read(OTHER)) == (b"content", b"another")


def test_a_pack_may_be_larger_than_what_is_kept_in_memory(tmp_path: Path) -> None:
    entries = {f"{n:040x}": bytes([n]) * (IN_MEMORY // 4) for n in range(9)}
    pack = Store(tmp_path).pack
    for key, content in entries.items():
        pack.write(key, content)
    assert {key: pack.read(key) for key in entries} == entries
    pack.save()
    pack.write(KEY, b"late")
    pack.save()
    again = Store(tmp_path).pack
    assert {key: again.read(key) for key in (*entries, KEY)} == {**entries, KEY: b"late"}


def test_a_pack_is_written_only_for_what_is_new(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.pack.write(KEY, b"content")
    store.pack.save()
    (path,) = (tmp_path / STATE / "cache").glob("??/*")
    os.utime(path, (1, 1))
    again = Store(tmp_path)
    assert again.pack.read(KEY) == b"content"
    again.pack.save()
    assert path.stat().st_mtime == 1


def test_a_pack_drops_what_nobody_asks_for(tmp_path: Path) -> None:
    first = Store(tmp_path).pack
    first.write(KEY, b"content")
    first.write(OTHER, b"another")
    first.save()
    for turn in range(2 * PATIENCE):
        pack = Store(tmp_path).pack
        assert pack.read(KEY) == b"content"
        pack.write("ef" * 20, str(turn).encode())
        pack.save()
    assert Store(tmp_path).pack.read(OTHER) is None


def test_a_kind_of_which_nothing_is_asked_does_not_age(tmp_path: Path) -> None:
    """What is known as a whole asks for none of its parts, which are in use all the same."""
    first = Store(tmp_path).pack
    first.write(f"{KEY}aa", b"content")
    first.write(f"{OTHER}bb", b"another")
    first.save()
    for turn in range(2 * PATIENCE):
        pack = Store(tmp_path).pack
        pack.write("ef" * 20 + "aa", str(turn).encode())
        pack.save()
    kept = Store(tmp_path).pack
    assert (kept.read(f"{KEY}aa"), kept.read(f"{OTHER}bb")) == (None, b"another")


def test_what_nobody_asks_for_is_bounded(tmp_path: Path) -> None:
    """The oldest of it goes first."""
    large = bytes(3 << 20)
    for turn in range(6):
        pack = Store(tmp_path).pack
        pack.write(f"{turn:040x}{turn:02x}", large)
        pack.write(KEY, str(turn).encode())
        pack.save()
    left = Store(tmp_path).pack
    found = [turn for turn in range(6) if left.read(f"{turn:040x}{turn:02x}") is not None]
    assert found == [3, 4, 5]
    (path,) = (tmp_path / STATE / "cache").glob("??/*")
    assert path.stat().st_size < 4 * len(large)


@pytest.mark.parametrize("stored", [b"", b"\xc1", b"\x93\x01\x02\x03"])
def test_a_pack_that_is_none_is_empty(tmp_path: Path, stored: bytes) -> None:
    store = Store(tmp_path)
    store.write(PACK, stored)
    assert store.pack.read(KEY) is None
    store.pack.write(KEY, b"content")
    store.pack.save()
    assert Store(tmp_path).pack.read(KEY) == b"content"


def test_without_a_disk_a_pack_keeps_nothing() -> None:
    pack = Store(None).pack
    pack.write(KEY, b"content")
    pack.save()
    assert pack.read(KEY) is None


def test_what_other_generators_made_is_made_again_when_the_cache_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same form is made once; another form, or another tool, makes it again."""
    made: list[PydanticModels] = []

    def make(form: PydanticModels) -> dict[str, bytes]:
        made.append(form)
        return {"": str(form.schema).encode()}

    store, form = Store(tmp_path), PydanticModels({"a": 1})
    assert known(store, form, make) == known(Store(tmp_path), form, make) == {"": b"{'a': 1}"}
    assert len(made) == 1
    known(store, PydanticModels({"a": 2}), make)
    assert len(made) == 2
    for entry_of in (tmp_path / STATE / "cache").glob("??/*"):
        entry_of.write_bytes(b"something else")
    assert known(Store(tmp_path), form, make) == {"": b"{'a': 1}"}
    assert len(made) == 3
    monkeypatch.setattr("cloudsync_gen.engine.known.tool", lambda: b"another version")
    known(store, form, make)
    assert len(made) == 4


# -- the whole, by its effect ---------------------------------------------------------------------


@pytest.fixture
def lemonade(tmp_path: Path) -> Path:
    """A generated tree, clean, its index written."""
    root = write_tree(tmp_path / "root", read_tree(BASE))
    assert main(["--root", str(root), "generate", "-j1"]) == 0
    assert main(["--root", str(root), "generate", "--check"]) == 0
    return root


def outputs(root: Path) -> Files:
    return {n: c for n, c in read_tree(root).items() if n.startswith(("generated/", "contracts/"))}


DAMAGE = [b"", b"\xff\x00", b"9" * 30 + b" check generate\n\x1e\n\n\x1e\n\n\x1e\n"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_costs_a_run(lemonade: Path, damage: bytes) -> None:
    (lemonade / index.NAME).write_bytes(damage)
    assert not index.is_clean(str(lemonade), "generate")
    assert main(["--root", str(lemonade), "generate", "--check"]) == 0
    assert index.is_clean(str(lemonade), "generate")


@pytest.mark.parametrize(
    "path", ["generated/.lock/recipe.json", MODEL, "model/.schema/api.json", "pyproject.toml"]
)
def test_any_change_makes_the_index_stale(lemonade: Path, path: str) -> None:
    assert index.is_clean(str(lemonade), "generate")
    with (lemonade / path).open("a") as file:
        file.write("\n")
    assert not index.is_clean(str(lemonade), "generate")
    assert index.is_clean(str(lemonade), "check") == path.startswith(("generated", "model/.schema"))


def test_the_same_size_and_time_do_not_deceive_it(lemonade: Path) -> None:
    path = lemonade / "model/.schema/api.json"
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"x\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert not index.is_clean(str(lemonade), "generate")


def test_an_index_of_another_place_or_time_is_stale(lemonade: Path, tmp_path: Path) -> None:
    shutil.copytree(lemonade, tmp_path / "copy", copy_function=shutil.copy2)
    assert not index.is_clean(str(tmp_path / "copy"), "check")
    state = index.State(str(lemonade), outputs=True)
    state.latest = time.time_ns() + 10**9  # a file that changes as the index is written
    index.remember(str(lemonade), ("check",), state)
    (lemonade / MODEL).touch()
    assert not index.is_clean(str(lemonade), "check")


def test_an_index_behind_a_link_is_not_written(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    root = write_tree(tmp_path / "root", read_tree(BASE))
    (root / STATE).symlink_to(away)
    assert main(["--root", str(root), "check"]) == 0
    assert list(away.iterdir()) == []


@pytest.mark.parametrize("loss", ["flip", "remove"])
def test_a_lost_cache_gives_the_same_bytes(lemonade: Path, loss: str) -> None:
    before = outputs(lemonade)
    (lemonade / index.NAME).unlink()
    for path in (lemonade / STATE / "cache").glob("??/*"):
        path.write_bytes(path.read_bytes()[::-1]) if loss == "flip" else path.unlink()
    assert main(["--root", str(lemonade), "generate", "-j1"]) == 0
    assert outputs(lemonade) == before


LOCK, OUTPUT = "generated/.lock/recipe.json", "contracts/index.json"


def test_outputs_that_nobody_touched_are_known(lemonade: Path) -> None:
    assert main(["--root", str(lemonade), "generate", "--check"]) == 0
    known = index.untouched(str(lemonade), index.State(str(lemonade), outputs=True))
    assert {LOCK, OUTPUT} <= known
    path = lemonade / OUTPUT
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = index.untouched(str(lemonade), index.State(str(lemonade), outputs=True))
    assert known - after == {OUTPUT}
    now = index.State(str(lemonade), outputs=True)
    now.tool += "another"
    assert not index.untouched(str(lemonade), now)
    (lemonade / index.NAME).unlink()
    assert not index.untouched(str(lemonade), index.State(str(lemonade), outputs=True))


def test_what_a_check_knows_stands_beside_what_was_generated(lemonade: Path) -> None:
    known = index.untouched(str(lemonade), index.State(str(lemonade), outputs=True))
    text = (lemonade / MODEL).read_text()
    (lemonade / MODEL).write_text(f"{text}# a comment\n")
    assert not index.is_clean(str(lemonade), "check")
    assert main(["--root", str(lemonade), "check"]) == 0
    assert index.is_clean(str(lemonade), "check")
    assert not index.is_clean(str(lemonade), "generate")
    assert index.untouched(str(lemonade), index.State(str(lemonade), outputs=True)) == known
    assert main(["--root", str(lemonade), "generate", "--check"]) == 0
    (lemonade / index.CHECKED).write_bytes(b"")
    assert index.is_clean(str(lemonade), "check")


@pytest.mark.parametrize("path", [LOCK, OUTPUT])
def test_what_somebody_touched_is_found_and_mended(lemonade: Path, path: str) -> None:
    """An entry of the lock that is wrong says nothing of its file, though nobody touched that."""
    command = ["--root", str(lemonade), "generate"]
    assert main([*command, "--check"]) == 0
    wanted = (lemonade / path).read_bytes()
    at = wanted.index(b'"digest":"') + 10 if path == LOCK else wanted.index(b"1")
    changed = b"0" if wanted[at : at + 1] != b"0" else b"1"
    (lemonade / path).write_bytes(wanted[:at] + changed + wanted[at + 1 :])
    assert main([*command, "--check"]) == 1
    if path == OUTPUT:
        (lemonade / path).unlink()
    assert main(command) == 0
    assert (lemonade / path).read_bytes() == wanted
    assert main([*command, "--check"]) == 0


def test_a_run_that_wrote_knows_what_it_wrote(lemonade: Path) -> None:
    model = lemonade / MODEL
    model.write_text(model.read_text().replace("name: ", "name: Another ", 1))
    other = lemonade / OUTPUT
    other.unlink()
    assert main(["--root", str(lemonade), "generate"]) == 0
    assert other.exists()
    assert index.is_clean(str(lemonade), "generate")


def test_a_pack_that_was_put_away_is_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put_away()
    before = store.pack
    before.write(KEY, b"content")
    before.save()
    store.put_away()
    assert store.pack is not before
    assert store.pack.read(KEY) == b"content"
