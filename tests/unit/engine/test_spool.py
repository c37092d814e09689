"""What is put aside comes back as it was, wherever it lies meanwhile."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from random import Random

import pytest

from cloudsync_gen.engine.spool import Spool
from cloudsync_gen.model.artefacts import Held

SEED = 7


def pieces(count: int) -> list[bytes]:
    random = Random(SEED)
    return [random.randbytes(random.choice((0, 1, 40, 70_000))) for _ in range(count)]


def opened() -> set[str]:
    gc.collect()  # what other tests left behind closes its files whenever it is found
    return set(os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"))


@pytest.mark.parametrize("in_memory", [0, 100_000, 1 << 30])
def test_all_comes_back_in_any_order(tmp_path: Path, in_memory: int) -> None:
    spool, contents = Spool(tmp_path, in_memory), pieces(60)
    kept = [(spool.keep(each), each) for each in contents]
    Random(SEED).shuffle(kept)
    assert [content() for content, _ in kept] == [each for _, each in kept]
    assert kept[0][0]() == kept[0][1]
    held = [len(each) for content, each in kept if isinstance(content, Held)]
    assert sum(held) <= in_memory
    assert not list(tmp_path.iterdir())


def test_nothing_is_opened_for_what_fits_into_memory(tmp_path: Path) -> None:
    before = opened()
    kept = Spool(tmp_path, 10).keep(b"0123456789")
    assert (kept(), opened()) == (b"0123456789", before)


def test_its_file_goes_with_the_last_piece(tmp_path: Path) -> None:
    before = opened()
    first, last = map(Spool(tmp_path, 0).keep, (b"first", b"last"))
    assert len(opened()) == len(before) + 1
    del first
    gc.collect()
    assert last() == b"last"
    del last
    assert opened() == before


def test_without_a_folder_it_lies_with_the_systems_temporary_files() -> None:
    assert Spool(None, 0).keep(b"x")() == b"x"


def test_a_disk_that_refuses_costs_memory_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Spool(tmp_path / "nowhere", 0).keep(b"x") == Held(b"x")
    spool, full = Spool(tmp_path, 0), False
    write = os.pwrite

    def halting(file: int, content: bytes, start: int) -> int:
        """Takes little at a time, and nothing more of what comes once it is full."""
        if full and start > 6:
            raise OSError(28, "No space left on device")
        return write(file, content[:3], start)

    monkeypatch.setattr(os, "pwrite", halting)
    kept = [spool.keep(b"before")]
    full = True
    kept.append(spool.keep(b"does not fit"))
    full = False
    kept.append(spool.keep(b"after"))
    assert [content() for content in kept] == [b"before", b"does not fit", b"after"]
    assert [isinstance(content, Held) for content in kept] == [False, True, False]
